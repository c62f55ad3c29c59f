// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/podcondition"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// patches counts the writes of conditions since the last call.
func (w *world) patches() int {
	n := 0
	for _, what := range w.took() {
		if what == "patch status" {
			n++
		}
	}
	return n
}

// A certificate whose progress flips all the time costs a few writes and then one in ten
// seconds, and the last state is always told.
func TestProgressThatFlips(t *testing.T) {
	cert := newCert()
	w := newWorld(t, newPod(), cert)
	const flips, step = 1000, 50 * time.Millisecond
	for i := range flips {
		cert.Status.Conditions = []metav1.Condition{issuing(metav1.ConditionTrue, v1alpha1.ReasonValidating, fmt.Sprint("try ", i))}
		w.update(cert)
		w.reconcile()
		w.clock.Step(step)
	}
	if got, limit := w.patches(), 1+promptMessages+int(flips*step/messagePace); got > limit {
		t.Errorf("%d writes, want at most %d", got, limit)
	}
	w.tick(messagePace)
	expectCondition(t, w, corev1.ConditionFalse, "SecretNotFound",
		`secret "shop/web-tls" does not exist; TLSCertificate "web" is issuing it (Validating: try 999)`)
	expect(t, "events", w.events(), "Warning SecretNotFound: "+w.condition(podcondition.Type).Message)
	w.took()

	// Nothing is written on resync.
	w.tick(time.Hour)
	expect(t, "writes of an hour", w.took())
}

// fault makes a Secret that can never serve.
func (s *secrets) fault(name string, reason tlsready.Reason) {
	s.put(name, "1", start)
	s.facts[name].Fault = &tlsready.Fault{Reason: reason, Message: string(reason)}
}

// Many pods on one Secret that goes from one fault to another: one write per pod and second.
func TestSecretThatFlips(t *testing.T) {
	const pods, seconds, flipsPerSecond = 1000, 2, 4
	var objects []client.Object
	for i := range pods {
		pod := newPod(named(fmt.Sprint("web-", i)))
		pod.UID = types.UID(pod.Name)
		objects = append(objects, pod)
	}
	w := newWorld(t, objects...)
	again := map[string]time.Duration{}
	all := func() {
		for _, pod := range objects {
			result, err := w.r.Reconcile(context.Background(), reconcile.Request{NamespacedName: client.ObjectKeyFromObject(pod)})
			if err != nil {
				t.Fatal(err)
			}
			again[pod.GetName()] = result.RequeueAfter
		}
	}
	for i := range seconds * flipsPerSecond {
		w.secrets.fault("web-tls", []tlsready.Reason{tlsready.BadKey, tlsready.KeyMismatch}[i%2])
		all()
		w.clock.Step(time.Second / flipsPerSecond)
	}
	if got, limit := w.patches(), pods*(seconds+1); got > limit {
		t.Errorf("%d writes, want at most %d", got, limit)
	}
	w.clock.Step(again["web-0"])
	all()
	var list corev1.PodList
	if err := w.client.List(context.Background(), &list); err != nil {
		t.Fatal(err)
	}
	for i := range list.Items {
		if c := podcondition.Of(&list.Items[i]); c.Reason != "KeyMismatch" {
			t.Fatalf("pod %s: reason %s, want the last one", list.Items[i].Name, c.Reason)
		}
	}
	w.took()
	w.secrets.put("web-tls", "2", start)
	all()
	if got := w.patches(); got != pods {
		t.Errorf("%d writes when the Secret is usable, want one for each pod at once", got)
	}
}

func TestGap(t *testing.T) {
	pod := newPod()
	held := func(reason tlsready.Reason, message string) corev1.PodCondition {
		return podcondition.False(tlsready.Verdict{Reason: reason, Message: message})
	}
	until := start.Add(time.Hour)
	usable := func(message string, until time.Time) corev1.PodCondition {
		return podcondition.True(pod, podcondition.ReasonUsable, message, until)
	}
	elsewhere := podcondition.True(newPod(requires("api-tls")), podcondition.ReasonUsable, "m", until)
	tests := map[string]struct {
		last, next corev1.PodCondition
		want       time.Duration // After many messages.
	}{
		"message":            {held("BadKey", "a"), held("BadKey", "b"), messagePace},
		"reason":             {held("BadKey", "a"), held("Expired", "a"), reasonPace},
		"released":           {held("BadKey", "a"), usable("m", until), 0},
		"held again":         {usable("m", until), held("BadKey", "a"), 0},
		"version":            {usable("m", until), usable("n", until), messagePace},
		"renewed":            {usable("m", until), usable("n", until.Add(time.Hour)), 0},
		"shortened":          {usable("m", until), usable("n", until.Add(-time.Minute)), 0},
		"other annotations":  {elsewhere, usable("m", until), 0},
		"past its end":       {usable("m", start), usable("m", until), 0},
		"other reason, True": {podcondition.True(pod, "WaitTimedOut", "m", until), usable("m", until), 0},
		"version, no end":    {usable("m", time.Time{}), usable("n", time.Time{}), messagePace},
		"no end to some end": {usable("m", time.Time{}), usable("m", until), 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			written := &remembered{told: tt.last, messages: promptMessages}
			if got := gap(pod, written, tt.next, start); got != tt.want {
				t.Errorf("gap = %v, want %v", got, tt.want)
			}
			written.messages--
			if held := tt.next.Status == corev1.ConditionFalse; held {
				tt.want = min(tt.want, reasonPace)
			}
			if got := gap(pod, written, tt.next, start); got != tt.want {
				t.Errorf("gap before that = %v, want %v", got, tt.want)
			}
		})
	}
}

// A pod that takes the name of another is told at once.
func TestNewPodOfTheSameName(t *testing.T) {
	w := newWorld(t, newPod())
	w.reconcile()
	ctx := context.Background()
	if err := w.client.Delete(ctx, newPod()); err != nil {
		t.Fatal(err)
	}
	next := newPod(requires("api-tls"))
	next.UID = "5678"
	if err := w.client.Create(ctx, next); err != nil {
		t.Fatal(err)
	}
	w.took()
	w.reconcile()
	expect(t, "writes", w.took(), "patch status", "create event")
}

// A message may wait; that the scheduler calls the pod unschedulable may not.
func TestUnschedulableIsRewrittenMeanwhile(t *testing.T) {
	cert := newCert()
	w := newWorld(t, newPod(), cert)
	w.reconcile()
	cert.Status.Conditions = []metav1.Condition{issuing(metav1.ConditionTrue, v1alpha1.ReasonFinalizing, "")}
	w.update(cert)
	pod := w.pod()
	withCondition(corev1.PodScheduled, corev1.ConditionFalse, corev1.PodReasonUnschedulable, "no node")(pod)
	w.update(pod)
	w.took()
	if got := w.reconcile().RequeueAfter; got != reasonPace {
		t.Errorf("RequeueAfter = %v, want %v", got, reasonPace)
	}
	expect(t, "writes", w.took(), "patch status")
	if got := w.condition(corev1.PodScheduled).Reason; got != podcondition.ReasonTLSNotReady {
		t.Errorf("PodScheduled: reason %s", got)
	}
	expectCondition(t, w, corev1.ConditionFalse, "SecretNotFound", `secret "shop/web-tls" does not exist; TLSCertificate "web" is about to issue it`)
	w.clock.Step(reasonPace)
	w.reconcile()
	expectCondition(t, w, corev1.ConditionFalse, "SecretNotFound", `secret "shop/web-tls" does not exist; TLSCertificate "web" is issuing it (Finalizing)`)
}

// What comes of the first try is told a second after its begin; only who has been told a few
// things waits longer. After the pod was let go it begins anew.
func TestFirstMessagesArePrompt(t *testing.T) {
	cert := newCert()
	w := newWorld(t, newPod(), cert)
	try := 0
	wants := func(pace time.Duration) {
		t.Helper()
		try++
		cert.Status.Conditions = []metav1.Condition{issuing(metav1.ConditionFalse, v1alpha1.ReasonNotAllowed, fmt.Sprint("try ", try))}
		w.update(cert)
		w.took()
		if got := w.reconcile().RequeueAfter; got != pace {
			t.Errorf("try %d: RequeueAfter = %v, want %v", try, got, pace)
		}
		w.clock.Step(pace)
		w.reconcile()
		expectCondition(t, w, corev1.ConditionFalse, "SecretNotFound",
			fmt.Sprintf(`secret "shop/web-tls" does not exist; TLSCertificate "web" cannot issue it (NotAllowed: try %d)`, try))
		if got := w.patches(); got != 1 {
			t.Errorf("try %d: %d writes, want 1", try, got)
		}
	}
	storm := func() {
		t.Helper()
		for range promptMessages {
			wants(reasonPace)
		}
		wants(messagePace)
		wants(messagePace)
	}
	w.reconcile()
	expectCondition(t, w, corev1.ConditionFalse, "SecretNotFound", `secret "shop/web-tls" does not exist; TLSCertificate "web" is about to issue it`)
	storm()

	w.secrets.put("web-tls", "1", start)
	w.reconcile()
	delete(w.secrets.facts, "web-tls")
	w.reconcile()
	storm()
}
