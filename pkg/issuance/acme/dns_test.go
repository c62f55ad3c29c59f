// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/dns01"
)

func (h *harness) issuing(cert *v1alpha1.TLSCertificate, reason string, words ...string) {
	h.Helper()
	c := meta.FindStatusCondition(cert.Status.Conditions, v1alpha1.ConditionIssuing)
	if c == nil || c.Reason != reason {
		h.Fatalf("Issuing = %+v, want reason %s", c, reason)
	}
	for _, w := range words {
		if !strings.Contains(c.Message, w) {
			h.Errorf("message %q lacks %q", c.Message, w)
		}
	}
}

// step reconciles once.
func (h *harness) step(name string) *v1alpha1.TLSCertificate {
	h.Helper()
	_, err := h.reconciler.Reconcile(h.Context(), request(name))
	h.must(err)
	cert := &v1alpha1.TLSCertificate{}
	h.must(h.client.Get(h.Context(), request(name).NamespacedName, cert))
	return cert
}

func TestWildcardApexAndHTTP(t *testing.T) {
	h := newDNSHarness(t, newCert("web", "*.example.com", "example.com", "www.example.org"))
	h.zone.Add(challengeName + ` 60 IN TXT "somebody else's"`)
	most := 0
	h.executor.CrashAfter(func(effect string) error {
		if effect == "challenge initiated" {
			most = max(most, len(h.zone.TXT(challengeName)))
		}
		return nil
	})
	cert, err := h.reconcile("web")
	h.must(err)
	h.issued(cert)
	if most != 3 {
		t.Errorf("%d TXT values beside each other, want 3: apex, wildcard and what was there", most)
	}
	if left := h.zone.TXT(challengeName); !slices.Equal(left, []string{"somebody else's"}) {
		t.Errorf("TXT records afterwards: %q, want what was there", left)
	}
	for _, r := range h.cleaned {
		if r.State != "state of "+r.Value || dns01.Value(r.KeyAuthorization) != r.Value {
			t.Errorf("a record is removed with state %q and key authorization %q, want those that it was made with", r.State, r.KeyAuthorization)
		}
	}
	if len(h.cleaned) != 2 {
		t.Errorf("%d records were removed, want 2", len(h.cleaned))
	}
	h.zone.Delete(challengeName)
	h.clean()
}

var dnsEffects = []string{
	"order placed", "record written", "txt recorded", "txt presented", "challenge initiated",
	"txt removed", "finalized", "downloaded", "target written", "objects removed", "record deleted",
}

func TestDNSCrashAfterEveryEffect(t *testing.T) {
	errCrash := errors.New("crash")
	for _, effect := range dnsEffects {
		t.Run(strings.ReplaceAll(effect, " ", "-"), func(t *testing.T) {
			h := newDNSHarness(t, newCert("web", "*.example.com", "example.com"))
			seen := false
			h.executor.CrashAfter(func(e string) error {
				if e == effect {
					seen = true
					return errCrash
				}
				return nil
			})
			if _, err := h.reconcile("web"); !errors.Is(err, errCrash) || !seen {
				t.Fatalf("the controller did not stop after %q: %v", effect, err)
			}
			h.restart()
			cert, err := h.reconcile("web")
			h.must(err)
			h.issued(cert)
			h.clean()
			if got := h.server.Issued(); got != 1 {
				t.Errorf("the CA issued %d certificates, want exactly 1", got)
			}
		})
	}
}

// TestDNSEffectsAreAll fails when the executor has an effect that the crash matrix lacks.
func TestDNSEffectsAreAll(t *testing.T) {
	h := newDNSHarness(t, newCert("web", "*.example.com"))
	var got []string
	h.executor.CrashAfter(func(e string) error {
		if !slices.Contains(got, e) {
			got = append(got, e)
		}
		return nil
	})
	cert, err := h.reconcile("web")
	h.must(err)
	h.issued(cert)
	if !slices.Equal(got, dnsEffects) {
		t.Errorf("effects = %q, want %q", got, dnsEffects)
	}
}

func TestPropagationIsWaitedFor(t *testing.T) {
	h := newDNSHarness(t, newCert("web", "*.example.com"))
	h.zone.Servers[1].Lag(h.zone, true)
	until := h.clock.Now().Add(10 * time.Minute).UTC().Format(time.RFC3339)
	h.step("web")
	for range 3 {
		h.pass()
		h.issuing(h.step("web"), v1alpha1.ReasonWaitingForPropagation, challengeName, "*.example.com", "ns2.example.com", until)
	}
	if h.presented != 1 {
		t.Errorf("the record was made %d times, want once", h.presented)
	}
	h.zone.Servers[1].Lag(h.zone, false)
	cert, err := h.reconcile("web")
	h.must(err)
	h.issued(cert)
	h.clean()
}

func TestPropagationIsNotWaitedForForEver(t *testing.T) {
	h := newDNSHarness(t, newCert("web", "*.example.com"))
	h.zone.Servers[1].Down(true)
	h.step("web")
	h.pass()
	h.issuing(h.step("web"), v1alpha1.ReasonWaitingForPropagation, "ns2.example.com")
	h.clock.SetTime(h.clock.Now().Add(10 * time.Minute))
	cert, err := h.reconcile("web")
	h.must(err)
	h.issued(cert)
	if got := h.events(); !strings.Contains(got, "PropagationTimedOut") || !strings.Contains(got, "ns2.example.com") {
		t.Errorf("events = %s, want PropagationTimedOut naming ns2", got)
	}
}

func TestPresentFails(t *testing.T) {
	h := newDNSHarness(t, newCert("web", "*.example.com"))
	for _, tt := range []struct {
		err    error
		reason string
	}{
		{errors.New("the API is away"), v1alpha1.ReasonFailed},
		{fmt.Errorf("updating: %w", dns01.ErrCredentials), v1alpha1.ReasonBadDNSCredentials},
	} {
		h.presents = tt.err
		cert, err := h.reconcile("web")
		h.must(err)
		h.issuing(cert, tt.reason, tt.err.Error(), challengeName, "*.example.com")
		h.clock.SetTime(cert.Status.NextAttemptTime.Time)
	}
	h.presents = nil
	h.restart()
	h.untilIssued("web")
	h.clean()
	if h.server.Orders() != 1 {
		t.Errorf("%d orders, want 1: the CA refused nothing", h.server.Orders())
	}
}

func TestNoSolverFitsTheName(t *testing.T) {
	h := newDNSHarness(t, newCert("web", "www.example.org", "*.example.org"))
	cert, err := h.reconcile("web")
	h.must(err)
	h.issuing(cert, v1alpha1.ReasonFailed, "*.example.org", "dns-01 alone")
	if h.server.Orders() != 0 {
		t.Errorf("%d orders, want none", h.server.Orders())
	}
	h.clean()
}
