// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/podcondition"
	"github.com/tollgate-dev/tollgate/pkg/podevent"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

const missing = `secret "shop/web-tls" does not exist; nothing in namespace "shop" is configured to create it (looked for TLSCertificates)`

// declaration ends the message of a True condition of newPod.
var declaration = "; declaration " + podcondition.Fingerprint(newPod())

func expectCondition(t *testing.T, w *world, status corev1.ConditionStatus, reason, message string) {
	t.Helper()
	c := w.condition(podcondition.Type)
	if c == nil {
		t.Fatalf("pod has no condition %s", podcondition.Type)
	}
	want := []string{string(status), reason, message}
	if diff := cmp.Diff(want, []string{string(c.Status), c.Reason, c.Message}); diff != "" {
		t.Errorf("condition (-want, +got):\n%s", diff)
	}
}

func expect(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want, +got):\n%s", what, diff)
	}
}

// The life of a pod that waits for a certificate.
func TestHeldThenReady(t *testing.T) {
	cert := newCert(issuing(metav1.ConditionTrue, v1alpha1.ReasonPresenting, "waiting for http-01 on www.example.com"))
	w := newWorld(t, newPod(), cert)

	// 1. Held: condition and event once.
	if got := w.reconcile().RequeueAfter; got != keepAsking {
		t.Errorf("RequeueAfter = %v, want %v", got, keepAsking)
	}
	message := `secret "shop/web-tls" does not exist; TLSCertificate "web" is issuing it (Presenting: waiting for http-01 on www.example.com)`
	expectCondition(t, w, corev1.ConditionFalse, "SecretNotFound", message)
	expect(t, "writes", w.took(), "patch status", "create event")
	expect(t, "events", w.events(), "Warning SecretNotFound: "+message)

	// 2. Nothing changed: nothing is written.
	for range 3 {
		w.clock.Step(time.Second)
		w.reconcile()
	}
	expect(t, "writes", w.took())

	// 3. The message changes: one update, and the transition time stays.
	w.clock.Step(messagePace)
	since := w.condition(podcondition.Type).LastTransitionTime
	cert.Status.Conditions = []metav1.Condition{issuing(metav1.ConditionTrue, v1alpha1.ReasonFinalizing, "")}
	w.update(cert)
	w.reconcile()
	message = `secret "shop/web-tls" does not exist; TLSCertificate "web" is issuing it (Finalizing)`
	expectCondition(t, w, corev1.ConditionFalse, "SecretNotFound", message)
	if got := w.condition(podcondition.Type).LastTransitionTime; !got.Equal(&since) {
		t.Errorf("lastTransitionTime changed from %v to %v with the message", since, got)
	}
	expect(t, "writes", w.took(), "patch status", "delete event", "create event")
	expect(t, "events", w.events(), "Warning SecretNotFound: "+message)

	// 4. The Secret appears: cleared.
	w.clock.Step(200 * time.Millisecond)
	w.secrets.put("web-tls", "42", start)
	result := w.reconcile()
	expectCondition(t, w, corev1.ConditionTrue, podcondition.ReasonUsable, "Secrets usable: web-tls (certificate 42); usable until 2026-11-20T10:57:00Z"+declaration)
	expect(t, "writes", w.took(), "patch status", "delete event", "create event")
	expect(t, "events", w.events(), "Normal TLSReady: Secrets usable: web-tls; held for 13.2s")
	if want := start.Add(usable).Sub(w.clock.Now()); result.RequeueAfter != want {
		t.Errorf("RequeueAfter = %v, want %v", result.RequeueAfter, want)
	}
	w.reconcile()
	expect(t, "writes", w.took())

	// 5. The certificate is about to expire before the pod was bound: held again.
	w.clock.Step(result.RequeueAfter)
	w.reconcile()
	if c := w.condition(podcondition.Type); c.Status != corev1.ConditionFalse || c.Reason != "ExpiresTooSoon" {
		t.Errorf("condition = %s/%s, want False/ExpiresTooSoon", c.Status, c.Reason)
	}
	if n := len(w.events()); n != 1 {
		t.Errorf("%d events %q, want only the one that holds true", n, w.events())
	}
}

// TestReleasesAreCounted counts a pod once each time it is let go, and not if it never was held.
func TestReleasesAreCounted(t *testing.T) {
	w := newWorld(t, newPod())
	var held []string
	w.r.released = func(d time.Duration) { held = append(held, d.String()) }
	w.reconcile()
	w.clock.Step(7 * time.Second)
	w.secrets.put("web-tls", "42", start)
	w.reconcile()
	w.reconcile()
	expect(t, "holds", held, "7s")

	held = nil
	w.clock.Step(usable)
	w.reconcile()
	expect(t, "holds when held again", held)

	ready := newWorld(t, newPod())
	ready.r.released = w.r.released
	ready.secrets.put("web-tls", "42", start)
	ready.reconcile()
	expect(t, "holds of a pod that never was held", held)
}

func TestReadyFromTheStart(t *testing.T) {
	w := newWorld(t, newPod(requires("web-tls,api-tls")))
	w.secrets.put("web-tls", "42", start)
	w.secrets.put("api-tls", "7", start.Add(-time.Minute))
	w.reconcile()
	expectCondition(t, w, corev1.ConditionTrue, podcondition.ReasonUsable,
		"Secrets usable: api-tls (certificate 7), web-tls (certificate 42); usable until 2026-11-20T10:56:00Z; declaration "+podcondition.Fingerprint(newPod(requires("web-tls,api-tls"))))
	expect(t, "writes", w.took(), "patch status")
}

// TestOnlyANewCertificateIsWritten changes what of a Secret no verdict depends on, such as its labels.
func TestOnlyANewCertificateIsWritten(t *testing.T) {
	const first, second = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
	w := newWorld(t, newPod())
	w.secrets.put("web-tls", first, start)
	w.reconcile()
	expect(t, "writes", w.took(), "patch status")

	w.clock.Step(time.Minute)
	w.secrets.facts["web-tls"].ResourceVersion = "2"
	w.reconcile()
	expect(t, "writes for another version of the Secret", w.took())

	w.secrets.put("web-tls", second, start.Add(time.Minute))
	w.reconcile()
	expect(t, "writes for a renewed certificate", w.took(), "patch status")
	expectCondition(t, w, corev1.ConditionTrue, podcondition.ReasonUsable,
		"Secrets usable: web-tls (certificate fedcba9876543210); usable until 2026-11-20T10:58:00Z"+declaration)
}

func TestNotYetValidIsLookedAtAgain(t *testing.T) {
	w := newWorld(t, newPod())
	w.secrets.put("web-tls", "42", start.Add(42*time.Second))
	if got := w.reconcile().RequeueAfter; got != 42*time.Second {
		t.Errorf("RequeueAfter = %v, want 42s", got)
	}
	w.clock.Step(42 * time.Second)
	w.reconcile()
	expect(t, "events", w.events(), "Normal TLSReady: Secrets usable: web-tls; held for 42s")
}

func exempt(p *corev1.Pod) { p.Spec.PriorityClassName = "system-cluster-critical" }

func TestOneReconcile(t *testing.T) {
	held := withCondition(podcondition.Type, corev1.ConditionFalse, "SecretNotFound", missing)
	tests := map[string]struct {
		pod        *corev1.Pod
		usable     bool
		wantWrites []string
		wantReason string // Of TLSReady; empty: the pod has no condition.
	}{
		"held":                         {pod: newPod(), wantWrites: []string{"patch status", "create event"}, wantReason: "SecretNotFound"},
		"held since before the start":  {pod: newPod(held), wantReason: "SecretNotFound"},
		"malformed":                    {pod: newPod(requires("Web_TLS!")), wantWrites: []string{"patch status", "create event"}, wantReason: "InvalidDeclaration"},
		"undeclared":                   {pod: newPod(undeclared)},
		"undeclared, False left":       {pod: newPod(undeclared, held), wantWrites: []string{"patch status"}, wantReason: podcondition.ReasonNotDeclared},
		"bound":                        {pod: newPod(on("node-1"))},
		"bound, usable":                {pod: newPod(on("node-1")), usable: true},
		"bound, False left":            {pod: newPod(on("node-1"), held), wantWrites: []string{"patch status"}, wantReason: podcondition.ReasonScheduled},
		"bound, False left, usable":    {pod: newPod(on("node-1"), held), usable: true, wantWrites: []string{"patch status", "create event"}, wantReason: podcondition.ReasonUsable},
		"bound, True":                  {pod: newPod(on("node-1"), withCondition(podcondition.Type, corev1.ConditionTrue, podcondition.ReasonUsable, "old")), wantReason: podcondition.ReasonUsable},
		"exempt":                       {pod: newPod(exempt)},
		"exempt, bound":                {pod: newPod(exempt, on("node-1"))},
		"exempt, False left":           {pod: newPod(exempt, held), wantWrites: []string{"patch status"}, wantReason: ReasonExempt},
		"deleted":                      {pod: newPod(deleted)},
		"deleted, held":                {pod: newPod(deleted, held), wantReason: "SecretNotFound"},
		"failed":                       {pod: newPod(func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed })},
		"not the pod that is asked of": {pod: newPod(named("other"))},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tt.pod)
			if tt.usable {
				w.secrets.put("web-tls", "42", start)
			}
			w.reconcile()
			expect(t, "writes", w.took(), tt.wantWrites...)
			w.reconcile()
			expect(t, "writes of the second time", w.took())
			if tt.pod.Name != "web" {
				return
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

func TestUnschedulableIsRewritten(t *testing.T) {
	w := newWorld(t, newPod(withCondition(corev1.PodScheduled, corev1.ConditionFalse, corev1.PodReasonUnschedulable, "0/3 nodes are available")))
	w.reconcile()
	expect(t, "writes", w.took(), "patch status", "create event")
	want := corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: podcondition.ReasonTLSNotReady,
		Message: "0/3 nodes are available", LastTransitionTime: metav1.NewTime(start.Add(-time.Minute))}
	if diff := cmp.Diff(want, *w.condition(corev1.PodScheduled)); diff != "" {
		t.Errorf("PodScheduled (-want, +got):\n%s", diff)
	}
	expectCondition(t, w, corev1.ConditionFalse, "SecretNotFound", missing)
	w.reconcile()
	expect(t, "writes", w.took())
}

// An answer that is not known yet is not told at once.
func TestUnknownIsWaitedFor(t *testing.T) {
	w := newWorld(t, newPod())
	w.secrets.unknown = true
	if got := w.reconcile().RequeueAfter; got != patience {
		t.Errorf("RequeueAfter = %v, want %v", got, patience)
	}
	expect(t, "writes", w.took())
	w.clock.Step(patience)
	w.reconcile()
	expectCondition(t, w, corev1.ConditionFalse, string(tlsready.LookupPending), "being looked up")
}

func TestFailedEventIsOwed(t *testing.T) {
	w := newWorld(t, newPod())
	w.fail["create event"] = errors.New("etcd is away")
	if _, err := w.tryReconcile(); err == nil {
		t.Fatal("Reconcile: no error, want one so that it is tried again")
	}
	expectCondition(t, w, corev1.ConditionFalse, "SecretNotFound", missing)
	clear(w.fail)
	w.took()
	w.reconcile()
	expect(t, "writes", w.took(), "create event")
	expect(t, "events", w.events(), "Warning SecretNotFound: "+missing)
}

// The scheduler tells under the same names what it knows while nobody reports. Once the
// controller does, its own event takes the place, and goes when it is no longer true.
func TestEventOfTheSchedulerIsReplaced(t *testing.T) {
	pod := newPod()
	theirs := &eventsv1.Event{
		ObjectMeta:          metav1.ObjectMeta{Namespace: "shop", Name: podevent.Name(pod, "SecretNotFound")},
		ReportingController: "tollgate.dev/certgate", Type: corev1.EventTypeWarning, Reason: "SecretNotFound", Note: "theirs",
	}
	w := newWorld(t, pod, theirs)
	w.reconcile()
	expect(t, "events", w.events(), "Warning SecretNotFound: "+missing)
	w.secrets.put("web-tls", "42", start)
	w.reconcile()
	expect(t, "events", w.events(), "Normal TLSReady: Secrets usable: web-tls; held for 0s")
}
