// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/klog/v2"
	testingclock "k8s.io/utils/clock/testing"

	"github.com/tollgate-dev/tollgate/pkg/tlsready"
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
		ObjectMeta:          metav1.ObjectMeta{Namespace: namespace, Name: eventName(pod, tlsready.SecretsForbidden)},
		EventTime:           metav1.NewMicroTime(start),
		ReportingController: "tollgate.dev/certgate",
		ReportingInstance:   event.ReportingInstance,
		Action:              "Holding",
		Reason:              "SecretsForbidden",
		Type:                "Warning",
		Note:                message,
		Regarding:           v1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: namespace, Name: pod.Name, UID: pod.UID},
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
	h.clock.Step(notSyncedGrace - 1)
	h.pl.PreEnqueue(h.ctx, pod)
	if claimed := !h.pl.waiting.Report(pod.UID); claimed {
		t.Error("An event is written before the first list may be called late")
	}
	h.pl.waiting.Unreport(pod.UID)
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

func TestFaultEventsWrite(t *testing.T) {
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
			e := newFaultEvents(klog.Background(), testingclock.NewFakeClock(start), client, func(types.UID) {})
			err := e.write(t.Context(), fault{pod: newPod("web", nil), reason: tlsready.NotSynced})
			if got := err != nil; got != tt.wantFailed {
				t.Errorf("write returned %v, want an error: %t", err, tt.wantFailed)
			}
		})
	}
}

func TestFaultEventsQueueIsBounded(t *testing.T) {
	var failed []types.UID
	e := newFaultEvents(klog.Background(), testingclock.NewFakeClock(start), fake.NewClientset(), func(uid types.UID) { failed = append(failed, uid) })
	pod := newPod("web", nil)
	for range faultQueue + 2 {
		e.offer(fault{pod: pod})
	}
	if diff := cmp.Diff([]types.UID{pod.UID, pod.UID}, failed); diff != "" {
		t.Errorf("Unexpected pods given back (-want, +got):\n%s", diff)
	}
}

func TestEventName(t *testing.T) {
	long := newPod(strings.Repeat("a", 236)+"-"+strings.Repeat("b", 16), nil)
	tests := []struct {
		name   string
		pod    *v1.Pod
		reason tlsready.Reason
		want   string
	}{
		{
			name:   "first 16 digits of echo -n uid-webNotSynced | sha256sum",
			pod:    newPod("web", nil),
			reason: tlsready.NotSynced,
			want:   "web.8c5e23a57d9f3b7c",
		},
		{
			name:   "a long name is cut where a name may end",
			pod:    long,
			reason: tlsready.NotSynced,
			want:   strings.Repeat("a", 236) + eventName(long, tlsready.NotSynced)[236:],
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := eventName(tt.pod, tt.reason)
			if got != tt.want {
				t.Errorf("eventName returned %q, want %q", got, tt.want)
			}
			if len(got) > maxNameBytes {
				t.Errorf("The name has %d bytes, want at most %d", len(got), maxNameBytes)
			}
		})
	}
}

func TestTruncate(t *testing.T) {
	for _, tt := range []struct {
		in    string
		limit int
		want  string
	}{
		{"short", 10, "short"},
		{"exact", 5, "exact"},
		{"longer", 4, "long"},
		{"bücher", 2, "b"},
	} {
		if got := truncate(tt.in, tt.limit); got != tt.want {
			t.Errorf("truncate(%q, %d) = %q, want %q", tt.in, tt.limit, got, tt.want)
		}
	}
}
