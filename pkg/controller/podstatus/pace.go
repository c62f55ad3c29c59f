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
	// promptMessages is how many changes of message of a pod that is held wait no longer than
	// a reason does. The first message often is that somebody is about to make the Secret; why
	// that fails follows within seconds, when people look.
	promptMessages = 3
)

// pace returns how much longer next has to wait for the condition written last; zero if
// not at all. The pod is looked at again then, so the last state is always written.
func (m *memory) pace(key types.NamespacedName, pod *corev1.Pod, next corev1.PodCondition, now time.Time) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	written := m.of(key)
	if written.toldAt.IsZero() || alike(written.told, next) {
		return 0
	}
	return max(written.toldAt.Add(gap(pod, written, next, now)).Sub(now), 0)
}

// tell notes that the condition was written.
func (m *memory) tell(key types.NamespacedName, c corev1.PodCondition, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	pod := m.of(key)
	if alike(pod.told, c) {
		return
	}
	switch {
	case pod.told.Status != c.Status:
		pod.messages = 0
	case pod.told.Reason == c.Reason:
		pod.messages++
	}
	pod.told, pod.toldAt = c, now
}

// gap is the least time between what was written last and the next condition. What changes the gate's answer is written at once.
func gap(pod *corev1.Pod, written *remembered, next corev1.PodCondition, now time.Time) time.Duration {
	last := written.told
	switch {
	case last.Status != next.Status:
		return 0
	case next.Status == corev1.ConditionTrue:
		before, after := reading(pod, last, now), reading(pod, next, now)
		if last.Reason != next.Reason || !before.Ready || !before.RecheckAt.Equal(after.RecheckAt) {
			return 0
		}
	case last.Reason != next.Reason, written.messages < promptMessages:
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
