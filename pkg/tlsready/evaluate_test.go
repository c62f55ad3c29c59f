// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

func inspectPair(tb testing.TB, o tlstest.Options) *tlsready.Facts {
	tb.Helper()
	cert, key := tlstest.NewCA(tb).Issue(o)
	facts := tlsready.Inspect(tlstest.Secret("shop", "web-tls", cert, key))
	if facts.Fault != nil {
		tb.Fatalf("unexpected fault: %+v", facts.Fault)
	}
	return facts
}

func TestEvaluate(t *testing.T) {
	const web = `secret "shop/web-tls"`
	facts := inspectPair(t, tlstest.Options{
		DNSNames:    []string{"www.example.com", "*.dev.example.com"},
		IPAddresses: []net.IP{net.ParseIP("192.0.2.1"), net.ParseIP("2001:db8::1")},
	})
	noSAN := inspectPair(t, tlstest.Options{CommonName: "www.example.com"})
	many := inspectPair(t, tlstest.Options{DNSNames: []string{"a", "b", "c", "d", "e", "f", "g"}})
	const valid = " (it is valid for *.dev.example.com, www.example.com, 192.0.2.1, 2001:db8::1)"
	expiry := facts.NotAfter
	ready := tlsready.Verdict{Ready: true, Reason: tlsready.Ready, RecheckAt: expiry}
	notCovered := func(text string) tlsready.Verdict {
		return tlsready.Verdict{Reason: tlsready.NameNotCovered, Message: web + ": certificate does not cover " + text, RecheckAt: expiry}
	}
	notYet := tlsready.Verdict{
		Reason:    tlsready.NotYetValid,
		Message:   web + ": certificate becomes valid at 2026-11-20T11:00:00Z (if that is a surprise, compare the clocks of the CA and of this machine)",
		RecheckAt: facts.NotBefore,
	}
	expired := tlsready.Verdict{Reason: tlsready.Expired, Message: web + ": certificate expired at 2027-02-18T12:00:00Z; renew it"}
	broken := &tlsready.Facts{Fault: &tlsready.Fault{Reason: tlsready.BadKey, Message: "m"}}

	tests := map[string]struct {
		facts *tlsready.Facts
		names []string
		at    time.Time // zero: tlstest.Now
		want  tlsready.Verdict
	}{
		"not found":             {nil, nil, time.Time{}, tlsready.Verdict{Reason: tlsready.SecretNotFound, Message: web + " does not exist"}},
		"fault":                 {broken, []string{"x"}, time.Time{}, tlsready.Verdict{Reason: tlsready.BadKey, Message: "m"}},
		"no names":              {facts, nil, time.Time{}, ready},
		"exact, wildcard, IPs":  {facts, []string{"192.0.2.1", "2001:db8::1", "a.dev.example.com", "www.example.com"}, time.Time{}, ready},
		"declared wildcard":     {facts, []string{"*.dev.example.com"}, time.Time{}, ready},
		"before notBefore":      {facts, []string{"x"}, facts.NotBefore.Add(-time.Nanosecond), notYet},
		"long before notBefore": {facts, nil, facts.NotBefore.AddDate(-1, 0, 0), notYet},
		"at notBefore":          {facts, nil, facts.NotBefore, ready},
		"before notAfter":       {facts, nil, expiry.Add(-time.Nanosecond), ready},
		"at notAfter":           {facts, []string{"x"}, expiry, expired},
		"long after notAfter":   {facts, nil, expiry.AddDate(1, 0, 0), expired},
		"two labels":            {facts, []string{"a.b.dev.example.com"}, time.Time{}, notCovered("a.b.dev.example.com" + valid)},
		"apex": {facts, []string{"dev.example.com", "www.example.com"}, time.Time{},
			notCovered("dev.example.com" + valid + "; *.dev.example.com does not cover dev.example.com, add it to the certificate's DNS names")},
		"wildcard not there": {facts, []string{"*.example.com"}, time.Time{}, notCovered("*.example.com" + valid)},
		"other IP":           {facts, []string{"192.0.2.2"}, time.Time{}, notCovered("192.0.2.2" + valid)},
		"common name":        {noSAN, []string{"www.example.com"}, time.Time{}, notCovered("www.example.com (it has no DNS or IP subject alternative name, and the common name does not count)")},
		"many names":         {many, []string{"1x", "2x", "3x", "4x", "5x", "6x"}, time.Time{}, notCovered("1x, 2x, 3x, 4x, 5x and 1 more (it is valid for a, b, c, d, e and 2 more)")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.at.IsZero() {
				tt.at = tlstest.Now
			}
			got := tlsready.Evaluate(tt.facts, "shop", declare.Requirement{SecretName: "web-tls", DNSNames: tt.names}, tt.at)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("unexpected verdict (-want, +got):\n%s", diff)
			}
		})
	}
}

func TestSummarize(t *testing.T) {
	at := func(hours int) time.Time { return tlstest.Now.Add(time.Duration(hours) * time.Hour) }
	failing := func(reason tlsready.Reason, name string) tlsready.Verdict {
		return tlsready.Verdict{Reason: reason, Message: fmt.Sprintf("secret %q", name)}
	}
	ready := func(hours int) tlsready.Verdict {
		return tlsready.Verdict{Ready: true, Reason: tlsready.Ready, RecheckAt: at(hours)}
	}
	notYet := failing(tlsready.NotYetValid, "n")
	notYet.RecheckAt = at(1)
	tests := map[string]struct {
		in   []tlsready.Verdict
		want tlsready.Verdict
	}{
		"none":        {nil, tlsready.Verdict{Ready: true, Reason: tlsready.Ready}},
		"all ready":   {[]tlsready.Verdict{ready(3), ready(2), ready(4)}, ready(2)},
		"one failing": {[]tlsready.Verdict{ready(2), notYet, ready(3)}, notYet},
		"worst first, three shown": {
			[]tlsready.Verdict{notYet, failing(tlsready.SecretNotFound, "a"), ready(2), failing(tlsready.BadKey, "b"), failing(tlsready.Expired, "c")},
			tlsready.Verdict{Reason: tlsready.BadKey, Message: `secret "b"; secret "c"; secret "a"; and 1 more`, RecheckAt: at(1)},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tlsready.Summarize(tt.in)); diff != "" {
				t.Errorf("unexpected verdict (-want, +got):\n%s", diff)
			}
		})
	}
}

// TestMessagesAreStable walks through the life of a certificate: the text changes only
// when the verdict does, so that conditions and events are not rewritten.
func TestMessagesAreStable(t *testing.T) {
	facts := inspectPair(t, tlstest.Options{DNSNames: []string{"www.example.com"}})
	r := declare.Requirement{SecretName: "web-tls", DNSNames: []string{"api.example.com"}}
	var seen []string
	for now := facts.NotBefore.Add(-time.Hour); now.Before(facts.NotAfter.Add(time.Hour)); now = now.Add(7 * time.Minute) {
		v := tlsready.Evaluate(facts, "shop", r, now)
		if !strings.HasPrefix(v.Message, `secret "shop/web-tls"`) {
			t.Fatalf("message %q does not name the Secret", v.Message)
		}
		if len(seen) == 0 || seen[len(seen)-1] != v.Message {
			seen = append(seen, v.Message)
		}
	}
	if len(seen) != 3 {
		t.Errorf("%d messages, want NotYetValid, NameNotCovered, Expired: %q", len(seen), seen)
	}
}

func BenchmarkEvaluate(b *testing.B) {
	facts := inspectPair(b, tlstest.Options{DNSNames: []string{"www.example.com", "*.dev.example.com"}})
	for name, declared := range map[string][]string{"ready": {"www.example.com", "a.dev.example.com"}, "notCovered": {"x.example.com"}} {
		b.Run(name, func(b *testing.B) {
			r := declare.Requirement{SecretName: "web-tls", DNSNames: declared}
			b.ReportAllocs()
			for b.Loop() {
				tlsready.Evaluate(facts, "shop", r, tlstest.Now)
			}
		})
	}
}
