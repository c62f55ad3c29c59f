// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package schedulinggate

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// maxPending is the number of changed Secrets above which every gated pod is looked at.
const maxPending = 10000

// changes is a source of requests: it turns changed Secrets into the pods that wait for
// them. Unlike a channel it never makes the sender wait: changes are merged meanwhile.
type changes struct {
	podsOf func(ctx context.Context, namespace, secret string) ([]reconcile.Request, error)
	wake   chan struct{}

	mu      sync.Mutex
	started bool
	pending map[types.NamespacedName]struct{}
}

func newChanges(podsOf func(ctx context.Context, namespace, secret string) ([]reconcile.Request, error)) *changes {
	return &changes{podsOf: podsOf, wake: make(chan struct{}, 1), pending: map[types.NamespacedName]struct{}{}}
}

// add notes a change. Before Start it does nothing, since every pod is looked at once at
// the start.
func (c *changes) add(namespace, secret string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.started {
		return
	}
	if len(c.pending) >= maxPending {
		c.pending = map[types.NamespacedName]struct{}{{}: {}}
	} else {
		c.pending[types.NamespacedName{Namespace: namespace, Name: secret}] = struct{}{}
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Start implements source.Source. It returns at once and works until ctx is done.
func (c *changes) Start(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	c.mu.Lock()
	c.started = true
	c.mu.Unlock()
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-c.wake:
				c.enqueue(ctx, queue)
			}
		}
	}()
	return nil
}

func (c *changes) enqueue(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	for secret := range c.take() {
		requests, err := c.podsOf(ctx, secret.Namespace, secret.Name)
		if err != nil {
			klog.FromContext(ctx).Error(err, "Finding the gated pods that wait for a Secret", "secret", secret)
			continue
		}
		for _, request := range requests {
			queue.Add(request)
		}
	}
}

// take returns the changes noted since the last call.
func (c *changes) take() map[types.NamespacedName]struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.pending
	c.pending = map[types.NamespacedName]struct{}{}
	return taken
}
