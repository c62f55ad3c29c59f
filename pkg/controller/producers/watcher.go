// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package producers

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// forbiddenRetry is how often a refused list is tried again. The reflector alone would
// back off to a minute, which is long for somebody who has just granted the permission.
const forbiddenRetry = 5 * time.Second

// bySecret is the index of the objects by the Secrets that they make.
const bySecret = "secret"

// +kubebuilder:rbac:groups=cert-manager.io,resources=certificates,verbs=list;watch
// +kubebuilder:rbac:groups=external-secrets.io,resources=externalsecrets,verbs=list;watch
// +kubebuilder:rbac:groups=bitnami.com,resources=sealedsecrets,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=services,verbs=list;watch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=ingresses,verbs=list;watch

// watcher is the informer of one kind in all namespaces.
type watcher struct {
	registry *Registry
	kind     kind
	resource schema.GroupVersionResource
	informer cache.SharedIndexInformer
	synced   cache.InformerSynced // of the event handler
	stop     context.CancelFunc

	mu     sync.Mutex // serialises writers of health
	health atomic.Pointer[health]
}

// health is what is known about the informer itself.
type health struct {
	synced    bool
	forbidden string // what to grant, while the API server refuses list or watch
	failure   string // the reason of the last failed list, until one succeeds
}

func (r *Registry) newWatcher(k kind, resource schema.GroupVersionResource) *watcher {
	w := &watcher{registry: r, kind: k, resource: resource}
	w.health.Store(&health{})
	objects := r.client.Resource(resource)
	w.informer = cache.NewSharedIndexInformerWithOptions(cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return w.list(ctx, func() (runtime.Object, error) { return objects.List(ctx, o) })
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			events, err := objects.Watch(ctx, o)
			w.record(ctx, err)
			return events, err
		},
	}, r.client), &unstructured.Unstructured{}, cache.SharedIndexInformerOptions{
		Indexers:          cache.Indexers{bySecret: indexBySecret},
		ObjectDescription: resource.String(),
	})
	// The calls below fail only on a nil or started informer.
	utilruntime.Must(w.informer.SetTransform(k.trim))
	utilruntime.Must(w.informer.SetWatchErrorHandlerWithContext(func(ctx context.Context, _ *cache.Reflector, err error) {
		w.record(ctx, err)
	}))
	registration, err := w.informer.AddEventHandler(w.handler())
	utilruntime.Must(err)
	w.synced = registration.HasSynced
	return w
}

// handler reports the Secrets that changed objects make. The first list is reported as a whole when it is complete.
func (w *watcher) handler() cache.ResourceEventHandler {
	return cache.ResourceEventHandlerDetailedFuncs{
		AddFunc: func(obj any, isInInitialList bool) {
			if !isInInitialList {
				w.registry.changed(secretsOf(obj))
			}
		},
		UpdateFunc: func(before, after any) {
			w.registry.changed(slices.Concat(secretsOf(before), secretsOf(after)))
		},
		DeleteFunc: func(obj any) { w.registry.changed(secretsOf(obj)) },
	}
}

func (w *watcher) run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { w.informer.RunWithContext(ctx) })
	if cache.WaitForCacheSync(ctx.Done(), w.synced) {
		w.update(func(h *health) { h.synced, h.failure = true, "" })
		w.refresh()
	}
	wg.Wait()
}

// refresh reports what may have changed with the health of the watcher: everything.
func (w *watcher) refresh() {
	w.registry.changed(w.secrets())
	w.registry.stateChanged()
}

// claims returns the claims on a Secret, the oldest object's first; none while reading is
// forbidden, since what is cached gets old.
func (w *watcher) claims(k secretKey) []claim {
	if w.health.Load().forbidden != "" {
		return nil
	}
	found, err := w.informer.GetIndexer().ByIndex(bySecret, k.index())
	if err != nil || len(found) == 0 {
		return nil
	}
	slices.SortFunc(found, older)
	var claims []claim
	for _, obj := range found {
		if c, ok := claimOn(obj, k.name); ok {
			claims = append(claims, c)
		}
	}
	return claims
}

// secrets returns all Secrets that objects claim to make.
func (w *watcher) secrets() []secretKey {
	var keys []secretKey
	for _, obj := range w.informer.GetStore().List() {
		keys = append(keys, secretsOf(obj)...)
	}
	return keys
}

// list lists until the permission is there, the context is done or another error occurs.
func (w *watcher) list(ctx context.Context, list func() (runtime.Object, error)) (runtime.Object, error) {
	for {
		obj, err := list()
		if err == nil {
			return obj, nil
		}
		w.record(ctx, err)
		if !apierrors.IsForbidden(err) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-w.registry.clock.After(forbiddenRetry):
		}
	}
}

// record takes note of an error of the informer, or of a watch that was accepted. Errors
// other than a refusal are the reflector's to retry.
func (w *watcher) record(ctx context.Context, err error) {
	if err != nil && ctx.Err() != nil {
		return // The watch was ended by us.
	}
	var before, after health
	w.update(func(h *health) {
		before = *h
		switch {
		case err == nil:
			h.forbidden = ""
		case apierrors.IsForbidden(err):
			h.forbidden, h.failure = grant(w.resource.GroupResource(), err), ""
		case !h.synced:
			h.failure = reason(err)
		}
		after = *h
	})
	logger := klog.FromContext(ctx)
	if before == after {
		logger = logger.V(4) // Told before, or of no consequence.
	}
	if err != nil {
		logger.Info("Failed to read who makes Secrets, retrying", "resource", w.resource, "err", err)
	}
	if before != after {
		w.refresh()
	}
}

func (w *watcher) update(change func(*health)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	next := *w.health.Load()
	change(&next)
	w.health.Store(&next)
}

// pending reports whether nothing is known yet.
func (w *watcher) pending() bool { return *w.health.Load() == health{} }

// describe returns the kind, and what keeps it from being read.
func (w *watcher) describe() string {
	switch h := w.health.Load(); {
	case h.forbidden != "":
		return fmt.Sprintf("%s (forbidden: %s)", w.kind.name, h.forbidden)
	case h.synced:
		return w.kind.name
	case h.failure != "":
		return fmt.Sprintf("%s (not listed yet: %s)", w.kind.name, h.failure)
	}
	return w.kind.name + " (not listed yet)"
}
