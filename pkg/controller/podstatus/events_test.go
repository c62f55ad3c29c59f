// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	apivalidation "k8s.io/apimachinery/pkg/util/validation"
	"pgregory.net/rapid"

	"github.com/tollgate-dev/tollgate/pkg/text"
)

func TestEventName(t *testing.T) {
	if got, want := eventName(newPod(), "Expired"), "web.87f5c6363c8e9945"; got != want {
		t.Fatalf("eventName = %q, want %q", got, want)
	}
	form := regexp.MustCompile(`\.[0-9a-f]{16}$`)
	rapid.Check(t, func(t *rapid.T) {
		pod := newPod(named(rapid.StringMatching(`[a-z0-9]([-a-z0-9]{0,250}[a-z0-9])?`).Draw(t, "name")))
		name := eventName(pod, "Expired")
		if faults := apivalidation.IsDNS1123Subdomain(name); len(faults) > 0 || !form.MatchString(name) {
			t.Fatalf("name %q: %v", name, faults)
		}
	})
}

func TestTruncate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		limit := rapid.IntRange(3, 40).Draw(t, "limit")
		got := text.Truncate(s, limit)
		switch {
		case len(got) > limit || !utf8.ValidString(got):
			t.Fatalf("text.Truncate(%q, %d) = %q", s, limit, got)
		case len(s) <= limit && got != s:
			t.Fatalf("text.Truncate(%q, %d) = %q, want it unchanged", s, limit, got)
		case !strings.HasPrefix(s, strings.TrimSuffix(got, "...")):
			t.Fatalf("text.Truncate(%q, %d) = %q is no beginning of it", s, limit, got)
		}
	})
}

func TestFormatHeld(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                     "0s",
		3210 * time.Millisecond:               "3.2s",
		90*time.Second + 900*time.Millisecond: "1m31s",
		3 * time.Hour:                         "3h0m0s",
	} {
		if got := formatHeld(d); got != want {
			t.Errorf("formatHeld(%d) = %q, want %q", d, got, want)
		}
	}
}
