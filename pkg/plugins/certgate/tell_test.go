// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/klog/v2"
	testingclock "k8s.io/utils/clock/testing"

	"github.com/tollgate-dev/tollgate/pkg/podcondition"
	"github.com/tollgate-dev/tollgate/pkg/podevent"
)

// faultySecrets answers every reading of Secrets with an error until repaired.
type faultySecrets struct {
	clienttesting.SimpleReactor
	repaired atomic.Bool
}

func newFaultySecrets(err error) *faultySecrets {
	f := &faultySecrets{}
	f.SimpleReactor = clienttesting.SimpleReactor{Verb: "*", Resource: "secrets", Reaction: func(action clienttesting.Action) (bool, runtime.Object, error) {
		reading := action.GetVerb() == "get" || action.GetVerb() == "list"
		return reading && !f.repaired.Load(), nil, err
	}}
	return f
}

// wantEvent waits for the pod's only event.
func (h *harness) wantEvent(pod *v1.Pod) *eventsv1.Event {
	h.t.Helper()
	var events *eventsv1.EventList
	h.eventually("an event is written", func() (ok bool) {
		var err error
		if events, err = h.client.EventsV1().Events(namespace).List(h.ctx, metav1.ListOptions{}); err != nil {
			h.t.Fatalf("Failed to list events: %v", err)
		}
		return len(events.Items) > 0
	})
	if len(events.Items) != 1 {
		h.t.Fatalf("Got events %v, want one", events.Items)
	}
	return &events.Items[0]
}

func TestSecretsForbidden(t *testing.T) {
	refusal := apierrors.NewForbidden(v1.Resource("secrets"), "", errors.New("the ServiceAccount lacks a permission"))
	fault := newFaultySecrets(refusal)
	h := newHarness(t, fault)
	h.eventually("the missing permission is known", func() bool { return h.source().Status() != nil })
	undeclared := h.pod(nil)
	h.wantPopped(undeclared)
	pod := h.pod(requires("web-tls"))
	h.wantHeld(pod)
	h.eventually("the message names the permission", func() bool {
		return strings.Contains(h.wantHeld(pod), "get, list and watch")
	})
	message := h.wantHeld(pod)

	event := h.wantEvent(pod)
	want := &eventsv1.Event{
		ObjectMeta:          metav1.ObjectMeta{Namespace: namespace, Name: podevent.Name(pod, "SecretsForbidden")},
		EventTime:           metav1.NewMicroTime(start),
		ReportingController: "tollgate.dev/certgate",
		ReportingInstance:   event.ReportingInstance,
		Action:              "Holding",
		Reason:              "SecretsForbidden",
		Type:                "Warning",
		Note:                message,
		Regarding:           v1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: namespace, Name: pod.Name, UID: pod.UID, ResourceVersion: pod.ResourceVersion},
	}
	event.TypeMeta, event.ManagedFields = metav1.TypeMeta{}, nil
	if diff := cmp.Diff(want, event); diff != "" {
		t.Errorf("Unexpected event (-want, +got):\n%s", diff)
	}
	if event.ReportingInstance == "" {
		t.Error("The event has no reportingInstance, which the API server requires")
	}

	h.createSecret(h.secret("web-tls", 0))
	fault.repaired.Store(true)
	h.stepUntilPopped(pod)
}

func TestNotSynced(t *testing.T) {
	fault := newFaultySecrets(apierrors.NewServiceUnavailable("starting"))
	h := newHarness(t, fault)
	undeclared := h.pod(nil)
	h.wantPopped(undeclared)
	pod := h.pod(requires("web-tls"))
	h.wantHeld(pod)
	h.clock.Step(ownFaultGrace - 1)
	h.pl.PreEnqueue(h.ctx, pod)
	if told := h.told(pod); told != "" {
		t.Errorf("People are told %q before the first list may be called late", told)
	}
	h.clock.Step(1)
	h.pl.PreEnqueue(h.ctx, pod)
	event := h.wantEvent(pod)
	if got, want := event.Reason, "NotSynced"; got != want {
		t.Errorf("The event has reason %q, want %q", got, want)
	}
	if got, want := event.Note, h.wantHeld(pod); got != want {
		t.Errorf("The event has note %q, want %q", got, want)
	}
	h.createSecret(h.secret("web-tls", 0))
	fault.repaired.Store(true)
	h.stepUntilPopped(pod)
}

// told is what people were told about the pod.
func (h *harness) told(pod *v1.Pod) string {
	h.pl.waiting.mu.Lock()
	defer h.pl.waiting.mu.Unlock()
	if e, ok := h.pl.waiting.pods[pod.UID]; ok {
		return e.held.Told
	}
	return ""
}

// TestAlone has no controller: the scheduler tells why a pod is held, keeps that current at a
// bounded rate, and tells the end.
func TestAlone(t *testing.T) {
	h := newHarness(t)
	pod := h.pod(requires("web-tls"))
	h.eventually("the missing Secret is known", func() bool { return strings.Contains(h.wantHeld(pod), "does not exist") })
	h.clock.Step(aloneGrace - time.Second)
	h.pl.PreEnqueue(h.ctx, pod)
	if told := h.told(pod); told != "" {
		t.Fatalf("People are told %q before a controller could have", told)
	}
	h.clock.Step(time.Second)
	h.pl.PreEnqueue(h.ctx, pod)
	event := h.wantEvent(pod)
	if event.Reason != "SecretNotFound" || !strings.Contains(event.Note, "no tollgate-controller reports") {
		t.Errorf("The event is %s: %q, want SecretNotFound and that no controller reports", event.Reason, event.Note)
	}

	// Two faults of one reason follow each other; the second is told after the interval.
	broken := h.secret("web-tls", 0)
	good := broken.DeepCopy()
	broken.Data[v1.TLSCertKey] = nil
	h.createSecret(broken)
	h.eventually("the empty certificate is seen", func() bool { return strings.Contains(h.wantHeld(pod), "empty tls.crt") })
	if told := h.told(pod); strings.Contains(told, "tls.crt") {
		t.Errorf("People are told %q within the interval", told)
	}
	h.clock.Step(tellInterval)
	h.pl.PreEnqueue(h.ctx, pod)
	h.wantEvents("SecretNotFound", "MissingData")
	delete(broken.Data, v1.TLSCertKey)
	broken.Data[v1.TLSCertKey], broken.Data[v1.TLSPrivateKeyKey] = good.Data[v1.TLSCertKey], nil
	h.updateSecret(broken)
	h.eventually("the empty key is seen", func() bool { return strings.Contains(h.wantHeld(pod), "empty tls.key") })
	h.clock.Step(tellInterval)
	h.pl.PreEnqueue(h.ctx, pod)
	h.eventually("the event of the reason has the new message", func() bool {
		return slices.ContainsFunc(h.patches("events"), func(p string) bool { return strings.Contains(p, "empty tls.key") })
	})

	h.updateSecret(good)
	h.stepUntilPopped(pod)
	h.wantEvents("SecretNotFound", "MissingData", "TLSReady")
}

// wantEvents waits for events of exactly these reasons.
func (h *harness) wantEvents(reasons ...string) {
	h.t.Helper()
	slices.Sort(reasons)
	h.eventually(fmt.Sprintf("there are events %v", reasons), func() bool {
		events, err := h.client.EventsV1().Events(namespace).List(h.ctx, metav1.ListOptions{})
		if err != nil {
			h.t.Fatalf("Failed to list events: %v", err)
		}
		var got []string
		for _, e := range events.Items {
			got = append(got, e.Reason)
		}
		slices.Sort(got)
		return slices.Equal(got, reasons)
	})
}

// patches returns the patches of a resource, status included.
func (h *harness) patches(resource string) []string {
	var all []string
	for _, action := range h.client.Actions() {
		if p, ok := action.(clienttesting.PatchAction); ok && action.GetResource().Resource == resource {
			all = append(all, string(p.GetPatch()))
		}
	}
	return all
}

// TestUnschedulableIsCorrected has a pod come back from an attempt as Unschedulable while it
// is held: autoscalers must not count it, and no controller is there to say so.
func TestUnschedulableIsCorrected(t *testing.T) {
	for name, tt := range map[string]struct {
		conditions []v1.PodCondition
		want       bool
	}{
		"no controller": {want: true},
		"a controller":  {conditions: []v1.PodCondition{{Type: podcondition.Type, Status: v1.ConditionFalse}}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			pod := h.pod(requires("web-tls"))
			h.wantHeld(pod)
			h.updatePod(pod, func(p *v1.Pod) {
				p.Status.Conditions = append(tt.conditions, v1.PodCondition{
					Type: v1.PodScheduled, Status: v1.ConditionFalse, Reason: v1.PodReasonUnschedulable,
				})
			})
			// A second pod is a barrier: its update is handled after the first one's.
			h.updatePod(pod, func(p *v1.Pod) { p.Annotations = nil })
			h.wantPopped(pod)
			if !tt.want {
				if got := h.patches("pods"); len(got) > 0 {
					t.Errorf("The plugin patched %v, want nothing", got)
				}
				return
			}
			h.eventually("PodScheduled is corrected", func() bool { return len(h.patches("pods")) > 0 })
			if got := h.patches("pods")[0]; !strings.Contains(got, "TLSNotReady") || !strings.Contains(got, "resourceVersion") {
				t.Errorf("The patch is %s, want reason TLSNotReady on a fixed version", got)
			}
		})
	}
}

func TestTellerWrite(t *testing.T) {
	tests := []struct {
		name       string
		err        error
		wantFailed bool
	}{
		{name: "written"},
		{name: "another replica was faster", err: apierrors.NewAlreadyExists(eventsv1.Resource("events"), "web.0")},
		{name: "refused", err: apierrors.NewForbidden(eventsv1.Resource("events"), "web.0", errors.New("no")), wantFailed: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client := fake.NewClientset()
			client.PrependReactor("create", "events", func(clienttesting.Action) (bool, runtime.Object, error) {
				return tt.err != nil, nil, tt.err
			})
			teller := newTeller(klog.Background(), testingclock.NewFakeClock(start), client, nil)
			// again: the event that was written before is gone, so it is written anew.
			err := teller.write(t.Context(), report{pod: newPod("web", nil), again: true, event: podevent.Event{Reason: "NotSynced"}})
			if got := err != nil; got != tt.wantFailed {
				t.Errorf("write returned %v, want an error: %t", err, tt.wantFailed)
			}
		})
	}
}

// TestReasonThatComesBack tells a reason, another, and the first again with another note.
func TestReasonThatComesBack(t *testing.T) {
	h := newHarness(t)
	pod := h.pod(requires("web-tls"))
	tell := func(wanted string) {
		t.Helper()
		h.eventually("the message is current", func() bool { return strings.Contains(h.wantHeld(pod), wanted) })
		h.clock.Step(tellInterval)
		h.pl.PreEnqueue(h.ctx, pod)
		if told := h.told(pod); !strings.Contains(told, wanted) {
			t.Fatalf("People were told %q, want %q", told, wanted)
		}
	}
	good := h.secret("web-tls", 0)
	broken := good.DeepCopy()
	broken.Data[v1.TLSCertKey] = nil
	h.createSecret(broken)
	tell("empty tls.crt")
	swapped := good.DeepCopy()
	swapped.Data[v1.TLSCertKey] = []byte("nonsense")
	h.updateSecret(swapped)
	tell("no PEM block")
	h.wantEvents("MissingData", "BadPEM")
	again := good.DeepCopy()
	again.Data[v1.TLSPrivateKeyKey] = nil
	h.updateSecret(again)
	tell("empty tls.key")
	h.eventually("the event of the reason has the new note and time", func() bool {
		return slices.ContainsFunc(h.patches("events"), func(p string) bool {
			return strings.Contains(p, "empty tls.key") && strings.Contains(p, "lastTimestamp")
		})
	})
}

// TestNoteOfAnotherProcess: an event that was there before, with another note, gets this one's. Its time stays, since with the
// same note, as from another replica, nothing shall be written.
func TestNoteOfAnotherProcess(t *testing.T) {
	client := fake.NewClientset()
	pod := newPod("web", nil)
	e := podevent.Event{Reason: "SecretNotFound", Note: "old"}
	var patches []string
	client.PrependReactor("patch", "events", func(action clienttesting.Action) (bool, runtime.Object, error) {
		patches = append(patches, action.(clienttesting.PatchAction).GetName()+" "+string(action.(clienttesting.PatchAction).GetPatch()))
		return true, &v1.Event{}, nil
	})
	for _, note := range []string{"old", "new"} {
		e.Note = note
		teller := newTeller(klog.Background(), testingclock.NewFakeClock(start), client, nil)
		if err := teller.write(t.Context(), report{pod: pod, event: e}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{podevent.Name(pod, e.Reason) + ` {"message":"new"}`}, patches); diff != "" {
		t.Errorf("Unexpected patches (-want, +got):\n%s", diff)
	}
}

func TestReportsAreBounded(t *testing.T) {
	refused := 0
	teller := newTeller(klog.Background(), testingclock.NewFakeClock(start), fake.NewClientset(), nil)
	for range reportQueue + 2 {
		if !teller.offer(report{pod: newPod("web", nil)}) {
			refused++
		}
	}
	if refused != 2 {
		t.Errorf("%d reports were refused, want 2", refused)
	}
}

// TestUntoldIsToldAgain refuses the first event.
func TestUntoldIsToldAgain(t *testing.T) {
	var refused atomic.Bool
	h := newHarness(t, &clienttesting.SimpleReactor{Verb: "create", Resource: "events", Reaction: func(clienttesting.Action) (bool, runtime.Object, error) {
		return refused.CompareAndSwap(false, true), nil, apierrors.NewServiceUnavailable("overloaded")
	}})
	pod := h.pod(requires("Not A Name"))
	h.wantHeld(pod)
	h.eventually("the event is written in the end", func() bool {
		h.clock.Step(time.Second)
		events, err := h.client.EventsV1().Events(namespace).List(h.ctx, metav1.ListOptions{})
		return err == nil && len(events.Items) == 1 && refused.Load()
	})
}
