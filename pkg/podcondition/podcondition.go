// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package podcondition is the contract of the pod condition tollgate.dev/TLSReady between
// the controller, which writes it, and a gate with source PodCondition, which trusts it.
// It is pure.
package podcondition

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/text"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// Type is the type of the condition.
const Type corev1.PodConditionType = "tollgate.dev/TLSReady"

// Reasons of the condition, beside those of package tlsready.
const (
	// ReasonUsable says that every declared Secret can serve; the gate lets the pod go.
	ReasonUsable = "Usable"
	// ReasonScheduled says that the pod was bound to a node while a Secret was not usable.
	ReasonScheduled = "Scheduled"
	// ReasonNotDeclared says that the pod no longer declares any Secret.
	ReasonNotDeclared = "NotDeclared"
	// ReasonTLSNotReady replaces Unschedulable in condition PodScheduled of a held pod, so
	// that cluster autoscalers do not buy a node for it.
	ReasonTLSNotReady = "TLSNotReady"
)

// Parts of a True condition's message that Read looks for. They stand at its end.
const (
	untilMark       = "; usable until "
	declarationMark = "; declaration "
)

// maxMessage bounds the text before the marks, in bytes, so that they are never cut off.
const maxMessage = 16 << 10

// Of returns the condition of the pod, nil if it has none.
func Of(pod *corev1.Pod) *corev1.PodCondition {
	return Get(pod, Type)
}

// Get returns the pod's condition of the type, nil if it has none.
func Get(pod *corev1.Pod, t corev1.PodConditionType) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == t {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}

// True returns the condition of a pod that may go on: message says what was found, until is when
// it ends to be so, to the second, zero for never. The condition holds for the declaration that the pod has now.
func True(pod *corev1.Pod, reason, message string, until time.Time) corev1.PodCondition {
	// A text may quote what others wrote, such as the names in a certificate. Of the marks only
	// this one can be missing, and then Read would take the text's.
	message = clean(strings.ReplaceAll(message, untilMark, strings.Replace(untilMark, ";", ",", 1)))
	if !until.IsZero() {
		message += untilMark + until.UTC().Format(time.RFC3339)
	}
	return corev1.PodCondition{Type: Type, Status: corev1.ConditionTrue, Reason: reason, Message: message + declarationMark + Fingerprint(pod)}
}

// False returns the condition of a pod that is held.
func False(v tlsready.Verdict) corev1.PodCondition {
	return corev1.PodCondition{
		Type: Type, Status: corev1.ConditionFalse, Reason: string(v.Reason), Message: clean(v.Message),
	}
}

// clean bounds a text and makes it what the API server keeps unchanged: else each look at the
// condition would find it different from what is to be written.
func clean(s string) string {
	return text.Truncate(strings.ToValidUTF8(s, "\uFFFD"), maxMessage)
}

// Read returns what the pod's condition says at the given time about the declaration that
// the pod has now. A condition that is absent, about another declaration or past its end
// does not let the pod go.
func Read(pod *corev1.Pod, now time.Time) tlsready.Verdict {
	c := Of(pod)
	if c == nil {
		return tlsready.Verdict{
			Reason:  tlsready.NoReport,
			Message: fmt.Sprintf("the pod has no condition %s yet, which tollgate-controller writes", Type),
		}
	}
	if c.Status != corev1.ConditionTrue {
		if c.Reason == "" {
			return stale("gives no reason")
		}
		return tlsready.Verdict{Reason: tlsready.Reason(c.Reason), Message: c.Message}
	}
	until, fingerprint, err := parse(c.Message)
	switch {
	case err != nil:
		return stale("cannot be read: " + err.Error())
	case fingerprint != Fingerprint(pod):
		return stale("speaks of annotations that the pod no longer has")
	case !until.IsZero() && !now.Before(until):
		return stale("held until " + until.UTC().Format(time.RFC3339) + " only")
	}
	return tlsready.Verdict{Ready: true, Reason: tlsready.Ready, RecheckAt: until}
}

func stale(why string) tlsready.Verdict {
	return tlsready.Verdict{Reason: tlsready.ReportStale, Message: fmt.Sprintf("condition %s %s; waiting for tollgate-controller to write it again", Type, why)}
}

// parse reads the marks at the end of a True condition's message.
func parse(message string) (until time.Time, fingerprint string, err error) {
	at := strings.LastIndex(message, declarationMark)
	if at < 0 {
		return until, "", fmt.Errorf("its message does not end in %q", declarationMark+"...")
	}
	fingerprint, message = message[at+len(declarationMark):], message[:at]
	if at = strings.LastIndex(message, untilMark); at < 0 {
		return until, fingerprint, nil
	}
	if until, err = time.Parse(time.RFC3339, message[at+len(untilMark):]); err != nil {
		return until, fingerprint, fmt.Errorf("its message has a time that is not RFC 3339")
	}
	return until, fingerprint, nil
}

// annotations are all that a declaration consists of beside the pod's spec, of which nothing
// that a declaration looks at can be changed.
var annotations = []string{
	declare.RequireTLSAnnotation, declare.RequirementsAnnotation,
	declare.OnExpiredAnnotation, declare.AllowTemporaryAnnotation, declare.MaxWaitAnnotation, declare.IssueTLSAnnotation,
}

// Fingerprint returns eight hex digits of the SHA-256 of the pod's annotations that declare anything.
func Fingerprint(pod *corev1.Pod) string {
	sum := sha256.New()
	for _, key := range annotations {
		if value, ok := pod.Annotations[key]; ok {
			_, _ = fmt.Fprintf(sum, "%s=%d:%s;", key, len(value), value)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:4])
}
