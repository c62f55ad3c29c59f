// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"container/heap"
	"maps"
	"slices"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// waiting is the index of pods that are held or being judged: which Secrets each waits for,
// which pods wait for a Secret, and when a pod is due by the clock. Its methods are safe for
// concurrent use and call nothing outside the package but onHeld.
type waiting struct {
	// onHeld learns by how much the number of held pods changed.
	onHeld func(delta int)

	mu        sync.Mutex
	pods      map[types.UID]*entry
	bySecret  map[types.NamespacedName]map[types.UID]*entry
	deadlines deadlines
}

// entry is one pod of the index.
type entry struct {
	pod         *v1.Pod
	declaration declare.Declaration
	// invalid is why pod declares nothing that can be judged; nil if it does.
	invalid error
	// parsed says that declaration and invalid are those of pod.
	parsed bool
	held   held

	// wakeAt is zero if the pod has no place in deadlines, and position is that place.
	wakeAt   time.Time
	position int
}

// held says how long a pod has been held and why.
type held struct {
	// Since is the time of the first hold; zero if the pod was not held yet.
	Since time.Time
	// Reason is why the pod is held now.
	Reason tlsready.Reason
	// ReasonSince is the time of the first hold with Reason.
	ReasonSince time.Time
	// Told is what people were told last and ToldAt when; empty if they were told nothing yet.
	Told   string
	ToldAt time.Time
	// ToldReasons are the reasons for which people were told anything, each once.
	ToldReasons []tlsready.Reason
}

func newWaiting(onHeld func(delta int)) *waiting {
	return &waiting{
		onHeld:   onHeld,
		pods:     map[types.UID]*entry{},
		bySecret: map[types.NamespacedName]map[types.UID]*entry{},
	}
}

// Add puts the pod into the index, waiting for no Secret, unless it is there.
func (w *waiting) Add(pod *v1.Pod) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.pods[pod.UID]; !ok {
		w.pods[pod.UID] = &entry{pod: pod}
	}
}

// Declaration returns what Require was last told about the pod, if its annotations are the
// same: nothing else of a pod that a declaration depends on can change.
func (w *waiting) Declaration(pod *v1.Pod) (d declare.Declaration, invalid error, known bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e, ok := w.pods[pod.UID]
	if !ok || !e.parsed || e.pod != pod && !maps.Equal(e.pod.Annotations, pod.Annotations) {
		return declare.Declaration{}, nil, false
	}
	return e.declaration, e.invalid, true
}

// Require makes a pod of the index wait for the Secrets of the declaration and for no others.
// invalid is why it declares nothing that can be judged, or nil.
func (w *waiting) Require(pod *v1.Pod, d declare.Declaration, invalid error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e, ok := w.pods[pod.UID]
	if !ok {
		return
	}
	w.unlist(e)
	e.pod, e.declaration, e.invalid, e.parsed = pod, d, invalid, true
	for _, r := range d.Requirements {
		key := types.NamespacedName{Namespace: pod.Namespace, Name: r.SecretName}
		if w.bySecret[key] == nil {
			w.bySecret[key] = map[types.UID]*entry{}
		}
		w.bySecret[key][pod.UID] = e
	}
}

// Hold notes that a pod of the index is held for the reason, and returns what is known of
// that and whether the reason is new.
func (w *waiting) Hold(uid types.UID, reason tlsready.Reason, now time.Time) (h held, changed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e, ok := w.pods[uid]
	if !ok {
		return held{Since: now, Reason: reason, ReasonSince: now}, false
	}
	if e.held.Since.IsZero() {
		e.held.Since = now
		w.onHeld(1)
	}
	if e.held.Reason != reason {
		e.held.Reason, e.held.ReasonSince = reason, now
		changed = true
	}
	return e.held, changed
}

// Tell claims the telling of a message about the pod; it returns true to the first that asks.
func (w *waiting) Tell(uid types.UID, reason tlsready.Reason, message string, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	e, ok := w.pods[uid]
	if !ok || e.held.Told == message {
		return false
	}
	e.held.Told, e.held.ToldAt = message, now
	if !slices.Contains(e.held.ToldReasons, reason) {
		e.held.ToldReasons = append(e.held.ToldReasons, reason)
	}
	return true
}

// Untell gives a claim back that could not be fulfilled; the pod is due at the given time at
// the latest, unless that is zero, to claim it again.
func (w *waiting) Untell(uid types.UID, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e, ok := w.pods[uid]
	if !ok {
		return
	}
	e.held.Told = ""
	w.deadlines.set(e, earliest(e.wakeAt, at))
}

// WakeAt sets when the pod is due; zero means never. It returns whether that is now the
// earliest time of all.
func (w *waiting) WakeAt(uid types.UID, at time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	e, ok := w.pods[uid]
	if !ok {
		return false
	}
	w.deadlines.set(e, at)
	return !at.IsZero() && e.position == 0
}

// Remove takes the pod out of the index and returns how it was held, if it was there.
func (w *waiting) Remove(uid types.UID) (held, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e, ok := w.pods[uid]
	if !ok {
		return held{}, false
	}
	w.unlist(e)
	w.deadlines.set(e, time.Time{})
	delete(w.pods, uid)
	if !e.held.Since.IsZero() {
		w.onHeld(-1)
	}
	return e.held, true
}

// unlist makes the entry wait for no Secret.
func (w *waiting) unlist(e *entry) {
	for _, r := range e.declaration.Requirements {
		key := types.NamespacedName{Namespace: e.pod.Namespace, Name: r.SecretName}
		delete(w.bySecret[key], e.pod.UID)
		if len(w.bySecret[key]) == 0 {
			delete(w.bySecret, key)
		}
	}
}

// Has says whether the pod is in the index.
func (w *waiting) Has(uid types.UID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, ok := w.pods[uid]
	return ok
}

// Waiters returns the pods that wait for the Secret, in no order.
func (w *waiting) Waiters(secret types.NamespacedName) []types.UID {
	w.mu.Lock()
	defer w.mu.Unlock()
	return uids(w.bySecret[secret])
}

// All returns the pods of a namespace, of all namespaces if it is empty, in no order.
func (w *waiting) All(namespace string) []types.UID {
	w.mu.Lock()
	defer w.mu.Unlock()
	if namespace == "" {
		return uids(w.pods)
	}
	var all []types.UID
	for uid, e := range w.pods {
		if e.pod.Namespace == namespace {
			all = append(all, uid)
		}
	}
	return all
}

// Due returns the pods that are due at the given time and forgets their times. next is the
// earliest time of the others, zero if there is none.
func (w *waiting) Due(now time.Time) (due []types.UID, next time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.deadlines) > 0 {
		e := w.deadlines[0]
		if e.wakeAt.After(now) {
			return due, e.wakeAt
		}
		heap.Pop(&w.deadlines)
		e.wakeAt = time.Time{}
		due = append(due, e.pod.UID)
	}
	return due, time.Time{}
}

// Pods returns those of the given pods that are in the index.
func (w *waiting) Pods(among []types.UID) []*v1.Pod {
	w.mu.Lock()
	defer w.mu.Unlock()
	pods := make([]*v1.Pod, 0, len(among))
	for _, uid := range among {
		if e, ok := w.pods[uid]; ok {
			pods = append(pods, e.pod)
		}
	}
	return pods
}

func uids(entries map[types.UID]*entry) []types.UID {
	if len(entries) == 0 {
		return nil
	}
	all := make([]types.UID, 0, len(entries))
	for uid := range entries {
		all = append(all, uid)
	}
	return all
}
