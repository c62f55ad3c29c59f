// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package producers answers, for a Secret that a pod waits for, who outside Tollgate is
// going to make it: cert-manager, External Secrets, Sealed Secrets or OpenShift's service
// CA. Nothing depends on these being installed: a kind is watched from the minute in which
// the API server serves it until it no longer does.
package producers

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
)

// discoveryInterval is how often the API server is asked which kinds it serves.
const discoveryInterval = time.Minute

// Registry knows the objects that claim to make a Secret.
type Registry struct {
	client    dynamic.Interface
	discovery Discovery
	clock     clock.Clock
	kinds     []kind
	listeners []func(namespace, secret string)

	mu         sync.RWMutex
	watchers   []*watcher // of the kind with the same index; nil while it is not served
	discovered bool       // whether it is known of every kind if it is served

	toldMu    sync.Mutex
	told      map[secretKey]string // the clauses that the listeners know of
	toldState state                // the rest that they know of
}

type secretKey struct{ namespace, name string }

// state is what is known about the kinds.
type state struct {
	settled bool
	looked  string
}

// New returns a Registry that does nothing until Start. The clock times discovery and the
// retries of what is forbidden.
func New(client dynamic.Interface, discovery Discovery, clk clock.Clock) *Registry {
	return &Registry{
		client:    client,
		discovery: discovery,
		clock:     clk,
		kinds:     kinds,
		watchers:  make([]*watcher, len(kinds)),
		told:      map[secretKey]string{},
	}
}

// OnChange registers a function that is called after the clause that Of returns for a
// Secret has changed, and with two empty strings after that of Looked or Settled has.
// It is called without the locks that Of and Looked take, from several goroutines, and must
// return soon. Call OnChange before Start.
func (r *Registry) OnChange(f func(namespace, secret string)) {
	r.listeners = append(r.listeners, f)
}

// NeedLeaderElection implements manager.LeaderElectionRunnable: only the leader tells
// people why a pod waits.
func (r *Registry) NeedLeaderElection() bool { return true }

// Start implements manager.Runnable. It watches until ctx is done and returns nil when all
// its goroutines have ended. Call it once.
func (r *Registry) Start(ctx context.Context) error {
	ctx = klog.NewContext(ctx, klog.LoggerWithName(klog.FromContext(ctx), "producers"))
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		r.discover(ctx, &wg)
		select {
		case <-ctx.Done():
			return nil
		case <-r.clock.After(discoveryInterval):
		}
	}
}

// Of says in one clause who is going to make a Secret and how far that is. The clause
// continues a sentence such as `secret "shop/web-tls" does not exist; `. It holds no
// relative times. If several objects claim the Secret it is the one whose kind comes first
// in Looked, then the oldest. Of does no I/O.
func (r *Registry) Of(namespace, secret string) (clause string, found bool) {
	var best claim
	for _, w := range r.running() {
		for _, c := range w.claims(secretKey{namespace, secret}) {
			if !found || best.helper && !c.helper {
				best, found = c, true
			}
		}
	}
	return best.clause, found
}

// Looked returns what Of looks at, always in the same order: the kinds that are served,
// each with what keeps it from being read, if anything does.
func (r *Registry) Looked() []string {
	var looked []string
	for _, w := range r.running() {
		looked = append(looked, w.describe())
	}
	return looked
}

// Settled reports whether Of and Looked know all that they can: discovery has answered for
// every kind, and each that is served was listed or could not be. Before, an answer may be
// outdated a moment later.
func (r *Registry) Settled() bool {
	r.mu.RLock()
	discovered := r.discovered
	r.mu.RUnlock()
	return discovered && !slices.ContainsFunc(r.running(), (*watcher).pending)
}

// running returns the watchers of the served kinds, in order of kinds.
func (r *Registry) running() []*watcher {
	r.mu.RLock()
	defer r.mu.RUnlock()
	running := make([]*watcher, 0, len(r.watchers))
	for _, w := range r.watchers {
		if w != nil {
			running = append(running, w)
		}
	}
	return running
}

// changed tells the listeners of those Secrets whose clause is not what they know.
func (r *Registry) changed(keys []secretKey) {
	var news []secretKey
	r.toldMu.Lock()
	for _, k := range keys {
		clause, found := r.Of(k.namespace, k.name)
		if clause == r.told[k] {
			continue
		}
		if found {
			r.told[k] = clause
		} else {
			delete(r.told, k)
		}
		news = append(news, k)
	}
	r.toldMu.Unlock()
	slices.SortFunc(news, func(a, b secretKey) int {
		return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name))
	})
	for _, k := range news {
		r.notify(k)
	}
}

// stateChanged tells the listeners if Looked or Settled return something else than they know.
func (r *Registry) stateChanged() {
	r.toldMu.Lock()
	now := state{r.Settled(), strings.Join(r.Looked(), "\n")}
	same := now == r.toldState
	r.toldState = now
	r.toldMu.Unlock()
	if !same {
		r.notify(secretKey{})
	}
}

func (r *Registry) notify(k secretKey) {
	for _, f := range r.listeners {
		f(k.namespace, k.name)
	}
}
