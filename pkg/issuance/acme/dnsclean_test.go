// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

// TestCleanUpFails: a DNS that does not let a record go must not keep the certificate waiting.
func TestCleanUpFails(t *testing.T) {
	h := newDNSHarness(t, newCert("web", "*.example.com"))
	h.cleanUps = errors.New("the API is away")
	cert, err := h.reconcile("web")
	h.must(err)
	h.issued(cert)
	if got := h.events(); !strings.Contains(got, "TXTRecordLeft") || !strings.Contains(got, "the API is away") || !strings.Contains(got, challengeName) {
		t.Errorf("events = %s, want TXTRecordLeft with the record and the cause", got)
	}
	if len(h.journals()) != 1 || len(h.zone.TXT(challengeName)) != 1 {
		t.Fatalf("%d journals, TXT records %q, want one of each", len(h.journals()), h.zone.TXT(challengeName))
	}
	h.restart()
	h.must(h.executor.Sweep(t.Context())) // too early
	h.cleanUps = nil
	h.must(h.executor.Sweep(t.Context()))
	if len(h.journals()) != 1 {
		t.Error("it was tried again at once")
	}
	h.clock.SetTime(h.clock.Now().Add(time.Hour))
	h.must(h.executor.Sweep(t.Context()))
	h.clean()
}

func TestCleanUpIsGivenUp(t *testing.T) {
	h := newDNSHarness(t, newCert("web", "*.example.com"))
	h.cleanUps = errors.New("the API is away")
	cert, err := h.reconcile("web")
	h.must(err)
	h.issued(cert)
	h.events()
	for range 25 {
		h.clock.SetTime(h.clock.Now().Add(time.Hour))
		h.must(h.executor.Sweep(t.Context()))
	}
	if len(h.journals()) != 0 {
		t.Error("the journal is kept for ever")
	}
	if got := h.events(); strings.Count(got, "TXTRecordLeft") != 1 || !strings.Contains(got, "remove it from the DNS") {
		t.Errorf("events = %s, want one that says what to do", got)
	}
}

// TestDeletedCertificatesLeaveNothing: the issuance Secret goes with its owner, and nobody reconciles what is gone.
func TestDeletedCertificatesLeaveNothing(t *testing.T) {
	for _, effect := range []string{"txt recorded", "txt presented", "challenge initiated"} {
		t.Run(strings.ReplaceAll(effect, " ", "-"), func(t *testing.T) {
			h := newDNSHarness(t, newCert("web", "*.example.com", "example.com"))
			h.stopAt("web", effect)
			h.must(h.executor.Sweep(t.Context()))
			if len(h.journals()) != 1 {
				t.Fatal("the records of a running issuance were swept")
			}
			h.delete("web")
			h.restart()
			h.must(h.executor.Sweep(t.Context()))
			h.clean()
		})
	}
}

func TestDeletedIssuancesLeaveNothing(t *testing.T) {
	h := newDNSHarness(t, newCert("web", "*.example.com"))
	h.stopAt("web", "txt presented")
	s := h.issuance("web")
	h.must(h.client.Delete(t.Context(), &s))
	h.restart()
	h.must(h.executor.Sweep(t.Context()))
	h.clean()
}

func TestChangedSpecLeavesNothing(t *testing.T) {
	h := newDNSHarness(t, newCert("web", "*.example.com"))
	h.stopAt("web", "txt presented")
	cert := newCert("web")
	h.must(h.client.Get(t.Context(), request("web").NamespacedName, cert))
	cert.Spec.DNSNames = []string{"www.example.org"}
	h.must(h.client.Update(t.Context(), cert))
	h.restart()
	cert, err := h.reconcile("web")
	h.must(err)
	h.issued(cert)
	h.clean()
}

// TestChangedSolver: the record is removed by the solver that made it, and made anew by the one that the issuer has now.
func TestChangedSolver(t *testing.T) {
	h := newDNSHarness(t, newCert("web", "*.example.com"))
	h.stopAt("web", "txt presented")
	issuer := h.issuer()
	d := issuer.Spec.ACME.Solvers[1].DNS01
	d.RFC2136.Nameserver = strings.Replace(d.RFC2136.Nameserver, "127.0.0.1", "localhost", 1)
	h.must(h.client.Update(t.Context(), issuer))
	h.restart()
	h.stopAt("web", "txt recorded")
	h.must(h.executor.Sweep(t.Context()))
	if got := h.zone.TXT(challengeName); len(got) != 1 {
		t.Errorf("TXT records %q after a sweep, want the one that both solvers made", got)
	}
	cert, err := h.reconcile("web")
	h.must(err)
	h.issued(cert)
	h.clean()
	if h.presented != 2 {
		t.Errorf("the record was made %d times, want 2", h.presented)
	}
}

// TestJournalsOfOthersAreNotTrusted: whoever may write Secrets must not have the issuer's credentials sent elsewhere.
func TestJournalsOfOthersAreNotTrusted(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(h *dnsHarness, records []byte) []byte
		want   string
	}{
		"another server": {func(h *dnsHarness, records []byte) []byte {
			return bytes.ReplaceAll(records, []byte(h.zone.Primary()), []byte("192.0.2.66:53"))
		}, "account key"},
		"another account": {func(_ *dnsHarness, records []byte) []byte {
			return bytes.ReplaceAll(records, []byte(`"accountSecret":"account"`), []byte(`"accountSecret":"mine"`))
		}, "not found"},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			h := newDNSHarness(t, newCert("web", "*.example.com"))
			h.stopAt("web", "txt presented")
			j := h.journals()[0]
			before := string(j.Data["records"])
			if j.Data["records"] = tt.change(h, j.Data["records"]); string(j.Data["records"]) == before {
				t.Fatalf("nothing was changed: %s", before)
			}
			h.must(h.client.Update(t.Context(), &j))
			h.delete("web")
			h.presents, h.cleanUps = errors.New("called"), errors.New("called")
			h.events()
			h.must(h.executor.Sweep(t.Context()))
			if got := h.events(); strings.Contains(got, "called") || !strings.Contains(got, tt.want) {
				t.Errorf("events = %s, want that the solver is not called", got)
			}
			if len(h.journals()) != 0 {
				t.Error("the journal is kept")
			}
		})
	}
}
