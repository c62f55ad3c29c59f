// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready_test

import (
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
	ca := tlstest.NewCA(tb)
	cert, key := ca.Issue(o)
	secret := tlstest.Secret("shop", "web-tls", cert, key)
	secret.Data["ca.crt"] = ca.CertPEM()
	facts := tlsready.Inspect(secret)
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
	tooSoon := expiry.Add(-5 * time.Minute)
	ready := tlsready.Verdict{Ready: true, Reason: tlsready.Ready, RecheckAt: tooSoon}
	notCovered := func(text string) tlsready.Verdict {
		return tlsready.Verdict{Reason: tlsready.NameNotCovered, Message: web + ": certificate does not cover " + text, RecheckAt: tooSoon}
	}
	notYet := tlsready.Verdict{
		Reason:    tlsready.NotYetValid,
		Message:   web + ": certificate becomes valid at 2026-11-20T11:00:00Z (if that is a surprise, compare the clocks of the CA and of this machine)",
		RecheckAt: facts.NotBefore,
	}
	expired := tlsready.Verdict{Reason: tlsready.Expired, Message: web + ": certificate expired at 2027-02-18T12:00:00Z; renew it"}
	expiring := tlsready.Verdict{
		Reason:    tlsready.ExpiresTooSoon,
		Message:   web + ": certificate expires at 2027-02-18T12:00:00Z, within the 5m0s that a pod asks for by default; renew it",
		RecheckAt: expiry,
	}
	broken := &tlsready.Facts{Fault: &tlsready.Fault{Reason: tlsready.BadKey, Message: "m"}}

	tests := map[string]struct {
		facts *tlsready.Facts
		names []string
		at    time.Time // zero: tlstest.Now
		want  tlsready.Verdict
	}{
		"not found":                  {nil, nil, time.Time{}, tlsready.Verdict{Reason: tlsready.SecretNotFound, Message: web + " does not exist"}},
		"fault":                      {broken, []string{"x"}, time.Time{}, tlsready.Verdict{Reason: tlsready.BadKey, Message: "m"}},
		"no names":                   {facts, nil, time.Time{}, ready},
		"exact, wildcard, IPs":       {facts, []string{"192.0.2.1", "2001:db8::1", "a.dev.example.com", "www.example.com"}, time.Time{}, ready},
		"declared wildcard":          {facts, []string{"*.dev.example.com"}, time.Time{}, ready},
		"before notBefore":           {facts, []string{"x"}, facts.NotBefore.Add(-time.Nanosecond), notYet},
		"long before notBefore":      {facts, nil, facts.NotBefore.AddDate(-1, 0, 0), notYet},
		"at notBefore":               {facts, nil, facts.NotBefore, ready},
		"before notAfter":            {facts, nil, expiry.Add(-time.Nanosecond), expiring},
		"before it expires too soon": {facts, nil, tooSoon.Add(-time.Nanosecond), ready},
		"when it expires too soon":   {facts, []string{"x"}, tooSoon, expiring},
		"at notAfter":                {facts, []string{"x"}, expiry, expired},
		"long after notAfter":        {facts, nil, expiry.AddDate(1, 0, 0), expired},
		"two labels":                 {facts, []string{"a.b.dev.example.com"}, time.Time{}, notCovered("a.b.dev.example.com" + valid)},
		"apex": {facts, []string{"dev.example.com", "www.example.com"}, time.Time{},
			notCovered("dev.example.com" + valid + "; *.dev.example.com does not cover dev.example.com, add it to the certificate's DNS names")},
		"wildcard not there": {facts, []string{"*.example.com"}, time.Time{}, notCovered("*.example.com" + valid)},
		"other IP":           {facts, []string{"192.0.2.2"}, time.Time{}, notCovered("192.0.2.2" + valid)},
		"common name":        {noSAN, []string{"www.example.com"}, time.Time{}, notCovered("www.example.com (it has no DNS, IP or URI subject alternative name, and the common name does not count)")},
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

// TestMessagesAreStable walks through the life of a certificate: the text changes only
// when the verdict does, so that conditions and events are not rewritten.
func TestMessagesAreStable(t *testing.T) {
	facts := inspectPair(t, tlstest.Options{DNSNames: []string{"www.example.com"}})
	r := declare.Requirement{SecretName: "web-tls", DNSNames: []string{"api.example.com"}}
	var seen []string
	for now := facts.NotBefore.Add(-time.Hour); now.Before(facts.NotAfter.Add(time.Hour)); now = now.Add(4 * time.Minute) {
		v := tlsready.Evaluate(facts, "shop", r, now)
		if !strings.HasPrefix(v.Message, `secret "shop/web-tls"`) {
			t.Fatalf("message %q does not name the Secret", v.Message)
		}
		if len(seen) == 0 || seen[len(seen)-1] != v.Message {
			seen = append(seen, v.Message)
		}
	}
	if len(seen) != 4 {
		t.Errorf("%d messages, want NotYetValid, NameNotCovered, ExpiresTooSoon, Expired: %q", len(seen), seen)
	}
}
