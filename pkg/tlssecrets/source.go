// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tlssecrets watches the TLS Secrets of a cluster and answers, without ever
// blocking, whether they are usable. Key bytes are dropped before anything is cached.
package tlssecrets

import (
	"context"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// Options narrow a Source.
type Options struct {
	// Namespaces are the namespaces to watch, so that Roles in them suffice. Empty means
	// all, which needs a ClusterRole. The verbs are get, list and watch on secrets, and, for
	// pods that declare such trust, get on configmaps and (always cluster-wide) clustertrustbundles.
	Namespaces []string
}

// State says what is known about a Secret.
type State int

// States of a Secret.
const (
	// Pending: a live GET is queued, or will be once there is room; ask again when OnChange tells.
	Pending State = iota
	// Found: the Secret is of type kubernetes.io/tls and its facts are at hand.
	Found
	// NotFound: the API server said that no such Secret exists.
	NotFound
	// OtherType: the Secret exists and has another type; the facts name it.
	OtherType
	// NotSynced: the TLS Secrets have not been listed yet, or nothing was heard of them for too long.
	NotSynced
	// Forbidden: the permission to read the Secret is missing.
	Forbidden
)

// String returns the name of the constant.
func (s State) String() string {
	return [...]string{"Pending", "Found", "NotFound", "OtherType", "NotSynced", "Forbidden"}[s]
}

// Source knows the facts of all TLS Secrets. It owns its informers: those of a shared
// factory would keep the key bytes, and waiting for them would stop the whole scheduler
// where the permission is missing.
type Source struct {
	watchers  []*watcher          // in order of namespace
	byName    map[string]*watcher // by namespace
	all       *watcher            // nil if the watchers are per namespace
	lookups   *lookups
	trusts    *trusts
	listeners []func(namespace, name string)
}

// New returns a Source that does nothing until Run. The clock times retries and back-off.
func New(client kubernetes.Interface, clk clock.WithTicker, o Options) *Source {
	s := &Source{byName: make(map[string]*watcher)}
	limits := newLimits(clk)
	s.lookups = newLookups(func(ctx context.Context, namespace, name string) (*corev1.Secret, error) {
		return client.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	}, limits, s.informed, s.notify)
	s.trusts = newTrusts(client, limits, s.notify)
	namespaces := slices.Compact(slices.Sorted(slices.Values(o.Namespaces)))
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	for _, namespace := range namespaces {
		w := newWatcher(client, clk, namespace, s.changed, s.notify)
		s.watchers = append(s.watchers, w)
		s.byName[namespace] = w
	}
	s.all = s.byName[metav1.NamespaceAll]
	return s
}

// OnChange registers a function that is called after every change of what Get returns:
// of one Secret, or, with name "", possibly of every Secret of the namespace, or of the
// cluster if that is "" too. It is called without locks held, from several goroutines,
// and must return soon. Call OnChange before Run.
func (s *Source) OnChange(f func(namespace, name string)) {
	s.listeners = append(s.listeners, f)
}

// Run watches until ctx is done and returns when all its goroutines have ended. Nobody
// needs to wait for it to get ready: until then Get says NotSynced. Call it once.
func (s *Source) Run(ctx context.Context) {
	ctx = klog.NewContext(ctx, klog.LoggerWithName(klog.FromContext(ctx), "tlssecrets"))
	var wg sync.WaitGroup
	wg.Go(func() { s.lookups.jobs.run(ctx) })
	wg.Go(func() { s.trusts.jobs.run(ctx) })
	for _, w := range s.watchers {
		wg.Go(func() { w.run(ctx) })
	}
	wg.Wait()
}

// Get returns what is known about a Secret; the facts are set for Found and OtherType. It
// never blocks and does no I/O, so that it may be called with the scheduling queue's lock
// held. For a name that the informer does not have, or has not checked, it queues one live GET.
func (s *Source) Get(namespace, name string) (*tlsready.Facts, State) {
	facts, state, _ := s.get(namespace, name)
	return facts, state
}

// get is Get with the cause of Forbidden, and of NotSynced after the first list.
func (s *Source) get(namespace, name string) (*tlsready.Facts, State, error) {
	w := s.watcherOf(namespace)
	if w == nil {
		return nil, Forbidden, notWatchedError(namespace)
	}
	health := w.health.Load()
	if health.forbidden != nil {
		return nil, Forbidden, health.forbidden
	}
	if health.stale != nil && health.synced {
		return nil, NotSynced, health.stale
	}
	if facts := w.get(namespace, name); facts != nil {
		if facts.Unchecked() {
			return s.lookups.check(secretKey{namespace, name}, facts)
		}
		if facts.Type != corev1.SecretTypeTLS {
			return facts, OtherType, nil
		}
		return facts, Found, nil
	}
	if !health.synced {
		return nil, NotSynced, nil
	}
	facts, state, err := s.lookups.get(secretKey{namespace, name})
	if state == Found { // The informer, which knows better, has lost it since.
		return nil, Pending, nil
	}
	return facts, state, err
}

// Status returns nil once every TLS Secret is known, otherwise what is missing and how to
// repair it.
func (s *Source) Status() error {
	for _, w := range s.watchers {
		if err := w.status(); err != nil {
			return err
		}
	}
	return s.lookups.status()
}

func (s *Source) watcherOf(namespace string) *watcher {
	if s.all != nil {
		return s.all
	}
	return s.byName[namespace]
}

// informed returns the facts that the informer has of a Secret, nil if it has none.
func (s *Source) informed(k secretKey) *tlsready.Facts {
	if w := s.watcherOf(k.namespace); w != nil {
		return w.get(k.namespace, k.name)
	}
	return nil
}

// changed is called after the informer's store has changed: it knows better than any
// earlier lookup.
func (s *Source) changed(k secretKey) {
	s.lookups.forget(k)
	s.notify(k.namespace, k.name)
}

func (s *Source) notify(namespace, name string) {
	for _, f := range s.listeners {
		f(namespace, name)
	}
}
