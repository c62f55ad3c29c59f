// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package changes

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// TestNamespacesTakeTurns has a namespace with thousands of pods, and one whose only pod changes after them.
func TestNamespacesTakeTurns(t *testing.T) {
	queue := NewQueue("test", workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	t.Cleanup(queue.ShutDown)
	request := func(namespace, name string) reconcile.Request {
		return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}}
	}
	const greedy = 5000
	for i := range greedy {
		queue.Add(request("greedy", fmt.Sprint(i)))
	}
	queue.Add(request("shop", "web"))

	for position := range 3 {
		got, _ := queue.Get()
		if got.Namespace == "shop" {
			if queue.Len() != greedy-position {
				t.Errorf("%d requests are left, want %d", queue.Len(), greedy-position)
			}
			return
		}
		queue.Done(got)
	}
	t.Error("the pod of shop is not among the first three")
}
