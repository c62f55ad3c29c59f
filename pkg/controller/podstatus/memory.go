// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// patience is how long an answer that is not known yet is waited for before the pod is
// told so. It keeps starts and first looks from writing what is outdated a moment later.
const patience = 5 * time.Second

// memory holds what is known of waiting pods beside their objects. Losing it costs
// nothing but precision: it is never the only place of a fact that matters.
type memory struct {
	mu   sync.Mutex
	pods map[types.NamespacedName]*remembered
}

type remembered struct {
	uid        types.UID
	doubtSince time.Time  // When the answer was first not known; zero if it is.
	heldSince  time.Time  // When the wait began; the condition's own time has whole seconds only.
	work       *eventWork // What is to be done to the events.

	told     corev1.PodCondition // The condition that was written last,
	toldAt   time.Time           // and when; zero if none was.
	messages int                 // How often its message changed within a reason since its status did.
}

func newMemory() *memory {
	return &memory{pods: map[types.NamespacedName]*remembered{}}
}

func (m *memory) forget(key types.NamespacedName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.pods, key)
}

// meet drops what is known of an earlier pod of the same name.
func (m *memory) meet(key types.NamespacedName, uid types.UID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if pod := m.pods[key]; pod == nil || pod.uid != uid {
		m.pods[key] = &remembered{uid: uid}
	}
}

func (m *memory) of(key types.NamespacedName) *remembered {
	if m.pods[key] == nil {
		m.pods[key] = &remembered{}
	}
	return m.pods[key]
}

// doubt returns how much longer to wait for an answer; zero if it is known or if the
// patience has run out.
func (m *memory) doubt(key types.NamespacedName, known bool, now time.Time) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	pod := m.of(key)
	if known {
		pod.doubtSince = time.Time{}
		return 0
	}
	if pod.doubtSince.IsZero() {
		pod.doubtSince = now
	}
	return max(pod.doubtSince.Add(patience).Sub(now), 0)
}

// hold notes the begin of a wait, and at its end returns how long it was.
func (m *memory) hold(key types.NamespacedName, current *corev1.PodCondition, next corev1.ConditionStatus, now time.Time) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	pod := m.of(key)
	if pod.heldSince.IsZero() {
		pod.heldSince = now
		if current != nil && current.Status == corev1.ConditionFalse && !current.LastTransitionTime.IsZero() {
			pod.heldSince = current.LastTransitionTime.Time
		}
	}
	held := now.Sub(pod.heldSince)
	if next != corev1.ConditionFalse {
		pod.heldSince = time.Time{}
	}
	return max(held, 0)
}

// owe adds to the work for a pod; nil adds nothing.
func (m *memory) owe(key types.NamespacedName, work *eventWork) {
	if work == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	pod := m.of(key)
	if pod.work != nil {
		work.remove = append(work.remove, pod.work.remove...)
		work.once = append(work.once, pod.work.once...)
	}
	pod.work = work
}

func (m *memory) owed(key types.NamespacedName) *eventWork {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.of(key).work
}

func (m *memory) owes(key types.NamespacedName) bool {
	return m.owed(key) != nil
}

func (m *memory) paid(key types.NamespacedName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.of(key).work = nil
}
