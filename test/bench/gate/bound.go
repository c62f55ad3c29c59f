// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// patience is how long the benchmark waits for something that must happen and has stopped making progress.
const patience = 60 * time.Second

// boundWatch is a watch of the pods that have a node. The API server sends a pod when it gets one and nothing before, so
// that watching costs the measured system little. When a pod was bound is when its event was read here.
type boundWatch struct {
	mu       sync.Mutex
	expected map[types.NamespacedName]*arrivals
}

// arrivals are the times at which pods of a group were seen bound.
type arrivals struct {
	mu    sync.Mutex
	times []time.Time // in order
	want  int
	done  chan struct{} // closed when all were seen
}

func watchBound(ctx context.Context, client kubernetes.Interface) (*boundWatch, error) {
	selector := fields.OneTermNotEqualSelector("spec.nodeName", "").String()
	pods := client.CoreV1().Pods(metav1.NamespaceAll)
	list, err := pods.List(ctx, metav1.ListOptions{FieldSelector: selector, Limit: 1})
	if err != nil {
		return nil, fmt.Errorf("listing pods: %w", err)
	}
	events, err := watchtools.NewRetryWatcherWithContext(ctx, list.ResourceVersion, &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = selector
			return pods.Watch(ctx, o)
		},
	})
	if err != nil {
		return nil, fmt.Errorf("watching pods: %w", err)
	}
	w := &boundWatch{expected: map[types.NamespacedName]*arrivals{}}
	go func() {
		for event := range events.ResultChan() {
			if pod, ok := event.Object.(*corev1.Pod); ok && event.Type != watch.Deleted && pod.Spec.NodeName != "" {
				w.saw(keyOf(pod), time.Now())
			}
		}
	}()
	return w, nil
}

// expect makes the watch take note of when the pods are bound.
func (w *boundWatch) expect(pods ...*corev1.Pod) *arrivals {
	a := &arrivals{want: len(pods), done: make(chan struct{})}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, pod := range pods {
		w.expected[keyOf(pod)] = a
	}
	return a
}

func (w *boundWatch) saw(key types.NamespacedName, at time.Time) {
	w.mu.Lock()
	a := w.expected[key]
	delete(w.expected, key)
	w.mu.Unlock()
	if a != nil {
		a.add(at)
	}
}

func (a *arrivals) add(at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.times = append(a.times, at)
	if len(a.times) == a.want {
		close(a.done)
	}
}

func (a *arrivals) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.times)
}

// last returns when the last pod was bound. It fails if none is bound for a minute.
func (a *arrivals) last(ctx context.Context) (time.Time, error) {
	ticker := time.NewTicker(patience)
	defer ticker.Stop()
	for before := -1; ; {
		select {
		case <-a.done:
			return a.times[len(a.times)-1], nil
		case <-ctx.Done():
			return time.Time{}, context.Cause(ctx)
		case <-ticker.C:
			now := a.count()
			if now == before {
				return time.Time{}, fmt.Errorf("waiting for pods to be bound: %d of %d are, and no other was within %s", now, a.want, patience)
			}
			before = now
		}
	}
}
