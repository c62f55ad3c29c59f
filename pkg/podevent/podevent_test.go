// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podevent

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	corevalidation "k8s.io/kubernetes/pkg/apis/core/validation"
	apieventsv1 "k8s.io/kubernetes/pkg/apis/events/v1"
	"pgregory.net/rapid"

	_ "github.com/tollgate-dev/tollgate/test/seed"
)

var (
	at     = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)
	source = Source{Controller: "tollgate.dev/certgate", Instance: "node-1"}
	held   = Event{Type: corev1.EventTypeWarning, Reason: "SecretNotFound", Action: "Holding", Note: "web-tls does not exist"}
)

func newPod(name, uid string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(uid), ResourceVersion: "7"}}
}

func TestNew(t *testing.T) {
	want := &eventsv1.Event{
		ObjectMeta:          metav1.ObjectMeta{Namespace: "shop", Name: "web.463bcfcd5fed5334"},
		EventTime:           metav1.NewMicroTime(at),
		Type:                "Warning",
		Reason:              "SecretNotFound",
		Action:              "Holding",
		Note:                "web-tls does not exist",
		ReportingController: "tollgate.dev/certgate",
		ReportingInstance:   "node-1",
		Regarding:           corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: "web", UID: "1234", ResourceVersion: "7"},
	}
	got := source.New(newPod("web", "1234"), held, at)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unexpected Event (-want, +got):\n%s", diff)
	}
	checkValid(t, got)
}

// Every replica gives the same name, whoever and whenever it is and whatever the note says.
func TestNameIsDeterministic(t *testing.T) {
	pod := newPod("web", "1234")
	name := Name(pod, held.Reason)
	later := pod.DeepCopy()
	later.ResourceVersion, later.Labels = "8", map[string]string{"a": "b"}
	note := held
	note.Note, note.Type, note.Action = "other", "Normal", "Releasing"
	if got := (Source{Controller: "tollgate.dev/controller", Instance: "node-2"}).New(later, note, at.Add(time.Hour)).Name; got != name {
		t.Errorf("got name %q, want %q", got, name)
	}
	for what, other := range map[string]string{
		"reason": Name(pod, "Expired"),
		"UID":    Name(newPod("web", "1235"), held.Reason),
		"pod":    Name(newPod("api", "1234"), held.Reason),
	} {
		if other == name {
			t.Errorf("another %s has the same name %q", what, name)
		}
	}
}

func TestLimits(t *testing.T) {
	long := held
	long.Note = strings.Repeat("ä", 2000)
	e := Source{Controller: source.Controller, Instance: strings.Repeat("n", 300)}.New(newPod(strings.Repeat("a", 253), "1234"), long, at)
	checkValid(t, e)
	if len(e.Note) != 1023 || len(e.ReportingInstance) != 128 || len(e.Name) != 253 {
		t.Errorf("note has %d bytes, instance %d, name %d", len(e.Note), len(e.ReportingInstance), len(e.Name))
	}
}

func TestEveryPodHasAValidName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pod := newPod(rapid.StringMatching(`[a-z0-9]([-a-z0-9]{0,60}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,60}[a-z0-9])?){0,3}`).Draw(t, "name"), rapid.String().Draw(t, "uid"))
		if name := Name(pod, rapid.String().Draw(t, "reason")); len(validation.IsDNS1123Subdomain(name)) > 0 {
			t.Fatalf("Name(%q) = %q, which is not valid", pod.Name, name)
		}
	})
	// The cut falls behind a character with which no name may end.
	for _, last := range []string{".a", "-a", ".-a"} {
		pod := newPod(strings.Repeat("a", maxName-17-len(last)+1)+last+strings.Repeat("a", 16), "1234")
		if name := Name(pod, "r"); len(validation.IsDNS1123Subdomain(name)) > 0 {
			t.Errorf("Name(%q) = %q, which is not valid", pod.Name, name)
		}
	}
}

// checkValid asks the API server's own validation.
func checkValid(t *testing.T, e *eventsv1.Event) {
	t.Helper()
	internal := &core.Event{}
	if err := apieventsv1.Convert_v1_Event_To_core_Event(e, internal, nil); err != nil {
		t.Fatalf("converting: %v", err)
	}
	if errs := corevalidation.ValidateEventCreate(internal, eventsv1.SchemeGroupVersion); len(errs) > 0 {
		t.Errorf("the API refuses the Event: %v", errs.ToAggregate())
	}
}
