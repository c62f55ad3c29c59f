// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// maxPending is the number of changed objects above which every waiting pod is looked at.
const maxPending = 10000

// changes is a source of requests: it turns changed objects into the pods that they
// concern. Unlike a channel it never makes the sender wait: changes are merged meanwhile.
type changes struct {
	// pods returns the pods that an object concerns; the empty name stands for all objects.
	pods func(context.Context, types.NamespacedName) ([]reconcile.Request, error)
	wake chan struct{}

	mu      sync.Mutex
	started bool
	pending map[types.NamespacedName]struct{}
}

func newChanges(pods func(context.Context, types.NamespacedName) ([]reconcile.Request, error)) *changes {
	return &changes{pods: pods, wake: make(chan struct{}, 1), pending: map[types.NamespacedName]struct{}{}}
}

// add notes a change; an empty name means all objects. Before Start it does nothing,
// since every pod is looked at once at the start.
func (c *changes) add(namespace, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.started {
		return
	}
	if len(c.pending) >= maxPending {
		c.pending = map[types.NamespacedName]struct{}{{}: {}}
	} else {
		c.pending[types.NamespacedName{Namespace: namespace, Name: name}] = struct{}{}
	}
	select {
	case c.wake <- struct{}{}:
	default:
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
	for changed := range c.take() {
		requests, err := c.pods(ctx, changed)
		if err != nil {
			klog.FromContext(ctx).Error(err, "Finding the pods that a change concerns", "changed", changed)
			continue
		}
		for _, request := range requests {
			queue.Add(request)
		}
	}
}

// podsOfSecret returns the pods that wait for a Secret.
func (r *reconciler) podsOfSecret(ctx context.Context, secret types.NamespacedName) ([]reconcile.Request, error) {
	return waitingPods(ctx, r.client, secret.Namespace, secret.Name)
}

// podItself returns the pod that has changed.
func (r *reconciler) podItself(ctx context.Context, pod types.NamespacedName) ([]reconcile.Request, error) {
	if pod.Name == "" {
		return waitingPods(ctx, r.client, pod.Namespace, "")
	}
	return []reconcile.Request{{NamespacedName: pod}}, nil
}
