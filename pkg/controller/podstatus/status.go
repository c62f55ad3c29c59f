// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// Reasons of the condition tollgate.dev/TLSReady, beside those of package tlsready.
const (
	// ReasonUsable says that every declared Secret can serve; the gate lets the pod go.
	ReasonUsable = "Usable"
	// ReasonScheduled says that the pod was bound to a node while a Secret was not usable.
	ReasonScheduled = "Scheduled"
	// ReasonNotDeclared says that the pod no longer declares any Secret.
	ReasonNotDeclared = "NotDeclared"
	// ReasonTLSNotReady replaces Unschedulable in PodScheduled of a held pod, so that
	// cluster autoscalers do not buy a node for it.
	ReasonTLSNotReady = "TLSNotReady"
)

// keepAsking is how often the Secrets of a held pod are asked for at least. The source
// looks missing ones up again only while somebody asks, and drops names after ten minutes.
const keepAsking = 5 * time.Minute

// waiting reports whether the gate decides about the pod.
func waiting(pod *corev1.Pod) bool {
	return declare.Declared(pod) && pod.Spec.NodeName == "" && !finished(pod)
}

// finished reports whether the pod is being deleted or has ended.
func finished(pod *corev1.Pod) bool {
	return pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// leftFalse reports whether the condition of the pod is False.
func leftFalse(pod *corev1.Pod) bool {
	c := condition(pod, v1alpha1.TLSReadyCondition)
	return c != nil && c.Status == corev1.ConditionFalse
}

func condition(pod *corev1.Pod, t corev1.PodConditionType) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == t {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}

func heldCondition(v tlsready.Verdict) corev1.PodCondition {
	return corev1.PodCondition{
		Type:    v1alpha1.TLSReadyCondition,
		Status:  corev1.ConditionFalse,
		Reason:  string(v.Reason),
		Message: v.Message,
	}
}

func releasedCondition(pod *corev1.Pod) corev1.PodCondition {
	c := corev1.PodCondition{
		Type:    v1alpha1.TLSReadyCondition,
		Status:  corev1.ConditionTrue,
		Reason:  ReasonScheduled,
		Message: "the pod is bound to a node; nothing holds it any longer",
	}
	if !declare.Declared(pod) {
		c.Reason, c.Message = ReasonNotDeclared, "the pod declares no TLS Secrets"
	}
	return c
}

// podPatch is a strategic merge patch of a pod's status. The UID keeps it from a new
// pod of the same name.
type podPatch struct {
	Metadata struct {
		UID             types.UID `json:"uid,omitempty"`
		ResourceVersion string    `json:"resourceVersion,omitempty"`
	} `json:"metadata"`
	Status struct {
		Conditions []conditionPatch `json:"conditions"`
	} `json:"status"`
}

type conditionPatch struct {
	Type               corev1.PodConditionType `json:"type"`
	Status             corev1.ConditionStatus  `json:"status,omitempty"`
	Reason             string                  `json:"reason,omitempty"`
	Message            string                  `json:"message,omitempty"`
	LastTransitionTime *metav1.Time            `json:"lastTransitionTime,omitempty"`
}

// statusPatch returns the patch that gives the pod the condition, or nil if the pod has
// it already. If the pod is held and PodScheduled says Unschedulable, that reason changes
// too; then the patch holds only for the version of the pod that was read, since the
// scheduler may be binding the pod.
func statusPatch(pod *corev1.Pod, next corev1.PodCondition, now time.Time) ([]byte, error) {
	var p podPatch
	p.Metadata.UID = pod.UID
	current := condition(pod, next.Type)
	if current == nil || current.Status != next.Status || current.Reason != next.Reason || current.Message != next.Message {
		c := conditionPatch{Type: next.Type, Status: next.Status, Reason: next.Reason, Message: next.Message}
		if current == nil || current.Status != next.Status {
			c.LastTransitionTime = &metav1.Time{Time: now}
		}
		p.Status.Conditions = append(p.Status.Conditions, c)
	}
	scheduled := condition(pod, corev1.PodScheduled)
	if next.Status == corev1.ConditionFalse && scheduled != nil &&
		scheduled.Status == corev1.ConditionFalse && scheduled.Reason == corev1.PodReasonUnschedulable {
		p.Metadata.ResourceVersion = pod.ResourceVersion
		p.Status.Conditions = append(p.Status.Conditions, conditionPatch{Type: corev1.PodScheduled, Reason: ReasonTLSNotReady})
	}
	if len(p.Status.Conditions) == 0 {
		return nil, nil
	}
	data, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encoding the patch of the pod status: %w", err)
	}
	return data, nil
}

// untilRecheck is how long the verdict stays as it is; zero means until something changes.
func (r *reconciler) untilRecheck(v tlsready.Verdict) time.Duration {
	var wait time.Duration
	if !v.RecheckAt.IsZero() {
		wait = max(v.RecheckAt.Sub(r.clock.Now()), time.Millisecond)
	}
	if !v.Ready && (wait == 0 || wait > keepAsking) {
		wait = keepAsking
	}
	return wait
}
