// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// Limits of live lookups. They share the client's rate limit with binding, so they stay
// far below it; names that were never looked up do not wait behind those that were.
const (
	firstPerSecond   = 20
	firstBurst       = 50
	recheckPerSecond = 5
	recheckBurst     = 5

	lookupTimeout = 10 * time.Second
	minBackoff    = time.Second
	maxBackoff    = 30 * time.Second
	// retention is how long a name is remembered after somebody asked for it last. The
	// scheduler asks again for a pod that waits at the latest after five and a half minutes.
	retention = 10 * time.Minute
	// maxLookups bounds the names remembered at a time.
	maxLookups = 20_000
)

type secretKey struct{ namespace, name string }

// lookups remembers what live GETs said about names that the informer does not have.
type lookups struct {
	fetch  func(ctx context.Context, namespace, name string) (*corev1.Secret, error)
	clock  clock.WithTicker
	cached func(secretKey) bool
	notify func(namespace, name string)

	mu      sync.Mutex
	entries map[secretKey]*lookup
	refused map[string]error // by namespace: the last GET was refused
	full    bool             // a name was not taken in for lack of room
	first   workqueue.TypedInterface[secretKey]
	again   workqueue.TypedDelayingInterface[secretKey]
}

// lookup is what is known about one name.
type lookup struct {
	state   State           // Pending, NotFound, OtherType or Forbidden
	facts   *tlsready.Facts // of OtherType
	err     error           // of Forbidden
	asked   time.Time
	backoff time.Duration
}

func newLookups(fetch func(context.Context, string, string) (*corev1.Secret, error), clk clock.WithTicker, cached func(secretKey) bool, notify func(string, string)) *lookups {
	return &lookups{
		fetch: fetch, clock: clk, cached: cached, notify: notify,
		entries: make(map[secretKey]*lookup),
		refused: make(map[string]error),
	}
}

// run works until ctx is done.
func (l *lookups) run(ctx context.Context) {
	first := workqueue.NewTyped[secretKey]()
	again := workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[secretKey]{Clock: l.clock})
	l.mu.Lock()
	l.first, l.again = first, again
	for k := range l.entries {
		first.Add(k)
	}
	l.mu.Unlock()

	var wg sync.WaitGroup
	wg.Go(func() { l.work(ctx, first, rate.NewLimiter(firstPerSecond, firstBurst)) })
	wg.Go(func() { l.work(ctx, again, rate.NewLimiter(recheckPerSecond, recheckBurst)) })
	<-ctx.Done()
	first.ShutDown()
	again.ShutDown()
	wg.Wait()
}

// get returns what is known about a name, and queues a GET for a new one.
func (l *lookups) get(k secretKey) (*tlsready.Facts, State, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.entries[k]
	if !ok {
		if len(l.entries) >= maxLookups {
			l.full = true
			return nil, Pending, nil
		}
		e = &lookup{state: Pending}
		l.entries[k] = e
		if l.first != nil {
			l.first.Add(k)
		}
	}
	e.asked = l.clock.Now()
	return e.facts, e.state, e.err
}

// forget drops a name that the informer has taken over.
func (l *lookups) forget(k secretKey) {
	l.mu.Lock()
	woken := l.remove(k)
	l.mu.Unlock()
	if woken {
		l.notify("", "")
	}
}

// remove drops a name and reports whether that made room for one that was turned away.
// Most names that change were never looked up. The lock must be held.
func (l *lookups) remove(k secretKey) (woken bool) {
	if _, ok := l.entries[k]; !ok {
		return false
	}
	delete(l.entries, k)
	delete(l.refused, k.namespace)
	woken, l.full = l.full, false
	return woken
}

// status returns an error if GETs are refused.
func (l *lookups) status() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, err := range l.refused {
		return err
	}
	return nil
}

func (l *lookups) work(ctx context.Context, queue workqueue.TypedInterface[secretKey], limiter *rate.Limiter) {
	for {
		k, shutdown := queue.Get()
		if shutdown {
			return
		}
		if l.wanted(k) && l.wait(ctx, limiter) {
			l.look(ctx, k)
		}
		queue.Done(k)
	}
}

// wanted reports whether somebody asked for the name lately, and drops it if not.
func (l *lookups) wanted(k secretKey) bool {
	l.mu.Lock()
	e, ok := l.entries[k]
	woken := false
	if ok && l.clock.Since(e.asked) > retention {
		ok, woken = false, l.remove(k)
	}
	l.mu.Unlock()
	if woken {
		l.notify("", "")
	}
	return ok
}

// wait takes a token; false means that ctx is done.
func (l *lookups) wait(ctx context.Context, limiter *rate.Limiter) bool {
	now := l.clock.Now()
	if delay := limiter.ReserveN(now, 1).DelayFrom(now); delay > 0 {
		select {
		case <-ctx.Done():
		case <-l.clock.After(delay):
		}
	}
	return ctx.Err() == nil
}

// look makes one GET and takes note of the answer.
func (l *lookups) look(ctx context.Context, k secretKey) {
	if l.cached(k) {
		l.forget(k)
		l.notify(k.namespace, k.name)
		return
	}
	getCtx, cancel := context.WithTimeout(ctx, lookupTimeout)
	secret, err := l.fetch(getCtx, k.namespace, k.name)
	cancel()
	if ctx.Err() != nil {
		return
	}
	answer, known := judge(secret, err)
	if !known {
		klog.FromContext(ctx).V(2).Info("Failed to look up a Secret, retrying", "secret", klog.KRef(k.namespace, k.name), "err", err)
	}
	// The informer may have got the Secret while the GET was under way; then its handler
	// has found nothing to forget, or will find this answer.
	if l.note(k, answer, known) || l.cached(k) {
		l.notify(k.namespace, k.name)
	}
}

// judge turns the answer to a GET into a lookup; known is false if it says nothing.
func judge(secret *corev1.Secret, err error) (answer lookup, known bool) {
	switch {
	case apierrors.IsNotFound(err):
		return lookup{state: NotFound}, true
	case apierrors.IsForbidden(err):
		return lookup{state: Forbidden, err: forbiddenError("getting", err)}, true
	case err != nil:
		return lookup{}, false
	case secret.Type == corev1.SecretTypeTLS:
		// The informer will have it in a moment, and only it learns of later changes.
		return lookup{state: Pending}, true
	}
	return lookup{state: OtherType, facts: tlsready.Inspect(secret)}, true
}

// note stores an answer, schedules the next GET and reports whether the state changed.
func (l *lookups) note(k secretKey, answer lookup, known bool) (changed bool) {
	l.mu.Lock()
	e, ok := l.entries[k]
	if !ok {
		l.mu.Unlock()
		return false
	}
	limit := maxBackoff
	if known {
		delete(l.refused, k.namespace)
		if answer.state == Forbidden {
			l.refused[k.namespace] = answer.err
			limit = forbiddenRetry
		}
		changed = e.state != answer.state || e.facts != nil && e.facts.Type != answer.facts.Type
		if changed {
			e.backoff = 0
		}
		e.state, e.facts, e.err = answer.state, answer.facts, answer.err
	}
	e.backoff = min(max(2*e.backoff, minBackoff), limit)
	delay := e.backoff
	l.mu.Unlock()
	l.again.AddAfter(k, delay)
	return changed
}
