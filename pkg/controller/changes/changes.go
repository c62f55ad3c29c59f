// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package changes turns changed objects into the pods that they concern.
package changes

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// maxPending is the number of changed objects above which every pod is looked at.
const maxPending = 10000

// PodsOf returns the pods that an object concerns. An empty name stands for all objects of
// the namespace, an empty namespace for all of the cluster.
type PodsOf func(ctx context.Context, namespace, name string) ([]reconcile.Request, error)

// Source is a source.Source of requests for pods. Unlike a channel it never makes the sender
// wait: changes are merged meanwhile.
type Source struct {
	podsOf PodsOf
	wake   chan struct{}

	mu      sync.Mutex
	started bool
	pending map[types.NamespacedName]struct{}
}

// New returns a source that asks podsOf.
func New(podsOf PodsOf) *Source {
	return &Source{podsOf: podsOf, wake: make(chan struct{}, 1), pending: map[types.NamespacedName]struct{}{}}
}

// Add notes a change. Before Start it does nothing, since every pod is looked at once at
// the start.
func (s *Source) Add(namespace, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.started {
		return
	}
	if len(s.pending) >= maxPending {
		s.pending = map[types.NamespacedName]struct{}{{}: {}}
	} else {
		s.pending[types.NamespacedName{Namespace: namespace, Name: name}] = struct{}{}
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Start implements source.Source. It returns at once and works until ctx is done.
func (s *Source) Start(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	s.mu.Lock()
	s.started = true
	s.mu.Unlock()
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-s.wake:
				s.enqueue(ctx, queue)
			}
		}
	}()
	return nil
}

func (s *Source) enqueue(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	for changed := range s.take() {
		requests, err := s.podsOf(ctx, changed.Namespace, changed.Name)
		if err != nil {
			klog.FromContext(ctx).Error(err, "Finding the pods that a change concerns", "changed", changed)
			continue
		}
		for _, request := range requests {
			queue.Add(request)
		}
	}
}

// take returns the changes noted since the last call.
func (s *Source) take() map[types.NamespacedName]struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.pending
	s.pending = map[types.NamespacedName]struct{}{}
	return taken
}
