// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package schedulinggate

import (
	"encoding/json"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/declare"
)

// gated reports whether the pod carries the gate and may still be scheduled.
func gated(pod *corev1.Pod) bool {
	ours := func(g corev1.PodSchedulingGate) bool { return g.Name == declare.SchedulingGate }
	return slices.ContainsFunc(pod.Spec.SchedulingGates, ours) && pod.DeletionTimestamp == nil &&
		pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed
}

// gatePatch is a strategic merge patch, in which scheduling gates go by their names.
type gatePatch struct {
	Metadata struct {
		UID             types.UID `json:"uid"`
		ResourceVersion string    `json:"resourceVersion"`
	} `json:"metadata"`
	Spec struct {
		SchedulingGates []gateDirective `json:"schedulingGates"`
	} `json:"spec"`
}

type gateDirective struct {
	Patch string `json:"$patch"`
	Name  string `json:"name"`
}

// removal returns the patch that removes the gate and leaves those of others alone. The API
// server answers Conflict if the pod has changed since it was read or is a new one of the
// same name. It would answer Invalid, as a policy does that refuses, if the test operation
// of a JSON patch failed; that is why this is none.
func removal(pod *corev1.Pod) (client.Patch, error) {
	var p gatePatch
	p.Metadata.UID, p.Metadata.ResourceVersion = pod.UID, pod.ResourceVersion
	p.Spec.SchedulingGates = []gateDirective{{Patch: "delete", Name: declare.SchedulingGate}}
	data, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encoding the patch that removes a scheduling gate: %w", err)
	}
	return client.RawPatch(types.StrategicMergePatchType, data), nil
}
