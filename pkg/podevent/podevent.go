// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package podevent makes the Events that tell why a pod waits. Their names are
// deterministic, so that replicas write each only once.
package podevent

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/text"
)

// Limits of the API, in bytes.
const (
	MaxNote     = 1024
	maxInstance = 128
	maxName     = 253
)

// Source is who reports.
type Source struct {
	// Controller is the reportingController, such as "tollgate.dev/certgate".
	Controller string
	// Instance is the reportingInstance, such as the name of the host.
	Instance string
}

// Event is what is told.
type Event struct {
	// Type is Normal or Warning.
	Type string
	// Reason is why, Action what was done, both in CamelCase.
	Reason, Action string
	// Note is for people; it is cut at MaxNote bytes.
	Note string
}

// New returns the Event about the pod at the given time.
func (s Source) New(pod *corev1.Pod, e Event, now time.Time) *eventsv1.Event {
	return &eventsv1.Event{
		ObjectMeta:          metav1.ObjectMeta{Namespace: pod.Namespace, Name: Name(pod, e.Reason)},
		EventTime:           metav1.NewMicroTime(now),
		Type:                e.Type,
		Reason:              e.Reason,
		Action:              e.Action,
		Note:                text.Truncate(e.Note, MaxNote),
		ReportingController: s.Controller,
		ReportingInstance:   text.Truncate(s.Instance, maxInstance),
		Regarding: corev1.ObjectReference{
			APIVersion:      "v1",
			Kind:            "Pod",
			Namespace:       pod.Namespace,
			Name:            pod.Name,
			UID:             pod.UID,
			ResourceVersion: pod.ResourceVersion,
		},
	}
}

// Name is the pod's name, a dot and 16 hex digits of the SHA-256 of its UID and the reason.
func Name(pod *corev1.Pod, reason string) string {
	sum := sha256.Sum256([]byte(string(pod.UID) + reason))
	suffix := "." + hex.EncodeToString(sum[:8])
	name := pod.Name
	if len(name) > maxName-len(suffix) {
		name = name[:maxName-len(suffix)]
	}
	return strings.TrimRight(name, ".-") + suffix
}
