// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// maxPendingSecrets is the number of changed Secrets above which every waiting pod is looked at.
const maxPendingSecrets = 10000

// secretChanges is a source of requests: it turns changed Secrets into the pods that wait
// for them. Unlike a channel it never makes the sender wait: changes are merged meanwhile.
type secretChanges struct {
	reader client.Reader
	wake   chan struct{}

	mu      sync.Mutex
	started bool
	pending map[types.NamespacedName]struct{}
}

func newSecretChanges(reader client.Reader) *secretChanges {
	return &secretChanges{reader: reader, wake: make(chan struct{}, 1), pending: map[types.NamespacedName]struct{}{}}
}

// add notes a change; an empty name means all Secrets. Before Start it does nothing,
// since every pod is looked at once at the start.
func (s *secretChanges) add(namespace, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.started {
		return
	}
	if len(s.pending) >= maxPendingSecrets {
		s.pending = map[types.NamespacedName]struct{}{{}: {}}
	} else {
		s.pending[types.NamespacedName{Namespace: namespace, Name: name}] = struct{}{}
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// take returns the changes noted since the last call.
func (s *secretChanges) take() map[types.NamespacedName]struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.pending
	s.pending = map[types.NamespacedName]struct{}{}
	return taken
}

// Start implements source.Source. It returns at once and works until ctx is done.
func (s *secretChanges) Start(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
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

func (s *secretChanges) enqueue(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	for secret := range s.take() {
		requests, err := waitingPods(ctx, s.reader, secret.Namespace, secret.Name)
		if err != nil {
			klog.FromContext(ctx).Error(err, "Finding the pods that wait for a Secret", "secret", secret)
			continue
		}
		for _, request := range requests {
			queue.Add(request)
		}
	}
}
