// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package schedulinggate

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tollgate-dev/tollgate/pkg/declare"
)

const (
	// gatedIndex finds gated pods by the name of a Secret they declare.
	gatedIndex = "tollgate.dev/gated-for-secret"
	// anySecret finds all gated pods. No Secret can have this name.
	anySecret = "*"
)

// gatedFor is the index function of gatedIndex.
func gatedFor(obj client.Object) []string {
	pod, ok := obj.(*corev1.Pod)
	if !ok || !gated(pod) {
		return nil
	}
	names := []string{anySecret}
	d, err := declare.Parse(pod)
	if err != nil {
		return names // Such a pod waits for a change of itself.
	}
	for _, r := range d.Requirements {
		names = append(names, r.SecretName)
	}
	return names
}

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
	if secret == "" {
		secret = anySecret
	}
	var pods corev1.PodList
	if err := r.client.List(ctx, &pods, client.InNamespace(namespace), client.MatchingFields{gatedIndex: secret}); err != nil {
		return nil, err
	}
	requests := make([]reconcile.Request, len(pods.Items))
	for i := range pods.Items {
		requests[i].NamespacedName = client.ObjectKeyFromObject(&pods.Items[i])
	}
	return requests, nil
}
