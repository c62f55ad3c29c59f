// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"

	v1 "k8s.io/api/core/v1"
	fwk "k8s.io/kube-scheduler/framework"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
)

// Keys of what pods must have in common to share scheduling results.
const (
	requestSigner  = Name + ".request"
	maxPriceSigner = Name + "." + MaxHourlyPriceAnnotation
	spotSigner     = Name + "." + SpotAnnotation
)

// SignPod lets pods share scheduling results that request the same and have
// the same limits: nothing else of a pod decides what it costs. Results are
// kept for half a second at most, so prices and ages need no part in it.
func (pl *CostScore) SignPod(_ context.Context, pod *v1.Pod) ([]fwk.SignFragment, *fwk.Status) {
	fragments := []fwk.SignFragment{{Key: requestSigner, Value: costmodel.RequestOf(pod)}}
	if value, ok := pod.Annotations[MaxHourlyPriceAnnotation]; ok {
		fragments = append(fragments, fwk.SignFragment{Key: maxPriceSigner, Value: value})
	}
	if value, ok := pod.Annotations[SpotAnnotation]; ok {
		fragments = append(fragments, fwk.SignFragment{Key: spotSigner, Value: value})
	}
	return fragments, nil
}
