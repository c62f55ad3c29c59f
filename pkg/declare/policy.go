// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// maxWait is the longest time that MaxWaitAnnotation may hold: thirty days.
const maxWait = 30 * 24 * time.Hour

// Values of OnExpiredAnnotation and AllowTemporaryAnnotation; the first is the default.
var (
	onExpiredValues      = []string{"block", "warn"}
	allowTemporaryValues = []string{"false", "true"}
)

// readOnExpired reports whether an expired certificate is accepted.
func readOnExpired(pod *corev1.Pod, wrong *faults) bool {
	return chosen(pod, OnExpiredAnnotation, onExpiredValues, wrong) == "warn"
}

// readAllowTemporary reports whether a temporary certificate is accepted.
func readAllowTemporary(pod *corev1.Pod, wrong *faults) bool {
	return chosen(pod, AllowTemporaryAnnotation, allowTemporaryValues, wrong) == "true"
}

// chosen returns the value of an annotation that must be one of valid, "" without it.
func chosen(pod *corev1.Pod, annotation string, valid []string, wrong *faults) string {
	value, ok := pod.Annotations[annotation]
	if !ok {
		return ""
	}
	value = strings.TrimSpace(value)
	if err := checkChoice(value, valid); err != nil {
		wrong.of(annotation).fault(err)
	}
	return value
}

// readMaxWait returns when the pod has waited for as long as it asked to; zero if it did not
// ask. A pod that was not created yet, such as one from a file, has no deadline.
func readMaxWait(pod *corev1.Pod, wrong *faults) time.Time {
	value, ok := pod.Annotations[MaxWaitAnnotation]
	if !ok {
		return time.Time{}
	}
	wait, err := parseDuration(strings.TrimSpace(value), maxWait)
	if err != nil {
		wrong.of(MaxWaitAnnotation).fault(err)
	}
	if pod.CreationTimestamp.IsZero() {
		return time.Time{}
	}
	return pod.CreationTimestamp.Add(wait).UTC()
}
