// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package deadlock

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/declare"
)

var controllerPod = types.NamespacedName{Namespace: "in", Name: "controller"}

// found steps to the look that finds the deadlock of setUp.
func (w *world) found() {
	w.t.Helper()
	w.clock.Step(45 * time.Second)
	w.look()
	if c := w.condition(); c == nil || c.Status != metav1.ConditionTrue {
		w.t.Fatalf("the deadlock is not found: %v", c)
	}
	w.took()
	w.events()
}

func TestFoundWithin45Seconds(t *testing.T) {
	w := newWorld(t, setUp()...)
	for range 3 {
		w.look()
		if c, message := w.condition(), w.d.Of(controllerPod); c != nil || message != "" {
			t.Fatalf("found before the certificate could be issued: %v %q", c, message)
		}
		w.clock.Step(period)
	}
	w.look()
	c := w.condition()
	if c == nil || c.Status != metav1.ConditionTrue || c.Reason != ReasonIngressHeld || !strings.Contains(c.Message, "in/controller") {
		t.Fatalf("after 45 s the condition is %v", c)
	}
	if !c.LastTransitionTime.Time.Equal(start.Add(45*time.Second)) || c.ObservedGeneration != 1 {
		t.Errorf("the condition is of %s, generation %d", c.LastTransitionTime, c.ObservedGeneration)
	}
	if message := w.d.Of(controllerPod); !strings.Contains(message, "TLSCertificate in/default") {
		t.Errorf("the pod is told %q", message)
	}
	if message := w.d.Of(types.NamespacedName{Namespace: "in", Name: "other"}); message != "" {
		t.Errorf("another pod is told %q", message)
	}
	_, writes, changed := w.took()
	if diff := cmp.Diff([]string{"default"}, writes); diff != "" {
		t.Errorf("writes (-want, +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"in/controller"}, changed); diff != "" {
		t.Errorf("announced (-want, +got):\n%s", diff)
	}
	if all := w.events(); len(all) != 1 || !strings.HasPrefix(all[0], "Warning Deadlock no pod that serves") {
		t.Errorf("events: %q", all)
	}
}

func TestNothingIsWrittenWithoutChange(t *testing.T) {
	w := newWorld(t, setUp()...)
	w.found()
	for range 3 {
		w.clock.Step(period)
		w.look()
	}
	_, writes, changed := w.took()
	if len(writes)+len(changed)+len(w.events()) > 0 {
		t.Errorf("wrote %v, announced %v", writes, changed)
	}
}

func TestResolved(t *testing.T) {
	for name, change := range map[string]func(*world){
		"another replica runs": func(w *world) { w.create(up("in", "second", labelled(release("nginx"))).Pod) },
		"the Secret is usable": func(w *world) { w.secrets["default-tls"] = true },
		"the pod is gone": func(w *world) {
			if err := w.api.Delete(w.t.Context(), newPod("in", "controller")); err != nil {
				w.t.Fatal(err)
			}
		},
		"the issuer is another": func(w *world) {
			if err := w.api.Delete(w.t.Context(), clusterIssuer("nginx")); err != nil {
				w.t.Fatal(err)
			}
		},
	} {
		for _, restarted := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				w := newWorld(t, setUp()...)
				w.found()
				change(w)
				if restarted {
					w.restart()
				}
				w.clock.Step(period)
				w.look()
				if c := w.condition(); c == nil || c.Status != metav1.ConditionFalse || c.Reason != ReasonResolved || !c.LastTransitionTime.Time.Equal(start.Add(time.Minute)) {
					t.Errorf("the condition is %v", c)
				}
				if message := w.d.Of(controllerPod); message != "" {
					t.Errorf("the pod is told %q", message)
				}
				if _, _, changed := w.took(); len(changed) != 1 && !restarted {
					t.Errorf("announced %v", changed)
				}
				w.look()
				if _, writes, changed := w.took(); len(writes)+len(changed) > 0 {
					t.Errorf("afterwards wrote %v, announced %v", writes, changed)
				}
			})
		}
	}
}

func TestLostConditionIsWrittenAgain(t *testing.T) {
	w := newWorld(t, setUp()...)
	w.found()
	w.overwritten(tlsCert(v1alpha1.ReasonPresenting, 0).Status.Conditions...)
	w.look()
	if c := w.condition(); c == nil || c.Status != metav1.ConditionTrue {
		t.Errorf("the condition is %v", c)
	}
	if all := w.events(); len(all) > 0 {
		t.Errorf("told twice: %q", all)
	}
}

// overwritten does to the conditions what a merge patch of the whole list does that was made from earlier ones.
func (w *world) overwritten(conditions ...metav1.Condition) {
	w.t.Helper()
	var c v1alpha1.TLSCertificate
	if err := w.api.Get(w.t.Context(), types.NamespacedName{Namespace: "in", Name: "default"}, &c); err != nil {
		w.t.Fatal(err)
	}
	c.Status.Conditions = conditions
	if err := w.api.Status().Update(w.t.Context(), &c); err != nil {
		w.t.Fatal(err)
	}
	w.took()
}

// TestEndIsToldThoughTheConditionIsLost: nobody is left in doubt whether it is over, or ever was.
func TestEndIsToldThoughTheConditionIsLost(t *testing.T) {
	issuing := tlsCert(v1alpha1.ReasonPresenting, 0).Status.Conditions[0]
	for _, restarted := range []bool{false, true} {
		w := newWorld(t, setUp()...)
		w.found()
		deadlocked := *w.condition()
		if restarted { // the next detector has seen it, if it has not written it
			w.restart()
			w.look()
		}
		ended := start.Add(time.Minute)
		resolved := func(what string) {
			t.Helper()
			c := w.condition()
			if c == nil || c.Status != metav1.ConditionFalse || c.Reason != ReasonResolved || !c.LastTransitionTime.Time.Equal(ended) {
				t.Errorf("%s: the condition is %v", what, c)
			}
			w.took()
			w.look()
			if _, writes, _ := w.took(); len(writes) > 0 {
				t.Errorf("%s: afterwards wrote %v", what, writes)
			}
		}
		w.overwritten(issuing)
		w.secrets["default-tls"] = true
		w.clock.Step(period)
		w.look()
		resolved("lost when the deadlock ended")
		w.overwritten(issuing)
		w.clock.Step(period)
		w.look()
		resolved("lost after it had ended")
		w.overwritten(issuing, deadlocked)
		w.clock.Step(period)
		w.look()
		resolved("brought back after it had ended")
		if all := w.events(); len(all) > 0 {
			t.Errorf("told again: %q", all)
		}
	}
}

// TestFoundStaysFoundThoughTheConditionIsLost: between two attempts nothing but what was found says that there is a deadlock.
func TestFoundStaysFoundThoughTheConditionIsLost(t *testing.T) {
	w := newWorld(t, setUp()...)
	w.found()
	w.overwritten(tlsCert(v1alpha1.ReasonCreatingOrder, 0).Status.Conditions...)
	w.clock.Step(period)
	w.look()
	if c := w.condition(); c == nil || c.Status != metav1.ConditionTrue || !c.LastTransitionTime.Time.Equal(start.Add(45*time.Second)) {
		t.Errorf("the condition is %v", c)
	}
	if w.d.Of(controllerPod) == "" {
		t.Error("the pod is not told any longer")
	}
}

// TestWhoIsGoneIsForgotten: what is known of a TLSCertificate is not kept for ever.
func TestWhoIsGoneIsForgotten(t *testing.T) {
	w := newWorld(t, setUp()...)
	w.found()
	if err := w.api.Delete(t.Context(), tlsCert(v1alpha1.ReasonPresenting, 0)); err != nil {
		t.Fatal(err)
	}
	w.look()
	if len(w.d.known) > 0 {
		t.Errorf("known: %v", w.d.known)
	}
}

func TestErrorsKeepWhatWasFound(t *testing.T) {
	w := newWorld(t, setUp()...)
	w.found()
	w.failRead = errors.New("gone")
	if err := w.d.look(t.Context()); !errors.Is(err, w.failRead) {
		t.Errorf("look returned %v", err)
	}
	if w.d.Of(controllerPod) == "" || w.condition().Status != metav1.ConditionTrue {
		t.Error("what was found is forgotten")
	}
}

func TestOneFailedWriteStopsNoOther(t *testing.T) {
	other := tlsCert(v1alpha1.ReasonPresenting, 0, func(c *v1alpha1.TLSCertificate) {
		c.Name, c.UID, c.Spec.SecretName = "another", "another", "another-tls"
	})
	w := newWorld(t, append(setUp(), other)...)
	w.fail["another"] = errors.New("refused")
	w.clock.Step(45 * time.Second)
	if err := w.d.look(t.Context()); !errors.Is(err, w.fail["another"]) {
		t.Errorf("look returned %v", err)
	}
	if c := w.condition(); c == nil || w.d.Of(controllerPod) == "" {
		t.Error("one failure kept the rest from being told")
	}
}

func TestPodsThatAreNotHeld(t *testing.T) {
	for name, change := range map[string]func(*corev1.Pod){
		"exempt namespace":      func(p *corev1.Pod) { p.Namespace, p.UID = "exempt", "exempt" },
		"exempt priority class": func(p *corev1.Pod) { p.Spec.PriorityClassName = "critical" },
		"bound":                 func(p *corev1.Pod) { p.Spec.NodeName = "node" },
		"declares nothing":      func(p *corev1.Pod) { p.Annotations = nil },
		"malformed declaration": func(p *corev1.Pod) { p.Annotations[declare.RequireTLSAnnotation] = "" },
	} {
		t.Run(name, func(t *testing.T) {
			objects := setUp()
			change(objects[3].(*corev1.Pod))
			w := newWorld(t, objects...)
			w.d.reader.exempt = declare.Exemptions{Namespaces: []string{"exempt"}, PriorityClasses: []string{"critical"}}
			w.clock.Step(time.Minute)
			w.look()
			if c := w.condition(); c != nil {
				t.Errorf("the condition is %v", c)
			}
			if reads, _, _ := w.took(); len(reads) > 0 {
				t.Errorf("read %v though no pod is held", reads)
			}
		})
	}
}

func TestSolverPodIsFound(t *testing.T) {
	w := newWorld(t, newPod("cm", "solver", labelled(map[string]string{SolverLabel: "true"}), requires("x")))
	w.look()
	if message := w.d.Of(types.NamespacedName{Namespace: "cm", Name: "solver"}); message == "" {
		t.Error("the solver pod is not told")
	}
}

func TestStartLooksUntilItIsStopped(t *testing.T) {
	w := newWorld(t, setUp()...)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.d.Start(ctx) }()
	for range 3 {
		<-w.looks
		w.clock.Step(period)
	}
	<-w.looks
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Start returned %v", err)
	}
	if !w.d.NeedLeaderElection() {
		t.Error("every replica looks")
	}
}
