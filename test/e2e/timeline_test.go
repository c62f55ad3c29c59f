// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// timeline has every version of every pod and Secret of the namespace, and when it was seen.
type timeline struct {
	mu      sync.Mutex
	pods    []moment[*corev1.Pod]
	secrets []moment[*corev1.Secret]
}

type moment[T client.Object] struct {
	at     time.Time
	object T
}

// version is the resourceVersion, which is comparable between objects of all kinds that are in one etcd.
func (m moment[T]) version(t *testing.T) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(m.object.GetResourceVersion(), 10, 64)
	if err != nil {
		t.Fatalf("resourceVersion %q is no number: %v", m.object.GetResourceVersion(), err)
	}
	return n
}

// record watches until the test ends.
func (c *cluster) record(t *testing.T) *timeline {
	t.Helper()
	tl := &timeline{}
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	for _, list := range []client.ObjectList{&corev1.PodList{}, &corev1.SecretList{}} {
		w, err := c.client.Watch(ctx, list, client.InNamespace(namespace))
		if err != nil {
			cancel()
			t.Fatalf("watching: %v", err)
		}
		done.Go(func() {
			for event := range w.ResultChan() {
				tl.note(event)
			}
			if ctx.Err() == nil {
				t.Errorf("the watch of %T has ended", list)
			}
		})
	}
	t.Cleanup(func() { cancel(); done.Wait() })
	return tl
}

func (tl *timeline) note(event watch.Event) {
	if event.Type != watch.Added && event.Type != watch.Modified {
		return
	}
	tl.mu.Lock()
	defer tl.mu.Unlock()
	switch o := event.Object.(type) {
	case *corev1.Pod:
		tl.pods = append(tl.pods, moment[*corev1.Pod]{time.Now(), o})
	case *corev1.Secret:
		tl.secrets = append(tl.secrets, moment[*corev1.Secret]{time.Now(), o})
	}
}

// pod waits for the first version of the pod that is as wanted.
func (tl *timeline) pod(t *testing.T, what, name string, wanted func(*corev1.Pod) bool) moment[*corev1.Pod] {
	t.Helper()
	return first(t, tl, "pod "+name+" "+what, &tl.pods, func(p *corev1.Pod) (bool, string) {
		return p.Name == name && wanted(p), describe(p)
	})
}

// secret waits for the first version of the Secret that is as wanted.
func (tl *timeline) secret(t *testing.T, what, name string, wanted func(*corev1.Secret) bool) moment[*corev1.Secret] {
	t.Helper()
	return first(t, tl, "Secret "+name+" "+what, &tl.secrets, func(s *corev1.Secret) (bool, string) {
		return s.Name == name && wanted(s), "Secret " + s.Name + ", version " + s.ResourceVersion
	})
}

func first[T client.Object](t *testing.T, tl *timeline, what string, moments *[]moment[T], wanted func(T) (bool, string)) moment[T] {
	t.Helper()
	var found moment[T]
	eventually(t, what, func(context.Context) (bool, string) {
		tl.mu.Lock()
		defer tl.mu.Unlock()
		last := "nothing"
		for _, m := range *moments {
			ok, state := wanted(m.object)
			if ok {
				found = m
				return true, ""
			}
			last = state
		}
		return false, last
	})
	return found
}
