// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"reflect"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// trustKey asks whether the authorities that trust names have signed a Secret's certificate.
type trustKey struct {
	namespace, name string
	trust           declare.Trust
}

func (k trustKey) inNamespace() string { return k.namespace }

// version is one version of an object; the zero version is no object's.
type version struct {
	uid             types.UID
	resourceVersion string
}

// trusts remembers the answers of the worker, each for one version of a Secret. There is
// one answer per key, so a Secret that changes often takes no more room.
type trusts struct {
	clock  clock.PassiveClock
	client kubernetes.Interface
	notify func(namespace, name string)
	jobs   jobs[trustKey]

	mu    sync.Mutex
	known table[trustKey, trustEntry]
}

type trustEntry struct {
	wanted  version      // of the Secret, as asked last
	answer  *trustAnswer // nil until there is one
	asked   time.Time
	backoff time.Duration
}

// trustAnswer is immutable. One of facts, problem and refused is set.
type trustAnswer struct {
	secret  version // the answer holds for; zero if it holds for all
	anchors version // of the ConfigMap or ClusterTrustBundle; zero if another look may differ all the same
	// facts say when the authorities vouch for the Secret's certificate.
	facts *tlsready.TrustFacts
	// problem says why the authorities cannot be used, as tlsready.TrustUnusable wants it.
	problem string
	// refused says why the Secret cannot be read.
	refused string
}

// answers reports whether the answer holds for a version of the Secret.
func (a *trustAnswer) answers(v version) bool {
	return a != nil && (a.secret == v || a.secret == version{})
}

// sameVerdict reports whether nobody needs to hear of the difference between two answers.
func (a *trustAnswer) sameVerdict(b *trustAnswer) bool {
	return a != nil && a.secret == b.secret && a.problem == b.problem && a.refused == b.refused && reflect.DeepEqual(a.facts, b.facts)
}

func newTrusts(client kubernetes.Interface, limits *limits, notify func(namespace, name string)) *trusts {
	t := &trusts{clock: limits.clock, client: client, notify: notify, known: newTable[trustKey, trustEntry]()}
	t.jobs = jobs[trustKey]{limits: limits, wanted: t.wanted, do: t.look}
	return t
}

// get returns the answer for a version of the Secret, nil if there is none yet, and queues
// a look at a new key or version. room is false if the key was turned away.
func (t *trusts) get(k trustKey, v version) (answer *trustAnswer, room bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, ok := t.known.entries[k]
	if !ok {
		e = &trustEntry{wanted: v}
		if _, room := t.known.add(k, e); !room {
			return nil, false
		}
		t.jobs.add(k)
	} else if e.wanted != v {
		e.wanted, e.backoff = v, 0
		if !e.answer.answers(v) {
			t.jobs.add(k)
		}
	}
	e.asked = t.clock.Now()
	if !e.answer.answers(v) {
		return nil, true
	}
	return e.answer, true
}

// wanted reports whether somebody asked for the key lately, and drops it if not.
func (t *trusts) wanted(k trustKey) bool {
	t.mu.Lock()
	e, ok := t.known.entries[k]
	var woken []string
	if ok && t.clock.Since(e.asked) > retention {
		ok, woken = false, t.known.remove(k)
	}
	t.mu.Unlock()
	for _, namespace := range woken {
		t.notify(namespace, "")
	}
	return ok
}

// current returns the last answer for the version that is wanted, nil if there is none.
func (t *trusts) current(k trustKey) *trustAnswer {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := t.known.entries[k]; ok && e.answer.answers(e.wanted) {
		return e.answer
	}
	return nil
}

// note stores an answer, nil if there is no news, schedules the next look and reports
// whether the verdict may have changed. One look may overtake another: an answer for the
// version that is wanted stays.
func (t *trusts) note(k trustKey, answer *trustAnswer) (changed bool) {
	t.mu.Lock()
	e, ok := t.known.entries[k]
	if !ok {
		t.mu.Unlock()
		return false
	}
	if answer != nil && (answer.answers(e.wanted) || !e.answer.answers(e.wanted)) {
		if changed = !e.answer.sameVerdict(answer); changed {
			e.backoff = 0
		}
		e.answer = answer
	}
	if e.backoff = min(max(2*e.backoff, minBackoff), maxBackoff); e.answer.answers(e.wanted) && e.answer.facts != nil {
		e.backoff = maxBackoff // Only a change of the authorities could give another answer.
	}
	delay := e.backoff
	t.mu.Unlock()
	t.jobs.addAfter(k, delay)
	return changed
}
