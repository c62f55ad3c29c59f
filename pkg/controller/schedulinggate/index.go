// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package schedulinggate

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tollgate-dev/tollgate/pkg/controller/changes"
)

// gatedIndex finds gated pods by the name of a Secret they declare.
const gatedIndex changes.PodIndex = "tollgate.dev/gated-for-secret"

// gatedFor is the index function of gatedIndex.
var gatedFor = changes.IndexBy(gated, changes.Declared)

// concerns lets gated pods pass. Nothing is remembered of a pod, so its end does not matter.
func concerns() predicate.Predicate {
	return predicate.NewPredicateFuncs(func(obj client.Object) bool {
		pod, ok := obj.(*corev1.Pod)
		return ok && gated(pod)
	})
}

// gatedPods returns the gated pods that declare a Secret. An empty name means all gated
// pods of the namespace, an empty namespace all namespaces.
func (r *reconciler) gatedPods(ctx context.Context, namespace, secret string) ([]reconcile.Request, error) {
	return gatedIndex.Requests(ctx, r.client, namespace, secret)
}
