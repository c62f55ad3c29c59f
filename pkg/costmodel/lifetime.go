// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costmodel

import (
	"fmt"
	"math"
	"math/bits"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/text"
)

// LifetimeAnnotation on a pod says for how long it will run once it has
// started, as a Go duration such as 90m or 2h30m.
const LifetimeAnnotation = "tollgate.dev/expected-lifetime"

// Forever is the lifetime of a pod that declares none.
const Forever = time.Duration(math.MaxInt64)

// bucketUnit is the extension from which on extensions are told apart.
const bucketUnit = 5 * time.Minute

// LifetimeOf returns the lifetime that the pod declares: by LifetimeAnnotation,
// else by spec.activeDeadlineSeconds, else Forever. It returns an error for an
// annotation that cannot be read, together with the lifetime without it.
func LifetimeOf(pod *corev1.Pod) (time.Duration, error) {
	value, ok := pod.Annotations[LifetimeAnnotation]
	if !ok {
		return deadlineOf(pod), nil
	}
	lifetime, err := ParseLifetime(value)
	if err != nil {
		return deadlineOf(pod), fmt.Errorf("reading annotation %s: %w", LifetimeAnnotation, err)
	}
	return lifetime, nil
}

// ParseLifetime reads a value of LifetimeAnnotation: a Go duration above 0.
func ParseLifetime(value string) (time.Duration, error) {
	lifetime, err := time.ParseDuration(value)
	if err != nil || lifetime <= 0 {
		return 0, fmt.Errorf("%q is not a duration above 0 such as 90m or 2h30m", text.Clip(value, 40))
	}
	return lifetime, nil
}

func deadlineOf(pod *corev1.Pod) time.Duration {
	seconds := pod.Spec.ActiveDeadlineSeconds
	if seconds == nil || *seconds > int64(Forever/time.Second) {
		return Forever
	}
	return time.Duration(max(0, *seconds)) * time.Second
}

// Extension returns for how much longer a node is needed if a pod of this
// lifetime starts there now. The node's other pods need it for busy, Forever if
// one of them never ends, 0 if there are none.
//
// Details:
//
//	max(0, lifetime - busy), and 0 if busy is Forever
func Extension(lifetime, busy time.Duration) time.Duration {
	switch {
	case busy == Forever:
		return 0
	case lifetime == Forever:
		return Forever
	default:
		return max(0, lifetime-max(0, busy))
	}
}

// Bucket returns the bucket of an extension, from 0 to MaxBucket.
//
// Details:
//
//	floor(log2(1 + extension/300s)), and MaxBucket for Forever
//
// So extensions of less than five minutes are as good as none, and those of an
// hour (3) and of 70 minutes are alike.
func Bucket(extension time.Duration) int {
	switch {
	case extension == Forever:
		return MaxBucket
	case extension <= 0:
		return 0
	default:
		return bits.Len64(1+uint64(extension/bucketUnit)) - 1
	}
}
