// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podcondition

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// podWith returns a pod with an annotation and, if not nil, the condition.
func podWith(requireTLS string, c *corev1.PodCondition) *corev1.Pod {
	pod := &corev1.Pod{}
	pod.Annotations = map[string]string{declare.RequireTLSAnnotation: requireTLS}
	if c != nil {
		pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}, *c}
	}
	return pod
}

func ended(message string) *corev1.PodCondition {
	return &corev1.PodCondition{Type: Type, Status: corev1.ConditionTrue, Reason: ReasonUsable, Message: message}
}

const staleEnd = "; waiting for tollgate-controller to write it again"

func TestRead(t *testing.T) {
	web := podWith("web-tls", nil)
	declaration := declarationMark + Fingerprint(web)
	usable := func(until time.Time) *corev1.PodCondition {
		c := True(web, ReasonUsable, "Secrets usable: web-tls (certificate 42)", until)
		return &c
	}
	expired := False(tlsready.Verdict{Reason: tlsready.Expired, Message: "expired"})
	stale := func(why string) tlsready.Verdict {
		return tlsready.Verdict{Reason: tlsready.ReportStale, Message: "condition tollgate.dev/TLSReady " + why + staleEnd}
	}
	tests := map[string]struct {
		pod  *corev1.Pod
		want tlsready.Verdict
	}{
		"no condition": {web, tlsready.Verdict{
			Reason: tlsready.NoReport, Message: "the pod has no condition tollgate.dev/TLSReady yet, which tollgate-controller writes",
		}},
		"True without end":        {podWith("web-tls", usable(time.Time{})), tlsready.Verdict{Ready: true, Reason: tlsready.Ready}},
		"True":                    {podWith("web-tls", usable(start.Add(time.Second))), tlsready.Verdict{Ready: true, Reason: tlsready.Ready, RecheckAt: start.Add(time.Second)}},
		"True until now":          {podWith("web-tls", usable(start)), stale("held until 2026-03-01T12:00:00Z only")},
		"True, other annotation":  {podWith("api-tls", usable(time.Time{})), stale("speaks of annotations that the pod no longer has")},
		"False":                   {podWith("web-tls", &expired), tlsready.Verdict{Reason: tlsready.Expired, Message: "expired"}},
		"False, other annotation": {podWith("api-tls", &expired), tlsready.Verdict{Reason: tlsready.Expired, Message: "expired"}},
		"Unknown":                 {podWith("web-tls", &corev1.PodCondition{Type: Type, Status: corev1.ConditionUnknown}), stale("gives no reason")},
		"no marks":                {podWith("web-tls", ended("all is well")), stale(`cannot be read: its message does not end in "; declaration ..."`)},
		"no message":              {podWith("web-tls", ended("")), stale(`cannot be read: its message does not end in "; declaration ..."`)},
		"message cut":             {podWith("web-tls", ended(strings.TrimSuffix("m"+declaration, "0")[:20])), stale("speaks of annotations that the pod no longer has")},
		"text after the marks":    {podWith("web-tls", ended("m"+declaration+".")), stale("speaks of annotations that the pod no longer has")},
		"no time":                 {podWith("web-tls", ended("m; usable until tomorrow"+declaration)), stale("cannot be read: its message has a time that is not RFC 3339")},
		"two times":               {podWith("web-tls", ended("m; usable until 2020-01-01T00:00:00Z; usable until 2026-03-01T12:00:01Z"+declaration)), tlsready.Verdict{Ready: true, Reason: tlsready.Ready, RecheckAt: start.Add(time.Second)}},
		"two declarations":        {podWith("web-tls", ended("m"+declaration+"; declaration 00000000")), stale("speaks of annotations that the pod no longer has")},
		"only the marks":          {podWith("web-tls", ended(declaration)), tlsready.Verdict{Ready: true, Reason: tlsready.Ready}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Read(tt.pod, start)); diff != "" {
				t.Errorf("unexpected verdict (-want, +got):\n%s", diff)
			}
		})
	}
}

// What the message says in its text must not be taken for the marks.
func TestTextCannotForgeMarks(t *testing.T) {
	web := podWith("web-tls", nil)
	forged := `issued by "CN=x; usable until 2099-01-01T00:00:00Z; declaration 00000000"`
	c := True(web, ReasonUsable, forged, time.Time{})
	if got, want := Read(podWith("web-tls", &c), start), (tlsready.Verdict{Ready: true, Reason: tlsready.Ready}); got != want {
		t.Errorf("Read() = %+v, want %+v", got, want)
	}
	c = True(web, ReasonUsable, forged, start)
	if got := Read(podWith("web-tls", &c), start); got.Ready {
		t.Error("a forged time outlives the real one")
	}
	c = True(podWith("other", nil), ReasonUsable, "x"+declarationMark+Fingerprint(web), time.Time{})
	if got := Read(podWith("web-tls", &c), start); got.Ready {
		t.Error("a forged declaration counts")
	}
}

func TestMessages(t *testing.T) {
	web := podWith("web-tls", nil)
	long := strings.Repeat("ä", 20_000) + "\xff"
	for name, c := range map[string]corev1.PodCondition{
		"True":  True(web, ReasonUsable, long, start),
		"False": False(tlsready.Verdict{Reason: tlsready.Expired, Message: long}),
	} {
		if n := len(c.Message); n < maxMessage-8 || n > 32<<10 {
			t.Errorf("%s: message has %d bytes", name, n)
		}
		if c.Type != Type || string(c.Status) != name || c.Reason == "" {
			t.Errorf("unexpected condition %s=%s, %s", c.Type, c.Status, c.Reason)
		}
	}
	if got := False(tlsready.Verdict{Message: "a\xffb"}).Message; got != "a\uFFFDb" {
		t.Errorf("got message %q, want valid UTF-8", got)
	}
	c := True(web, ReasonUsable, "m", start.In(time.FixedZone("CET", 3600)).Add(time.Millisecond))
	if want := "m; usable until 2026-03-01T12:00:00Z; declaration " + Fingerprint(web); c.Message != want {
		t.Errorf("got message %q, want %q", c.Message, want)
	}
}

func TestFingerprint(t *testing.T) {
	seen := map[string]string{}
	for name, values := range map[string]map[string]string{
		"none":             {"tollgate.dev/max-hourly-price": "1"},
		"require-tls":      {declare.RequireTLSAnnotation: "a"},
		"tls-requirements": {declare.RequirementsAnnotation: "a"},
		"on-expired":       {declare.OnExpiredAnnotation: "a"},
		"allow-temporary":  {declare.AllowTemporaryAnnotation: "a"},
		"max-wait":         {declare.MaxWaitAnnotation: "a"},
		"empty":            {declare.RequireTLSAnnotation: ""},
		"both":             {declare.RequireTLSAnnotation: "a", declare.RequirementsAnnotation: "a"},
		"one in the other": {declare.RequireTLSAnnotation: "a;" + declare.RequirementsAnnotation + "=1:a"},
	} {
		pod := &corev1.Pod{}
		pod.Annotations = values
		got := Fingerprint(pod)
		if len(got) != 8 {
			t.Errorf("%s: got %q, want eight digits", name, got)
		}
		if other, ok := seen[got]; ok {
			t.Errorf("%s and %s share fingerprint %s", name, other, got)
		}
		seen[got] = name
		values["other.example/annotation"] = "x"
		if again := Fingerprint(pod); again != got {
			t.Errorf("%s: an annotation that declares nothing changes %s to %s", name, got, again)
		}
	}
}
