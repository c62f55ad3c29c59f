// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// lookupTimeout bounds one live GET.
const lookupTimeout = 10 * time.Second

type secretKey struct{ namespace, name string }

func (k secretKey) inNamespace() string { return k.namespace }

// lookups remembers what live GETs said about names that the informer does not have, and about Secrets that take so long to
// check that the informer has not checked them: that is done here, when a pod asks, and the namespaces take turns.
type lookups struct {
	fetch    func(ctx context.Context, namespace, name string) (*corev1.Secret, error)
	clock    clock.WithTicker
	informed func(secretKey) *tlsready.Facts
	notify   func(namespace, name string)
	jobs     jobs[secretKey]

	mu      sync.Mutex
	known   table[secretKey, lookup]
	refused map[string]error // by namespace: the last GET was refused
}

// lookup is what is known about one name.
type lookup struct {
	state   State           // Pending, Found, NotFound, OtherType or Forbidden
	facts   *tlsready.Facts // of OtherType, and of Found for a Secret that the informer has not checked
	err     error           // of Forbidden
	asked   time.Time
	backoff time.Duration
}

// Causes of Pending.
var (
	// errNoRoom: the name is not looked up.
	errNoRoom = errors.New("too many names are looked up")
	// errChecking: the Secret is there and is being checked.
	errChecking = errors.New("the Secret is being checked")
)

func newLookups(fetch func(context.Context, string, string) (*corev1.Secret, error), limits *limits, informed func(secretKey) *tlsready.Facts, notify func(string, string)) *lookups {
	l := &lookups{
		fetch: fetch, clock: limits.clock, informed: informed, notify: notify,
		known:   newTable[secretKey, lookup](),
		refused: make(map[string]error),
	}
	l.jobs = jobs[secretKey]{limits: limits, wanted: l.wanted, do: l.look}
	return l
}

// get returns what is known about a name, and queues a GET for a new one. A name for which
// there is no room is Pending with errNoRoom.
func (l *lookups) get(k secretKey) (*tlsready.Facts, State, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.known.entries[k]
	if !ok {
		e = &lookup{state: Pending}
		evicted, room := l.known.add(k, e)
		if !room {
			return nil, Pending, errNoRoom
		}
		if evicted != nil {
			delete(l.refused, evicted.namespace) // the next look tells
		}
		l.jobs.add(k)
	}
	e.asked = l.clock.Now()
	return e.facts, e.state, e.err
}

// check returns what is known about a Secret that the informer has not checked.
func (l *lookups) check(k secretKey, unchecked *tlsready.Facts) (*tlsready.Facts, State, error) {
	facts, state, err := l.get(k)
	if state == Found && sameVersion(facts, unchecked) {
		return facts, Found, nil
	}
	if state == Found || state == Pending && err == nil { // An answer for another version is as good as none.
		return nil, Pending, errChecking
	}
	return facts, state, err
}

func sameVersion(a, b *tlsready.Facts) bool {
	return a.UID == b.UID && a.ResourceVersion == b.ResourceVersion
}

// cached reports whether the informer has a Secret and has checked it.
func (l *lookups) cached(k secretKey) bool {
	facts := l.informed(k)
	return facts != nil && !facts.Unchecked()
}

// forget drops a name that the informer has taken over.
func (l *lookups) forget(k secretKey) {
	l.mu.Lock()
	woken := l.remove(k)
	l.mu.Unlock()
	l.wake(woken)
}

// remove drops a name; the lock must be held. It returns the namespaces to wake.
func (l *lookups) remove(k secretKey) (woken []string) {
	if _, ok := l.known.entries[k]; ok {
		delete(l.refused, k.namespace)
	}
	return l.known.remove(k)
}

func (l *lookups) wake(namespaces []string) {
	for _, namespace := range namespaces {
		l.notify(namespace, "")
	}
}

// status returns an error if GETs are refused: that of the first namespace by name.
func (l *lookups) status() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, namespace := range slices.Sorted(maps.Keys(l.refused)) {
		return l.refused[namespace]
	}
	return nil
}

// wanted reports whether somebody asked for the name lately, and drops it if not.
func (l *lookups) wanted(k secretKey) bool {
	l.mu.Lock()
	e, ok := l.known.entries[k]
	var woken []string
	if ok && l.clock.Since(e.asked) > retention {
		ok, woken = false, l.remove(k)
	}
	l.mu.Unlock()
	l.wake(woken)
	return ok
}

// look makes one GET and takes note of the answer.
func (l *lookups) look(ctx context.Context, k secretKey, _ func() bool) {
	if l.cached(k) {
		l.forget(k)
		l.notify(k.namespace, k.name)
		return
	}
	secret, err := confirmed(!l.isRefused(k.namespace), func() (*corev1.Secret, error) { return l.getLive(ctx, k) })
	if ctx.Err() != nil {
		return
	}
	answer, known := l.judge(k, secret, err)
	if !known {
		klog.FromContext(ctx).V(2).Info("Failed to look up a Secret, retrying", "secret", klog.KRef(k.namespace, k.name), "err", err)
	}
	// The informer may have got the Secret while the GET was under way; then its handler
	// has found nothing to forget, or will find this answer.
	if l.note(k, answer, known) || l.cached(k) {
		l.notify(k.namespace, k.name)
	}
}

func (l *lookups) getLive(ctx context.Context, k secretKey) (*corev1.Secret, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	return l.fetch(ctx, k.namespace, k.name)
}

func (l *lookups) isRefused(namespace string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refused[namespace] != nil
}

// judge turns the answer to a GET into a lookup; known is false if it says nothing.
func (l *lookups) judge(k secretKey, secret *corev1.Secret, err error) (answer lookup, known bool) {
	switch {
	case apierrors.IsNotFound(err):
		return lookup{state: NotFound}, true
	case apierrors.IsForbidden(err):
		return lookup{state: Forbidden, err: forbiddenError("getting", err)}, true
	case err != nil:
		return lookup{}, false
	case secret.Type == corev1.SecretTypeTLS && l.informed(k) == nil:
		// The informer will have it in a moment, and only it learns of later changes.
		wipe(secret)
		return lookup{state: Pending}, true
	case secret.Type == corev1.SecretTypeTLS:
		facts := l.checked(k, secret)
		wipe(secret)
		return lookup{state: Found, facts: facts}, true
	}
	wipe(secret)
	return lookup{state: OtherType, facts: tlsready.Inspect(secret)}, true
}

// checked returns the facts of a Secret that the informer has not checked; those that are known are not made again.
func (l *lookups) checked(k secretKey, secret *corev1.Secret) *tlsready.Facts {
	l.mu.Lock()
	var known *tlsready.Facts
	if e, ok := l.known.entries[k]; ok && e.state == Found {
		known = e.facts
	}
	l.mu.Unlock()
	if known != nil && known.UID == secret.UID && known.ResourceVersion == secret.ResourceVersion {
		return known
	}
	return tlsready.Inspect(secret)
}

// note stores an answer, schedules the next GET and reports whether the state changed.
func (l *lookups) note(k secretKey, answer lookup, known bool) (changed bool) {
	l.mu.Lock()
	e, ok := l.known.entries[k]
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
		changed = e.state != answer.state || e.facts != nil && (e.facts.Type != answer.facts.Type || e.state == Found && !sameVersion(e.facts, answer.facts))
		if changed {
			e.backoff = 0
		}
		e.state, e.facts, e.err = answer.state, answer.facts, answer.err
	}
	e.backoff = min(max(2*e.backoff, minBackoff), limit)
	delay := e.backoff
	l.mu.Unlock()
	l.jobs.addAfter(k, delay)
	return changed
}
