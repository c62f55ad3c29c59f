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
	lifetimeSigner = Name + ".lifetime"
)

// SignPod lets pods share scheduling results that request the same, have the
// same limits and, where the strategy uses it, the same lifetime: nothing else of
// a pod decides what it costs. Results are kept for half a second at most, so
// prices and ages need no part in it. Placing a pod changes the cost of no other
// node, and which nodes are prepaid does not depend on pods: so the order of the
// nodes that are left is still right for the next pod.
func (pl *CostScore) SignPod(_ context.Context, pod *v1.Pod) ([]fwk.SignFragment, *fwk.Status) {
	fragments := []fwk.SignFragment{{Key: requestSigner, Value: costmodel.RequestOf(pod)}}
	if value, ok := pod.Annotations[MaxHourlyPriceAnnotation]; ok {
		fragments = append(fragments, fwk.SignFragment{Key: maxPriceSigner, Value: value})
	}
	if value, ok := pod.Annotations[SpotAnnotation]; ok {
		fragments = append(fragments, fwk.SignFragment{Key: spotSigner, Value: value})
	}
	if pl.lifetimes {
		lifetime, _ := costmodel.LifetimeOf(pod)
		fragments = append(fragments, fwk.SignFragment{Key: lifetimeSigner, Value: int64(lifetime)})
	}
	return fragments, nil
}
