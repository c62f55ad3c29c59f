// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/podcondition"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

func TestStatusPatch(t *testing.T) {
	unschedulable := withCondition(corev1.PodScheduled, corev1.ConditionFalse, corev1.PodReasonUnschedulable, "no node")
	was := func(status corev1.ConditionStatus, reason, message string) podOption {
		return withCondition(podcondition.Type, status, reason, message)
	}
	version := func(p *corev1.Pod) { p.ResourceVersion = "7" }
	held := podcondition.False(tlsready.Verdict{Reason: tlsready.Expired, Message: "m"})
	usable := corev1.PodCondition{Type: podcondition.Type, Status: corev1.ConditionTrue, Reason: podcondition.ReasonUsable, Message: "m"}
	const ours = `{"type":"tollgate.dev/TLSReady","status":"False","reason":"Expired","message":"m"`
	const stamp = `,"lastTransitionTime":"2026-11-20T10:00:00Z"`
	const rewrite = `{"type":"PodScheduled","reason":"TLSNotReady"}`
	tests := map[string]struct {
		pod     *corev1.Pod
		next    corev1.PodCondition
		ungated bool
		want    string
	}{
		"first": {pod: newPod(version), next: held,
			want: `{"metadata":{"uid":"1234"},"status":{"conditions":[` + ours + stamp + `}]}}`},
		"same": {pod: newPod(was("False", "Expired", "m")), next: held},
		"message": {pod: newPod(was("False", "Expired", "old")), next: held,
			want: `{"metadata":{"uid":"1234"},"status":{"conditions":[` + ours + `}]}}`},
		"reason": {pod: newPod(was("False", "BadPEM", "m")), next: held,
			want: `{"metadata":{"uid":"1234"},"status":{"conditions":[` + ours + `}]}}`},
		"status": {pod: newPod(was("True", "Usable", "m")), next: held,
			want: `{"metadata":{"uid":"1234"},"status":{"conditions":[` + ours + stamp + `}]}}`},
		"unschedulable too": {pod: newPod(version, unschedulable), next: held,
			want: `{"metadata":{"uid":"1234","resourceVersion":"7"},"status":{"conditions":[` + ours + stamp + `},` + rewrite + `]}}`},
		"unschedulable only": {pod: newPod(version, unschedulable, was("False", "Expired", "m")), next: held,
			want: `{"metadata":{"uid":"1234","resourceVersion":"7"},"status":{"conditions":[` + rewrite + `]}}`},
		"unschedulable elsewhere": {pod: newPod(version, unschedulable), next: held, ungated: true,
			want: `{"metadata":{"uid":"1234"},"status":{"conditions":[` + ours + stamp + `}]}}`},
		"usable and unschedulable": {pod: newPod(version, unschedulable, was("True", "Usable", "m")), next: usable},
		"other reason of PodScheduled": {next: held,
			pod: newPod(was("False", "Expired", "m"), withCondition(corev1.PodScheduled, corev1.ConditionFalse, "SchedulingGated", ""))},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := statusPatch(tt.pod, tt.next, !tt.ungated, start)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("patch (-want, +got):\n%s", diff)
			}
		})
	}
}

// The scheduler may bind a pod while its PodScheduled is about to be rewritten.
func TestRewriteDoesNotOvertakeTheScheduler(t *testing.T) {
	w := newWorld(t, newPod(withCondition(corev1.PodScheduled, corev1.ConditionFalse, corev1.PodReasonUnschedulable, "no node")))
	stale := &corev1.Pod{}
	if err := w.client.Get(context.Background(), types.NamespacedName{Namespace: "shop", Name: "web"}, stale); err != nil {
		t.Fatal(err)
	}
	bound := stale.DeepCopy()
	bound.Status.Conditions[0] = corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionTrue}
	w.update(bound)

	patch, err := statusPatch(stale, podcondition.False(tlsready.Verdict{Reason: tlsready.Expired, Message: "m"}), true, start)
	if err != nil {
		t.Fatal(err)
	}
	err = w.client.Status().Patch(context.Background(), stale, client.RawPatch(types.StrategicMergePatchType, patch))
	if !apierrors.IsConflict(err) {
		t.Errorf("patching a pod that changed: %v, want a conflict", err)
	}
	if got := w.condition(corev1.PodScheduled).Status; got != corev1.ConditionTrue {
		t.Errorf("PodScheduled = %s, want True", got)
	}
}
