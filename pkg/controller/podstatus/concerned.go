// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// podsOfSecret returns the pods that wait for a Secret.
func (r *reconciler) podsOfSecret(ctx context.Context, namespace, secret string) ([]reconcile.Request, error) {
	return waitingIndex.Requests(ctx, r.client, namespace, secret)
}

// podItself returns the pod that has changed.
func (r *reconciler) podItself(ctx context.Context, namespace, pod string) ([]reconcile.Request, error) {
	if pod == "" {
		return waitingIndex.Requests(ctx, r.client, namespace, "")
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: namespace, Name: pod}}}, nil
}
