// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// patience is how long the benchmark waits for something that must happen and has stopped making progress.
const patience = 60 * time.Second

// readyWatch knows when each TLSCertificate became Ready: when its event was read here.
type readyWatch struct {
	mu    sync.Mutex
	ready map[types.NamespacedName]time.Time
	// again are those of which more than one certificate was issued.
	again map[types.NamespacedName]bool
}

func watchReady(ctx context.Context, c client.WithWatch) (*readyWatch, error) {
	var list v1alpha1.TLSCertificateList
	if err := c.List(ctx, &list); err != nil {
		return nil, fmt.Errorf("listing TLSCertificates: %w", err)
	}
	events, err := watchtools.NewRetryWatcherWithContext(ctx, list.ResourceVersion, &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			return c.Watch(ctx, &v1alpha1.TLSCertificateList{}, &client.ListOptions{Raw: &o})
		},
	})
	if err != nil {
		return nil, fmt.Errorf("watching TLSCertificates: %w", err)
	}
	w := &readyWatch{ready: map[types.NamespacedName]time.Time{}, again: map[types.NamespacedName]bool{}}
	go func() {
		for event := range events.ResultChan() {
			if c, ok := event.Object.(*v1alpha1.TLSCertificate); ok {
				w.saw(c, time.Now())
			}
		}
	}()
	return w, nil
}

func (w *readyWatch) saw(c *v1alpha1.TLSCertificate, at time.Time) {
	if !meta.IsStatusConditionTrue(c.Status.Conditions, v1alpha1.ConditionReady) {
		return
	}
	key := client.ObjectKeyFromObject(c)
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.ready[key]; !known {
		w.ready[key] = at
	}
	if c.Status.Revision > 1 {
		w.again[key] = true
	}
}

func (w *readyWatch) count() (ready, again int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.ready), len(w.again)
}

// at returns when a TLSCertificate became Ready.
func (w *readyWatch) at(key types.NamespacedName) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ready[key]
}

// sayEvery is how often a long wait says how far it is.
const sayEvery = 15 * time.Second

// awaitReady waits until n TLSCertificates are Ready, and says how far it is.
func (b *bench) awaitReady(ctx context.Context, c *cluster, n int) error {
	said := time.Now()
	return c.ready.await(ctx, n, func(ready int) {
		if time.Since(said) >= sayEvery {
			said = time.Now()
			b.progress.Say("%d of %d TLSCertificates are Ready", ready, n)
		}
	})
}

// await waits until n TLSCertificates are Ready, and tells again and again how many are. It fails if none becomes so for a minute, and
// if one was issued twice.
func (w *readyWatch) await(ctx context.Context, n int, tell func(ready int)) error {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	last, progress := 0, time.Now()
	for {
		ready, again := w.count()
		tell(ready)
		switch {
		case again > 0:
			return fmt.Errorf("waiting for certificates: %d TLSCertificates had more than one issued", again)
		case ready >= n:
			return nil
		case ready > last:
			last, progress = ready, time.Now()
		case time.Since(progress) > patience:
			return fmt.Errorf("waiting for certificates: %d of %d are Ready, and no other became so within %s", ready, n, patience)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
}
