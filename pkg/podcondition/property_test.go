// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podcondition

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	_ "github.com/tollgate-dev/tollgate/test/seed"
)

// texts are messages of any kind, often with marks inside.
func texts() *rapid.Generator[string] {
	part := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		untilMark, declarationMark, "; usable until", "2026-03-01T12:00:00Z", "00000000", strings.Repeat("x", maxMessage),
	}))
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(part, 0, 8).Draw(t, "parts"), "")
	})
}

// Read gives back what True was told: the pod goes on until the time, with the annotations.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.String().Draw(t, "annotation")
		var until time.Time
		if rapid.Bool().Draw(t, "ends") {
			until = time.Unix(rapid.Int64Range(0, 250_000_000_000).Draw(t, "until"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds"))
		}
		c := True(podWith(value, nil), ReasonUsable, texts().Draw(t, "text"), until)
		if len(c.Message) > 32<<10 {
			t.Fatalf("message has %d bytes", len(c.Message))
		}
		now := time.Unix(rapid.Int64Range(0, 250_000_000_000).Draw(t, "now"), 0)
		if rapid.Bool().Draw(t, "near") && !until.IsZero() {
			now = until.Truncate(time.Second).Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "seconds")) * time.Second)
		}
		got := Read(podWith(value, &c), now)
		if until.IsZero() {
			if !got.Ready || !got.RecheckAt.IsZero() {
				t.Fatalf("Read() = %+v, want ready for ever", got)
			}
		} else if end := until.Truncate(time.Second); now.Before(end) {
			if !got.Ready || !got.RecheckAt.Equal(end) {
				t.Fatalf("Read() = %+v, want ready until %s", got, end)
			}
		} else if got.Ready || got.Reason != tlsready.ReportStale {
			t.Fatalf("Read() = %+v at %s, want a stale report", got, now)
		}
		other := rapid.String().Filter(func(s string) bool { return s != value }).Draw(t, "other annotation")
		if got := Read(podWith(other, &c), now); got.Ready {
			t.Fatalf("the condition counts for annotation %q too", other)
		}
	})
}

// FuzzRead lets no pod go without the fingerprint of its own annotations.
func FuzzRead(f *testing.F) {
	pod := podWith("web-tls", nil)
	f.Add("True", "Usable", True(pod, ReasonUsable, "m", start).Message)
	f.Add("True", "Usable", True(pod, ReasonUsable, "m", time.Time{}).Message)
	f.Add("True", "", "; usable until ; declaration ")
	f.Add("False", "Expired", "m")
	f.Add("", "", "")
	f.Fuzz(func(t *testing.T, status, reason, message string) {
		c := corev1.PodCondition{Type: Type, Status: corev1.ConditionStatus(status), Reason: reason, Message: message}
		got := Read(podWith("web-tls", &c), start)
		if got.Ready && (status != "True" || !strings.HasSuffix(message, declarationMark+Fingerprint(pod))) {
			t.Errorf("%q lets the pod go", message)
		}
		if got.Ready && !got.RecheckAt.IsZero() && !got.RecheckAt.After(start) {
			t.Errorf("%q lets the pod go after its end", message)
		}
		if !got.Ready && got.Reason == "" {
			t.Errorf("%q gives no reason", message)
		}
	})
}
