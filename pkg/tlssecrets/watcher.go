// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"context"
	"fmt"
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
	clock     clock.Clock
	informer  cache.SharedIndexInformer
	synced    cache.InformerSynced // of the event handler
	notify    func(namespace, name string)

	mu     sync.Mutex // serialises writers of health
	health atomic.Pointer[health]
}

// health is what is known about the informer itself.
type health struct {
	synced    bool
	forbidden error // set while the API server refuses list or watch
	last      error // why the first list has not succeeded yet
}

func newWatcher(client kubernetes.Interface, clk clock.Clock, namespace string, changed func(secretKey), notify func(namespace, name string)) *watcher {
	w := &watcher{namespace: namespace, clock: clk, notify: notify}
	w.health.Store(&health{})
	secrets := client.CoreV1().Secrets(namespace)
	selector := fields.OneTermEqualSelector("type", string(corev1.SecretTypeTLS)).String()
	w.informer = cache.NewSharedIndexInformer(cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = selector
			return w.list(ctx, func() (*corev1.SecretList, error) { return secrets.List(ctx, o) })
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = selector
			events, err := confirmed(w.allowed(), func() (watch.Interface, error) { return secrets.Watch(ctx, o) })
			w.record(ctx, "watching", err)
			return events, err
		},
	}, client), &corev1.Secret{}, 0, cache.Indexers{})
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

// toFacts replaces a Secret by its facts before anything stores it, and wipes the keys. The
// informer may pass what has been transformed already, which stays as it is. A version that is
// known, as after a repeated list, is not parsed again.
func (w *watcher) toFacts(obj any) (any, error) {
	secret, ok := obj.(*corev1.Secret)
	if !ok {
		return obj, nil
	}
	facts := w.get(secret.Namespace, secret.Name)
	if facts == nil || facts.UID != secret.UID || facts.ResourceVersion != secret.ResourceVersion {
		facts = tlsready.Inspect(secret)
	}
	wipe(secret)
	return facts, nil
}

// wipe clears everything but tls.crt of a Secret that nobody else has: Go does not clear the
// memory of what is no longer used, and keystores hold the key as well.
func wipe(secret *corev1.Secret) {
	for key, data := range secret.Data {
		if key != corev1.TLSCertKey {
			clear(data)
			delete(secret.Data, key)
		}
	}
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
		obj, err := confirmed(w.allowed(), list)
		if err == nil {
			return obj, nil
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

// record takes note of an error of the informer, or of a watch that was accepted. A
// refusal closes the gate even if the Secrets were listed before, since what is cached
// gets old. Other errors after the first list are the reflector's to retry.
func (w *watcher) record(ctx context.Context, doing string, err error) {
	logger := klog.FromContext(ctx)
	changed := false
	w.update(func(h *health) {
		switch {
		case err == nil:
			changed = h.forbidden != nil
			h.forbidden, h.last = nil, nil
		case apierrors.IsForbidden(err):
			// A refused watch is followed by a refused list, which is the better message.
			refusal := forbiddenError(doing, err)
			if h.forbidden == nil || doing == "listing" && h.forbidden.Error() != refusal.Error() {
				h.forbidden, changed = refusal, true
			}
		case !h.synced:
			h.last = fmt.Errorf("%s secrets: %w", doing, err)
			logger.V(2).Info("Failed to read the TLS Secrets, retrying", "namespace", w.namespace, "err", h.last)
		default:
			logger.V(4).Info("Lost the watch of the TLS Secrets, retrying", "namespace", w.namespace, "err", err)
		}
	})
	if !changed {
		return
	}
	if forbidden := w.health.Load().forbidden; forbidden != nil {
		logger.Error(forbidden, "Pods that declare TLS Secrets are held", "namespace", w.namespace)
	} else {
		logger.Info("Permission to read the TLS Secrets was granted", "namespace", w.namespace)
	}
	w.notify(w.namespace, "")
}

func (w *watcher) update(change func(*health)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	next := *w.health.Load()
	change(&next)
	w.health.Store(&next)
}

func (w *watcher) status() error {
	h := w.health.Load()
	switch {
	case h.forbidden != nil:
		return h.forbidden
	case h.synced:
		return nil
	case h.last != nil:
		return fmt.Errorf("waiting for the first list of TLS Secrets: %w", h.last)
	}
	return errNotListed
}
