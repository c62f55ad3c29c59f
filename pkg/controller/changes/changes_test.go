// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package changes

import (
	"context"
	"errors"
	"testing"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

func newQueue(t *testing.T) workqueue.TypedRateLimitingInterface[reconcile.Request] {
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	t.Cleanup(queue.ShutDown)
	return queue
}

// podOf is a pod named as the Secret that it waits for.
func podOf(_ context.Context, namespace, secret string) ([]reconcile.Request, error) {
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: namespace, Name: secret}}}, nil
}

func TestChangesBecomeRequests(t *testing.T) {
	c := New(podOf)
	c.Add("shop", "before-the-start")
	queue := newQueue(t)
	if err := c.Start(t.Context(), queue); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"web-tls", "api-tls"} {
		c.Add("shop", secret)
		if got, _ := queue.Get(); got.String() != "shop/"+secret { // Get waits.
			t.Errorf("got %s, want shop/%s", got, secret)
		}
	}
}

func TestFailedLookupDoesNotStopOthers(t *testing.T) {
	c := New(func(ctx context.Context, namespace, secret string) ([]reconcile.Request, error) {
		if secret == "bad" {
			return nil, errors.New("no")
		}
		return podOf(ctx, namespace, secret)
	})
	queue := newQueue(t)
	if err := c.Start(t.Context(), queue); err != nil {
		t.Fatal(err)
	}
	c.Add("shop", "bad")
	c.Add("shop", "good")
	if got, _ := queue.Get(); got.Name != "good" {
		t.Errorf("got %s, want shop/good", got)
	}
}

func TestManyChangesAreMerged(t *testing.T) {
	c := New(podOf)
	c.started = true // Nobody takes.
	for range 3 {
		c.Add("shop", "web-tls")
	}
	if n := len(c.take()); n != 1 {
		t.Errorf("%d changes of one Secret, want 1", n)
	}
	for i := range maxPending + 5 {
		c.Add("shop", string(rune('a'+i%26))+string(rune('a'+i/26%26))+string(rune('a'+i/676)))
	}
	taken := c.take()
	if _, everything := taken[types.NamespacedName{}]; !everything || len(taken) > 10 {
		t.Errorf("%d changes, everything: %t; want few that cover everything", len(taken), everything)
	}
}
