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

	"github.com/tollgate-dev/tollgate/pkg/podcondition"
)

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
// it already. If CertGate holds the pod and PodScheduled says Unschedulable, that reason
// changes too; then the patch holds only for the version of the pod that was read, since
// the scheduler may be binding the pod. The pods of other schedulers keep the reason:
// they do lack a node.
func statusPatch(pod *corev1.Pod, next corev1.PodCondition, gated bool, now time.Time) ([]byte, error) {
	var p podPatch
	p.Metadata.UID = pod.UID
	if current := podcondition.Get(pod, next.Type); current == nil || !alike(*current, next) {
		c := conditionPatch{Type: next.Type, Status: next.Status, Reason: next.Reason, Message: next.Message}
		if current == nil || current.Status != next.Status {
			c.LastTransitionTime = &metav1.Time{Time: now}
		}
		p.Status.Conditions = append(p.Status.Conditions, c)
	}
	scheduled := podcondition.Get(pod, corev1.PodScheduled)
	if gated && next.Status == corev1.ConditionFalse && scheduled != nil &&
		scheduled.Status == corev1.ConditionFalse && scheduled.Reason == corev1.PodReasonUnschedulable {
		p.Metadata.ResourceVersion = pod.ResourceVersion
		p.Status.Conditions = append(p.Status.Conditions, conditionPatch{Type: corev1.PodScheduled, Reason: podcondition.ReasonTLSNotReady})
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

// alike reports whether two conditions of one type say the same.
func alike(a, b corev1.PodCondition) bool {
	return a.Status == b.Status && a.Reason == b.Reason && a.Message == b.Message
}
