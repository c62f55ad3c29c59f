// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

func TestDecide(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	authz := func(status string, kinds ...string) acme.Authorization {
		a := acme.Authorization{Identifier: acme.Identifier{Type: "dns", Value: "www.example.com"}, Status: status}
		for _, kind := range kinds {
			a.Challenges = append(a.Challenges, acme.Challenge{Type: kind, URL: "u", Token: "t", KeyAuthorization: "t.k", Status: acme.StatusPending})
		}
		return a
	}
	placed := &Record{OrderURL: "o", AccountURI: "a", Started: now}
	answering := &Record{OrderURL: "o", AccountURI: "a", Started: now, Challenges: map[string]string{"t": "t.k"}}
	old := &Record{OrderURL: "o", AccountURI: "a", Started: now.Add(-time.Hour), Challenges: map[string]string{"t": "t.k"}}
	live := func(status string, authzs ...acme.Authorization) Live {
		return Live{Account: "a", Order: &acme.Order{Status: status, Expires: now.Add(time.Hour)}, Authorizations: authzs, Solvers: []v1alpha1.Solver{byHTTP(nil)}}
	}
	asked := live("pending", authz("pending", "http-01"))
	asked.Initiated = map[string]bool{"u": true}
	late := live("pending", authz("pending", "http-01"))
	late.Order.Expires = now
	lateReady := live("ready")
	lateReady.Order.Expires = now
	path := authz("pending", "http-01")
	path.Challenges[0].Token = "../../admin\n"
	// A wildcard and its apex beside each other, by dns-01, and a name by http-01.
	txt := func(name, token string) dnsEntry {
		x := dnsEntry{Domain: name, Token: token}
		x.Value = acme.Challenge{KeyAuthorization: token + ".k"}.DNS01KeyAuthorization()
		return x
	}
	wild := func(status, name, token string, wildcard bool, kinds ...string) acme.Authorization {
		a := acme.Authorization{Identifier: acme.Identifier{Type: "dns", Value: name}, Status: status, Wildcard: wildcard}
		for _, kind := range kinds {
			a.Challenges = append(a.Challenges, acme.Challenge{
				Type: kind, URL: token, Token: token, KeyAuthorization: token + ".k", Status: acme.StatusPending, Identifier: a.Identifier,
			})
		}
		return a
	}
	mixed := live("pending", wild("pending", "example.com", "a", false, "http-01", "dns-01"), wild("pending", "example.com", "w", true, "dns-01"), authz("pending", "http-01"))
	mixed.Solvers = []v1alpha1.Solver{byHTTP(nil), byDNS(zones("example.com")), byHTTP(names("www.example.com"))}
	mixedAsked := mixed
	mixedAsked.Initiated = map[string]bool{"u": true, "a": true, "w": true}
	half := &Record{OrderURL: "o", AccountURI: "a", Started: now, Challenges: map[string]string{"t": "t.k"}, DNS: []dnsEntry{txt("example.com", "a")}}
	whole := &Record{OrderURL: "o", AccountURI: "a", Started: now, Challenges: map[string]string{"t": "t.k"}, DNS: []dnsEntry{txt("example.com", "a"), txt("example.com", "w")}}
	noHTTP := &Record{OrderURL: "o", AccountURI: "a", Started: now, DNS: whole.DNS}
	otherSolver := &Record{OrderURL: "o", AccountURI: "a", Started: now, Challenges: whole.Challenges, DNS: []dnsEntry{txt("example.com", "a"), txt("example.com", "w")}}
	otherSolver.DNS[1].Solver.RFC2136 = &v1alpha1.RFC2136Solver{Nameserver: "192.0.2.53"}
	noSolver := live("pending", wild("pending", "example.com", "w", true, "dns-01"))
	notOffered := live("pending", wild("pending", "example.com", "a", false, "tls-alpn-01"))
	tests := []struct {
		name   string
		record *Record
		live   Live
		step   Step
		reason string
		after  time.Duration
	}{
		{"nothing yet", nil, Live{}, StepRecord, v1alpha1.ReasonCreatingOrder, 0},
		{"record only", &Record{}, Live{Account: "a"}, StepOrder, v1alpha1.ReasonCreatingOrder, 0},
		{"order gone", placed, Live{Account: "a"}, StepRestart, "", 0},
		{"another account", placed, Live{Account: "b"}, StepRestart, "", 0},
		{"pending, not presented", placed, live("pending", authz("pending", "dns-01", "http-01")), StepPresent, v1alpha1.ReasonPresenting, 0},
		{"pending, presented", answering, live("pending", authz("pending", "http-01")), StepAnswer, v1alpha1.ReasonPresenting, 0},
		{"pending, asked", answering, asked, StepWait, v1alpha1.ReasonValidating, time.Second},
		{"pending, asked long ago", old, asked, StepWait, v1alpha1.ReasonValidating, 10 * time.Second},
		{"pending, all valid", answering, live("pending", authz("valid")), StepWait, v1alpha1.ReasonValidating, time.Second},
		{"pending, no http-01", placed, live("pending", authz("pending", "dns-01")), StepAbandon, v1alpha1.ReasonFailed, 0},
		{"pending, token is no token", placed, live("pending", path), StepAbandon, v1alpha1.ReasonFailed, 0},
		{"order of somebody else", &Record{OrderURL: "o"}, Live{}, StepRestart, "", 0},
		{"pending, one invalid", answering, live("pending", authz("invalid", "http-01")), StepAbandon, v1alpha1.ReasonChallengeFailed, 0},
		{"pending, one deactivated", answering, live("pending", authz("deactivated")), StepAbandon, v1alpha1.ReasonChallengeFailed, 0},
		{"mixed, nothing written down", placed, mixed, StepPresent, v1alpha1.ReasonPresenting, 0},
		{"mixed, one TXT record missing", half, mixed, StepPresent, v1alpha1.ReasonPresenting, 0},
		{"mixed, http-01 missing", noHTTP, mixed, StepPresent, v1alpha1.ReasonPresenting, 0},
		{"mixed, TXT record of another solver", otherSolver, mixed, StepPresent, v1alpha1.ReasonPresenting, 0},
		{"mixed, all written down", whole, mixed, StepAnswer, v1alpha1.ReasonPresenting, 0},
		{"mixed, asked", whole, mixedAsked, StepWait, v1alpha1.ReasonValidating, time.Second},
		{"ready, TXT records still there", noHTTP, live("ready"), StepWithdraw, v1alpha1.ReasonFinalizing, 0},
		{"wildcard without dns01", placed, noSolver, StepAbandon, v1alpha1.ReasonFailed, 0},
		{"challenge not offered", placed, notOffered, StepAbandon, v1alpha1.ReasonFailed, 0},
		{"pending, expired", answering, late, StepRestart, "", 0},
		{"ready, expired", placed, lateReady, StepRestart, "", 0},
		{"ready, answers still there", answering, live("ready"), StepFinalize, v1alpha1.ReasonFinalizing, 0},
		{"ready", placed, live("ready"), StepFinalize, v1alpha1.ReasonFinalizing, 0},
		{"processing", placed, live("processing"), StepWait, v1alpha1.ReasonFinalizing, time.Second},
		{"valid", placed, live("valid"), StepDownload, v1alpha1.ReasonFinalizing, 0},
		{"valid, answers still there", answering, live("valid"), StepDownload, v1alpha1.ReasonFinalizing, 0},
		{"invalid", answering, live("invalid"), StepAbandon, v1alpha1.ReasonChallengeFailed, 0},
		{"unknown status", placed, live("odd"), StepAbandon, v1alpha1.ReasonFailed, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := Decide(tt.record, tt.live, now)
			if d.Step != tt.step || d.Reason != tt.reason || d.After != tt.after {
				t.Errorf("Decide = %+v, want %s %s %s", d, tt.step, tt.reason, tt.after)
			}
			if d.Message == "" {
				t.Error("the decision has no message")
			}
		})
	}
}

func TestBackoffs(t *testing.T) {
	for n, want := range map[int32]time.Duration{1: time.Minute, 2: 10 * time.Minute, 3: 100 * time.Minute, 4: 24 * time.Hour, 99: 24 * time.Hour} {
		if got := Backoff(n); got != want {
			t.Errorf("Backoff(%d) = %s, want %s", n, got, want)
		}
	}
	for n, want := range map[int32]time.Duration{1: 5 * time.Second, 2: 10 * time.Second, 6: 160 * time.Second, 7: 5 * time.Minute, 99: 5 * time.Minute} {
		if got := ConnectionBackoff(n); got != want {
			t.Errorf("ConnectionBackoff(%d) = %s, want %s", n, got, want)
		}
	}
}
