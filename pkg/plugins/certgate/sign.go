// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"context"

	v1 "k8s.io/api/core/v1"
	fwk "k8s.io/kube-scheduler/framework"

	"github.com/tollgate-dev/tollgate/pkg/declare"
)

// SignPod lets pods that declare nothing share scheduling results, to which CertGate adds
// nothing. Declared pods share none: each must be judged at its own time.
func (pl *CertGate) SignPod(_ context.Context, pod *v1.Pod) ([]fwk.SignFragment, *fwk.Status) {
	if declare.Declared(pod) {
		return nil, fwk.NewStatus(fwk.Unschedulable, "the pod declares TLS Secrets")
	}
	return nil, nil
}
