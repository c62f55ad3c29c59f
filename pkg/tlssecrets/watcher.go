// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// forbiddenRetry is how often a refused list is tried again. The reflector alone would
// back off to a minute, which is long for somebody who has just granted the permission.
const forbiddenRetry = 5 * time.Second

// watcher is the informer for one namespace, or for all.
type watcher struct {
	namespace string
	clock     clock.WithTicker
	informer  cache.SharedIndexInformer
	synced    cache.InformerSynced // of the event handler
	notify    func(namespace, name string)

	// convert is judge; only a test replaces it.
	convert func(secret *corev1.Secret, deleted bool) runtime.Object

	mu     sync.Mutex // serialises writers of health
	health atomic.Pointer[health]
	heard  atomic.Bool                  // since the last turn of listen
	open   atomic.Pointer[judgingWatch] // nil if no watch is
}

func newWatcher(client kubernetes.Interface, clk clock.WithTicker, namespace string, changed func(secretKey), notify func(namespace, name string)) *watcher {
	w := &watcher{namespace: namespace, clock: clk, notify: notify}
	w.convert = w.judge
	w.health.Store(&health{})
	secrets := client.CoreV1().Secrets(namespace)
	selector := fields.OneTermEqualSelector("type", string(corev1.SecretTypeTLS)).String()
	w.informer = cache.NewSharedIndexInformerWithOptions(cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = selector
			return w.list(ctx, func() (*corev1.SecretList, error) { return secrets.List(ctx, o) })
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = selector
			events, err := confirmed(w.allowed(), func() (watch.Interface, error) { return secrets.Watch(ctx, o) })
			w.record(ctx, "watching", err)
			if err != nil {
				return nil, err
			}
			return w.judgeEvents(events), nil
		},
	}, client), nil, cache.SharedIndexInformerOptions{ObjectDescription: "TLS Secrets"}) // no type: bookmarks come as Secrets
	// The calls below fail only on a nil or started informer.
	utilruntime.Must(w.informer.SetTransform(w.toFacts))
	utilruntime.Must(w.informer.SetWatchErrorHandlerWithContext(func(ctx context.Context, _ *cache.Reflector, err error) {
		if !apierrors.IsForbidden(err) { // which was recorded once it was confirmed
			w.record(ctx, "watching", err)
		}
	}))
	registration, err := w.informer.AddEventHandler(handler(changed))
	utilruntime.Must(err)
	w.synced = registration.HasSynced
	return w
}

// toFacts unwraps what was judged. Secrets come judged; should one come raw, it is judged here before anything stores it. The
// informer may pass what has been transformed already, which stays as it is.
func (w *watcher) toFacts(obj any) (any, error) {
	if secret, ok := obj.(*corev1.Secret); ok {
		obj = w.judge(secret, false)
	}
	if j, ok := obj.(*judged); ok {
		return j.Facts, nil
	}
	return obj, nil
}

// handler reports Secrets that changed. The first list is reported as a whole when it is
// complete, and a repeated list reports only what differs.
func handler(changed func(secretKey)) cache.ResourceEventHandler {
	report := func(obj any) {
		if gone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
			obj = gone.Obj
		}
		if facts, ok := obj.(*tlsready.Facts); ok {
			changed(secretKey{facts.Namespace, facts.Name})
		}
	}
	return cache.ResourceEventHandlerDetailedFuncs{
		AddFunc: func(obj any, isInInitialList bool) {
			if !isInInitialList {
				report(obj)
			}
		},
		UpdateFunc: func(before, after any) {
			was, ok1 := before.(*tlsready.Facts)
			is, ok2 := after.(*tlsready.Facts)
			if !ok1 || !ok2 || was.UID != is.UID || was.ResourceVersion != is.ResourceVersion {
				report(after)
			}
		},
		DeleteFunc: report,
	}
}

func (w *watcher) run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { w.informer.RunWithContext(ctx) })
	wg.Go(func() { w.listen(ctx) })
	if cache.WaitForCacheSync(ctx.Done(), w.synced) {
		w.update(func(h *health) { h.synced, h.last = true, nil })
		klog.FromContext(ctx).V(2).Info("Listed the TLS Secrets", "namespace", w.namespace, "count", len(w.informer.GetStore().ListKeys()))
		w.notify(w.namespace, "")
	}
	wg.Wait()
}

// get returns the facts in the informer's store, nil if there are none.
func (w *watcher) get(namespace, name string) *tlsready.Facts {
	obj, ok, err := w.informer.GetStore().GetByKey(namespace + "/" + name)
	if err != nil || !ok {
		return nil
	}
	facts, _ := obj.(*tlsready.Facts)
	return facts
}

// list lists until the permission is there, the context is done or another error occurs.
func (w *watcher) list(ctx context.Context, list func() (*corev1.SecretList, error)) (runtime.Object, error) {
	for {
		secrets, err := confirmed(w.allowed(), list)
		if err == nil {
			w.hear()
			return w.judgeList(secrets), nil
		}
		w.record(ctx, "listing", err)
		if !apierrors.IsForbidden(err) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-w.clock.After(forbiddenRetry):
		}
	}
}

// allowed reports whether the API server has let the informer list and not refused it since.
func (w *watcher) allowed() bool {
	h := w.health.Load()
	return h.synced && h.forbidden == nil
}

// confirmed calls the API once more, at once, if it refuses what it allowed before: while an
// API server starts or its policy is replaced, single refusals happen that mean nothing.
func confirmed[T any](allowedBefore bool, call func() (T, error)) (T, error) {
	got, err := call()
	if allowedBefore && apierrors.IsForbidden(err) {
		return call()
	}
	return got, err
}
