// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tollgate-dev/tollgate/pkg/podcondition"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// The least time between two writes of one pod's condition that let no pod go and hold
// none. A thousand pods of one Secret then cost at most a thousand writes per second.
const (
	reasonPace  = time.Second
	messagePace = 10 * time.Second
)

// pace returns how much longer next has to wait for the condition written last; zero if
// not at all. The pod is looked at again then, so the last state is always written.
func (m *memory) pace(key types.NamespacedName, pod *corev1.Pod, next corev1.PodCondition, now time.Time) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	last := m.of(key)
	if last.toldAt.IsZero() || alike(last.told, next) {
		return 0
	}
	return max(last.toldAt.Add(gap(pod, last.told, next, now)).Sub(now), 0)
}

// tell notes that the condition was written.
func (m *memory) tell(key types.NamespacedName, c corev1.PodCondition, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if pod := m.of(key); !alike(pod.told, c) {
		pod.told, pod.toldAt = c, now
	}
}

// gap is the least time between two conditions. What changes the gate's answer is written at once.
func gap(pod *corev1.Pod, last, next corev1.PodCondition, now time.Time) time.Duration {
	switch {
	case last.Status != next.Status:
		return 0
	case next.Status == corev1.ConditionTrue:
		before, after := reading(pod, last, now), reading(pod, next, now)
		if last.Reason != next.Reason || !before.Ready || !before.RecheckAt.Equal(after.RecheckAt) {
			return 0
		}
	case last.Reason != next.Reason:
		return reasonPace
	}
	return messagePace
}

// reading is what a gate makes of a condition of the pod.
func reading(pod *corev1.Pod, c corev1.PodCondition, now time.Time) tlsready.Verdict {
	alone := &corev1.Pod{Status: corev1.PodStatus{Conditions: []corev1.PodCondition{c}}}
	alone.Annotations = pod.Annotations
	return podcondition.Read(alone, now)
}
