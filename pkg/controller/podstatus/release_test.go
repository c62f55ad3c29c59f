// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/podcondition"
)

// read returns what a gate with source PodCondition makes of shop/web.
func (w *world) read() (ready bool, reason string) {
	w.t.Helper()
	v := podcondition.Read(w.pod(), w.clock.Now())
	return v.Ready, string(v.Reason)
}

func (w *world) pod() *corev1.Pod {
	w.t.Helper()
	pod := &corev1.Pod{}
	if err := w.client.Get(w.t.Context(), types.NamespacedName{Namespace: "shop", Name: "web"}, pod); err != nil {
		w.t.Fatal(err)
	}
	return pod
}

// annotate changes an annotation of shop/web in the API.
func (w *world) annotate(key, value string) {
	w.t.Helper()
	pod := w.pod()
	pod.Annotations[key] = value
	if err := w.client.Update(w.t.Context(), pod); err != nil {
		w.t.Fatal(err)
	}
}

// A gate that relies on the condition must never hold a pod for long because of
// annotations that changed, nor let it go because of those it had.
func TestAnnotationsChange(t *testing.T) {
	w := newWorld(t, newPod())
	w.secrets.put("web-tls", "42", start)
	w.reconcile()
	if ready, reason := w.read(); !ready {
		t.Fatalf("not ready: %s", reason)
	}
	w.annotate(declare.OnExpiredAnnotation, "warn")
	if ready, _ := w.read(); ready {
		t.Fatal("the condition still holds for other annotations")
	}
	w.took()
	w.reconcile()
	expect(t, "writes", w.took(), "patch status")
	if ready, reason := w.read(); !ready {
		t.Errorf("not ready after the condition was written again: %s", reason)
	}
	w.annotate(declare.RequireTLSAnnotation, "web-tls,api-tls")
	w.reconcile()
	if ready, reason := w.read(); ready || reason != "SecretNotFound" {
		t.Errorf("read %t, %s; want held for the new Secret", ready, reason)
	}
}

// A certificate ends while the pod waits for a node.
func TestHeldAgain(t *testing.T) {
	w := newWorld(t, newPod(withCondition(corev1.PodScheduled, corev1.ConditionFalse, corev1.PodReasonUnschedulable, "0/3 nodes are available")))
	w.secrets.put("web-tls", "42", start)
	if got := w.reconcile().RequeueAfter; got != usable {
		t.Errorf("RequeueAfter = %v, want %v", got, usable)
	}
	if got := w.condition(corev1.PodScheduled).Reason; got != corev1.PodReasonUnschedulable {
		t.Errorf("PodScheduled of a pod that lacks a node: %s", got)
	}
	w.clock.Step(usable)
	w.reconcile()
	if ready, reason := w.read(); ready || reason != "ExpiresTooSoon" {
		t.Errorf("read %t, %s; want held", ready, reason)
	}
	if got := w.condition(corev1.PodScheduled).Reason; got != podcondition.ReasonTLSNotReady {
		t.Errorf("PodScheduled of a pod that is held again: %s", got)
	}
	// And deleted right after it was renewed.
	w.secrets.put("web-tls", "43", w.clock.Now())
	w.reconcile()
	delete(w.secrets.facts, "web-tls")
	w.reconcile()
	expectCondition(t, w, corev1.ConditionFalse, "SecretNotFound", missing)
}

func TestWaitTimedOut(t *testing.T) {
	w := newWorld(t, newPod(annotated(declare.MaxWaitAnnotation, "15m")))
	if got := w.reconcile().RequeueAfter; got != keepAsking {
		t.Errorf("RequeueAfter = %v", got)
	}
	w.tick(15 * time.Minute)
	w.took()
	w.reconcile()
	const warning = `waited until 2026-11-20T10:15:00Z, as the pod asked; secret "shop/web-tls" does not exist`
	expectCondition(t, w, corev1.ConditionTrue, "WaitTimedOut", warning+"; declaration "+podcondition.Fingerprint(w.pod()))
	expect(t, "events", w.events(), "Warning TLSWaitTimedOut: "+warning)
	if ready, reason := w.read(); !ready {
		t.Errorf("not ready: %s", reason)
	}
	w.took()
	w.reconcile()
	expect(t, "writes of the second time", w.took())

	// After a start the Secrets are unknown for a while; what was said stays.
	w.r.memory = newMemory()
	w.secrets.unknown = true
	if got := w.reconcile().RequeueAfter; got != patience {
		t.Errorf("RequeueAfter = %v, want %v", got, patience)
	}
	expect(t, "writes after a start", w.took())
	w.secrets.unknown = false

	// The pod is told to wait longer before it is bound.
	w.annotate(declare.MaxWaitAnnotation, "1h")
	w.reconcile()
	expectCondition(t, w, corev1.ConditionFalse, "SecretNotFound", missing)
	expect(t, "events", w.events(), "Warning SecretNotFound: "+missing)
}

// A pod whose time is over does not wait until the Secrets are known.
func TestWaitTimedOutWhileUnknown(t *testing.T) {
	w := newWorld(t, newPod(annotated(declare.MaxWaitAnnotation, "15m")))
	w.secrets.unknown = true
	w.clock.Step(15 * time.Minute)
	w.reconcile()
	if ready, reason := w.read(); !ready {
		t.Errorf("not ready: %s", reason)
	}
}

func TestWarning(t *testing.T) {
	const warning = `secret "shop/web-tls" expired at 2026-11-20T09:00:00Z`
	message := "Secrets usable: web-tls (certificate 42); warning: " + warning + "; usable until 2026-11-20T10:57:00Z" + declaration
	held := withCondition(podcondition.Type, corev1.ConditionFalse, "SecretNotFound", missing)
	for name, tt := range map[string]struct {
		pod  *corev1.Pod
		want []string
	}{
		"first seen": {newPod(), []string{"Warning CertificateWarning: " + warning}},
		"held": {newPod(held), []string{"Normal TLSReady: Secrets usable: web-tls; held for 1m0s",
			"Warning CertificateWarning: " + warning}},
		"released": {newPod(withCondition(podcondition.Type, corev1.ConditionTrue, "Usable", "m")), nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tt.pod)
			w.secrets.put("web-tls", "42", start)
			w.secrets.warning = warning
			for range 3 {
				w.reconcile()
			}
			expectCondition(t, w, corev1.ConditionTrue, podcondition.ReasonUsable, message)
			got := map[string]bool{}
			for _, e := range w.events() {
				got[e] = true
			}
			for _, e := range tt.want {
				if !got[e] {
					t.Errorf("no event %q in %v", e, got)
				}
			}
			if len(got) != len(tt.want) {
				t.Errorf("events %v, want %q", got, tt.want)
			}
		})
	}
}

// fakeDeadlocks says the same of every pod.
type fakeDeadlocks struct{ why string }

func (d *fakeDeadlocks) Of(types.NamespacedName) string      { return d.why }
func (d *fakeDeadlocks) OnChange(func(types.NamespacedName)) {}

func TestDeadlock(t *testing.T) {
	w := newWorld(t, newPod())
	d := &fakeDeadlocks{}
	w.r.deadlocks = d
	w.reconcile()
	expectCondition(t, w, corev1.ConditionFalse, "SecretNotFound", missing)
	d.why = "the pod serves its own challenge"
	w.tick(reasonPace)
	expectCondition(t, w, corev1.ConditionFalse, "Deadlock", d.why+"; "+missing)
	expect(t, "events", w.events(), "Warning Deadlock: "+d.why+"; "+missing)
	w.secrets.put("web-tls", "42", start)
	w.reconcile()
	if c := w.condition(podcondition.Type); c.Reason != podcondition.ReasonUsable {
		t.Errorf("reason = %s, want Usable in spite of the deadlock", c.Reason)
	}
}
