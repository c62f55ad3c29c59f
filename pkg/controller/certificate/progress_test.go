// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"context"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme"
)

// slow is an ACME server that takes its time.
type slow struct {
	acme.Progress
	err  error
	runs int
}

func (s *slow) Run(_ context.Context, req acme.Request) (acme.Progress, error) {
	s.runs++
	req.Notify(acme.OrderPlaced, "Order", "Placed order 7")
	return s.Progress, s.err
}

func (s *slow) Cleanup(context.Context, *v1alpha1.TLSCertificate) error { return nil }

func (s *slow) Release(types.NamespacedName) {}

func newSlow(t *testing.T) (*env, *slow) {
	t.Helper()
	issuer := internal("**.example.com")
	issuer.Spec.CA, issuer.Spec.ACME = nil, &v1alpha1.ACMEIssuer{}
	issuer.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: "True", ObservedGeneration: 1}}
	e := newEnvOf(t, issuer, web())
	s := &slow{Progress: acme.Progress{
		Reason: v1alpha1.ReasonValidating, Message: "waiting", After: time.Second,
		ACME: &v1alpha1.ACMECertificateStatus{OrderURL: "order/7"},
	}}
	e.Executor = s
	return e, s
}

func (e *env) told() string {
	var all []string
	for recorder := e.Recorder.(*events.FakeRecorder); len(recorder.Events) > 0; {
		all = append(all, strings.Fields(<-recorder.Events)[1])
	}
	return strings.Join(all, " ")
}

func TestStepsOfAMomentAreNotTold(t *testing.T) {
	e, s := newSlow(t)
	for _, reason := range []string{v1alpha1.ReasonPresenting, v1alpha1.ReasonValidating, v1alpha1.ReasonFinalizing} {
		s.Reason = reason
		for range 2 {
			e.run()
			e.pass(900 * time.Millisecond)
		}
	}
	if told := e.told(); e.writes != 0 || told != "" {
		t.Errorf("%d writes and events %q for steps of 1.8 s each, want none", e.writes, told)
	}
	e.run()
	e.pass(moment)
	cert := e.run()
	e.want(cert, v1alpha1.ConditionIssuing, "True", v1alpha1.ReasonFinalizing)
	e.want(cert, v1alpha1.ConditionReady, "False", "SecretNotFound")
	if cert.Status.ACME == nil || cert.Status.ACME.OrderURL != "order/7" || cert.Status.ObservedGeneration != 1 {
		t.Errorf("status %+v, want the order, and that it speaks of the spec", cert.Status)
	}
	if told := e.told(); !strings.HasPrefix(told, acme.OrderPlaced) {
		t.Errorf("events %q, want what has happened until now", told)
	}
	if before := e.writes; before != 1 {
		t.Errorf("%d writes, want 1", before)
	}
	e.run()
	if e.writes != 1 {
		t.Error("a status that says it already was written again")
	}
}

func TestWaitsAndFailuresAreToldAtOnce(t *testing.T) {
	e, s := newSlow(t)
	s.After = time.Minute
	e.want(e.run(), v1alpha1.ConditionIssuing, "True", v1alpha1.ReasonValidating)

	e, s = newSlow(t)
	e.run()
	s.err = &acme.Failure{Reason: v1alpha1.ReasonChallengeFailed, Message: "no"}
	e.want(e.run(), v1alpha1.ConditionIssuing, "False", v1alpha1.ReasonChallengeFailed)
	if told := e.told(); told != "OrderPlaced OrderPlaced IssuanceFailed" {
		t.Errorf("events %q, want what led to the failure, too", told)
	}
	// What was told of a failure is not left standing while the next attempt runs.
	e.pass(time.Minute)
	s.err = nil
	if cert := e.run(); cert.Status.NextAttemptTime != nil {
		t.Errorf("nextAttemptTime %s while the attempt runs", cert.Status.NextAttemptTime)
	}
}

// TestWhatIsNotReadyIsToldAtOnce: that one has ceased to be is told at once, whatever is done about it.
func TestWhatIsNotReadyIsToldAtOnce(t *testing.T) {
	e, _ := newSlow(t)
	cert := e.get()
	meta.SetStatusCondition(&cert.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionReady, Status: "True", Reason: v1alpha1.ReasonIssued})
	if err := e.Status().Update(t.Context(), cert); err != nil {
		t.Fatal(err)
	}
	e.want(e.run(), v1alpha1.ConditionReady, "False", "SecretNotFound")
}

// TestLooksWaitToBeTold: what somebody tells of is not asked for in between, and is not missed.
func TestLooksWaitToBeTold(t *testing.T) {
	e, s := newSlow(t)
	key := types.NamespacedName{Namespace: "shop", Name: "web"}
	s.Told = true
	e.run()
	e.run()
	if s.runs != 1 {
		t.Errorf("%d looks, want 1", s.runs)
	}
	e.progress.resume(key)
	e.run()
	if s.runs != 2 {
		t.Errorf("%d looks after it was told, want 2", s.runs)
	}
	e.pass(s.After)
	e.run()
	if s.runs != 3 {
		t.Errorf("%d looks although nobody told, want 3", s.runs)
	}
	resumes := e.progress.resumes(key)
	e.progress.resume(key) // while the look goes on
	e.progress.rest(key, resumes, e.clock.Now().Add(time.Hour))
	if after := e.progress.rests(key, e.clock.Now()); after != 0 {
		t.Errorf("it rests for %s and was told", after)
	}
}
