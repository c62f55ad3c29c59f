// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/tollgate-dev/tollgate/pkg/podcondition"
)

// create tells the predicate that the pod exists, as the informer does.
func (w *world) create(pod *corev1.Pod) bool {
	return w.r.scope.concerns().Create(event.CreateEvent{Object: pod})
}

// warned returns how many Events say that the pod is not held.
func (w *world) warned() int {
	n := 0
	for _, e := range w.events() {
		if strings.HasPrefix(e, "Warning "+EventReasonSchedulerWithoutGate) && strings.Contains(e, "NOT held") {
			n++
		}
	}
	return n
}

func TestSchedulerWithoutGate(t *testing.T) {
	other := scheduledBy("default-scheduler")
	was := func(status corev1.ConditionStatus, reason string) podOption {
		return withCondition(podcondition.Type, status, reason, "m")
	}
	tests := map[string]struct {
		pod        *corev1.Pod
		usable     bool
		want       int
		wantReason string // Of TLSReady; empty: none.
	}{
		"gated scheduler":            {pod: newPod(), wantReason: "SecretNotFound"},
		"gated scheduler, bound":     {pod: newPod(on("n"))},
		"other scheduler":            {pod: newPod(other), want: 1, wantReason: "SecretNotFound"},
		"other scheduler, usable":    {pod: newPod(other), usable: true, want: 1, wantReason: "Usable"},
		"other scheduler, malformed": {pod: newPod(other, requires("!")), want: 1, wantReason: "InvalidDeclaration"},
		"bound by the other":         {pod: newPod(other, on("n")), want: 1, wantReason: "Scheduled"},
		"bound by the other, usable": {pod: newPod(other, on("n")), usable: true, want: 1, wantReason: "Usable"},
		"created on a node":          {pod: newPod(createdOn("n")), want: 1, wantReason: "Scheduled"},
		"scheduling gate":            {pod: newPod(other, gated), wantReason: "SecretNotFound"},
		"exempt":                     {pod: newPod(other, exempt)},
		"exempt, created on a node":  {pod: newPod(exempt, createdOn("n"))},
		"undeclared":                 {pod: newPod(other, undeclared)},
		"ended":                      {pod: newPod(other, on("n"), func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded })},
		"released before":            {pod: newPod(other, was("True", "Usable")), usable: true, wantReason: "Usable"},
		"released, held again":       {pod: newPod(other, was("True", "Usable")), wantReason: "SecretNotFound"},
		"told before":                {pod: newPod(other, was("False", "SecretNotFound")), wantReason: "SecretNotFound"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tt.pod)
			if tt.usable {
				w.secrets.put("web-tls", "42", start)
			}
			w.create(tt.pod)
			for range 3 {
				w.reconcile()
			}
			if got := w.warned(); got != tt.want {
				t.Errorf("%d warnings, want %d: %q", got, tt.want, w.events())
			}
			reason := ""
			if c := w.condition(podcondition.Type); c != nil {
				reason = c.Reason
			}
			if reason != tt.wantReason {
				t.Errorf("reason = %q, want %q", reason, tt.wantReason)
			}
		})
	}
}

// However fast the controller removes the scheduling gate, and whoever binds the pod
// before it is looked at again: it was held, and nothing is told.
func TestGateRemovedBeforeTheFirstLook(t *testing.T) {
	other := scheduledBy("default-scheduler")
	for name, after := range map[string]*corev1.Pod{
		"not bound yet": newPod(other),
		"bound":         newPod(other, on("node-1")),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, after)
			w.secrets.put("web-tls", "42", start)
			if !w.create(newPod(other, gated)) {
				t.Fatal("a pod with our scheduling gate is not looked at")
			}
			w.reconcile()
			expect(t, "events", w.events())
			expectCondition(t, w, "True", podcondition.ReasonUsable, "Secrets usable: web-tls (certificate 42); usable until 2026-11-20T10:57:00Z"+declaration)
		})
	}
}

// The kubelet may report on a pod that was created on its node before it is looked at.
func TestCreatedOnANodeAndRunning(t *testing.T) {
	w := newWorld(t, newPod(on("node-1")))
	if !w.create(newPod(createdOn("node-1"))) {
		t.Fatal("a pod that was created on a node is not looked at")
	}
	w.reconcile()
	if w.warned() != 1 {
		t.Errorf("events: %q", w.events())
	}
	w.r.scope.concerns().Delete(event.DeleteEvent{Object: newPod()})
	if n := len(w.r.scope.beginnings.pods); n != 0 {
		t.Errorf("%d pods remembered after their end", n)
	}
}

// The pod of another scheduler lacks a node indeed.
func TestUnschedulableElsewhereStays(t *testing.T) {
	w := newWorld(t, newPod(scheduledBy("default-scheduler"),
		withCondition(corev1.PodScheduled, corev1.ConditionFalse, corev1.PodReasonUnschedulable, "0/3 nodes are available")))
	w.reconcile()
	if got := w.condition(corev1.PodScheduled).Reason; got != corev1.PodReasonUnschedulable {
		t.Errorf("PodScheduled: reason %s", got)
	}
}

func TestFailedWarningIsOwed(t *testing.T) {
	w := newWorld(t, newPod(scheduledBy("default-scheduler")))
	w.fail["create event"] = context.DeadlineExceeded
	if _, err := w.tryReconcile(); err == nil {
		t.Fatal("Reconcile: no error, want one so that it is tried again")
	}
	// Meanwhile the pod is bound, and other news is told.
	clear(w.fail)
	pod := newPod()
	if err := w.client.Get(t.Context(), client.ObjectKeyFromObject(pod), pod); err != nil {
		t.Fatal(err)
	}
	pod.Spec.NodeName = "node-1"
	if err := w.client.Update(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	w.secrets.put("web-tls", "42", start)
	w.reconcile()
	if w.warned() != 1 {
		t.Errorf("events: %q", w.events())
	}
}
