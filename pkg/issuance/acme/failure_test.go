// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/http01"
)

func TestRetryAfterIsKept(t *testing.T) {
	h := newHarness(t, newCert("web", "www.example.com"))
	asked := 0
	h.server.Intercept(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.Path != "/order-plz" {
			next.ServeHTTP(w, r)
			return
		}
		asked++
		w.Header().Set("Retry-After", "3600")
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = w.Write([]byte(`{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many certificates"}`))
	})
	cert, err := h.reconcile("web")
	h.must(err)
	issuing := meta.FindStatusCondition(cert.Status.Conditions, v1alpha1.ConditionIssuing)
	if issuing.Reason != v1alpha1.ReasonRateLimited || !strings.Contains(issuing.Message, "too many certificates") {
		t.Errorf("Issuing = %+v, want RateLimited with the CA's words", issuing)
	}
	if wait := cert.Status.NextAttemptTime.Sub(h.clock.Now()); wait < time.Hour || wait > time.Hour+time.Second {
		t.Errorf("next attempt in %s, want 1h", wait)
	}
	h.restart()
	h.clock.SetTime(h.clock.Now().Add(59 * time.Minute))
	if _, err := h.reconcile("web"); err != nil || asked != 1 {
		t.Errorf("before the time: %v, asked %d times, want 1", err, asked)
	}
	h.server.Intercept(nil)
	h.clock.SetTime(cert.Status.NextAttemptTime.Time)
	cert = h.untilIssued("web")
	if cert.Status.FailedAttempts != 0 {
		t.Errorf("failedAttempts = %d after a success, want 0", cert.Status.FailedAttempts)
	}
}

// untilIssued reconciles past a nextAttemptTime that has come.
func (h *harness) untilIssued(name string) *v1alpha1.TLSCertificate {
	h.Helper()
	for range 200 {
		if _, err := h.reconciler.Reconcile(h.Context(), request(name)); err != nil {
			h.Fatal(err)
		}
		cert, err := h.reconcile(name)
		h.must(err)
		if meta.IsStatusConditionTrue(cert.Status.Conditions, v1alpha1.ConditionReady) {
			h.issued(cert)
			return cert
		}
	}
	h.Fatalf("TLSCertificate %s was not issued", name)
	return nil
}

func TestOutage(t *testing.T) {
	h := newHarness(t, newCert("web", "www.example.com"))
	h.server.Intercept(func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) })
	var waits []time.Duration
	for range 3 {
		cert, err := h.reconcile("web")
		h.must(err)
		issuing := meta.FindStatusCondition(cert.Status.Conditions, v1alpha1.ConditionIssuing)
		if issuing.Reason != v1alpha1.ReasonServerUnreachable || !strings.Contains(issuing.Message, h.server.URL) {
			t.Errorf("Issuing = %+v, want ServerUnreachable with the server's URL", issuing)
		}
		if cert.Status.FailedAttempts != 0 {
			t.Errorf("failedAttempts = %d, want 0: the CA refused nothing", cert.Status.FailedAttempts)
		}
		waits = append(waits, cert.Status.NextAttemptTime.Sub(h.clock.Now()).Round(2*time.Second))
		h.clock.SetTime(cert.Status.NextAttemptTime.Time)
		h.restart()
	}
	if waits[0] >= waits[1] || waits[1] >= waits[2] || waits[0] > 7*time.Second {
		t.Errorf("waits = %v, want 5 s doubling", waits)
	}
	h.server.Intercept(nil)
	h.untilIssued("web")
	h.clean()
}

func TestChallengeFails(t *testing.T) {
	h := newHarness(t, newCert("web", "www.example.com"))
	// Answers are announced but not served.
	h.executor.Responder = always{}
	h.executor.CrashAfter(func(effect string) error {
		if effect == "objects written" {
			for _, s := range (answers{h.client}).secrets() {
				if len(s.Data[http01.ChallengesKey]) > 0 {
					s.Data[http01.ChallengesKey] = []byte(`{}`)
					h.must(h.client.Update(t.Context(), &s))
				}
			}
		}
		return nil
	})
	cert, err := h.reconcile("web")
	h.must(err)
	issuing := meta.FindStatusCondition(cert.Status.Conditions, v1alpha1.ConditionIssuing)
	if issuing.Reason != v1alpha1.ReasonChallengeFailed || !strings.Contains(issuing.Message, "www.example.com is invalid") {
		t.Errorf("Issuing = %+v, want ChallengeFailed naming www.example.com", issuing)
	}
	if wait := cert.Status.NextAttemptTime.Sub(h.clock.Now()); wait < time.Minute || wait > time.Minute+time.Second {
		t.Errorf("next attempt in %s, want 1m", wait)
	}
	if cert.Status.ACME == nil || len(cert.Status.ACME.Authorizations) != 1 || cert.Status.ACME.Authorizations[0].Message == "" {
		t.Errorf("status.acme = %+v, want the CA's words for the name", cert.Status.ACME)
	}
	h.clean()
	h.restart()
	h.clock.SetTime(cert.Status.NextAttemptTime.Time)
	h.untilIssued("web")
}

type always struct{}

func (always) Serves(string) bool { return true }

func TestServerWasReset(t *testing.T) {
	h := newHarness(t, newCert("web", "www.example.com"))
	stop := errors.New("stop")
	h.executor.CrashAfter(func(effect string) error {
		if effect == "record written" {
			return stop
		}
		return nil
	})
	if _, err := h.reconcile("web"); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	h.executor.CrashAfter(nil)
	h.server.Reset()
	h.clock.SetTime(h.clock.Now().Add(time.Minute))
	h.untilIssuedAdvancing("web")
	h.clean()
}

// untilIssuedAdvancing lets the clock pass every nextAttemptTime.
func (h *harness) untilIssuedAdvancing(name string) {
	h.Helper()
	for range 5 {
		cert, err := h.reconcile(name)
		h.must(err)
		if meta.IsStatusConditionTrue(cert.Status.Conditions, v1alpha1.ConditionReady) {
			h.issued(cert)
			return
		}
		h.clock.SetTime(cert.Status.NextAttemptTime.Add(time.Second))
		if _, err := h.reconciler.Reconcile(h.Context(), request(name)); err != nil {
			h.Fatal(err)
		}
	}
	h.Fatalf("TLSCertificate %s was not issued", name)
}

// TestAServerThatAsksToWaitIsLeftAlone: it is not asked what came of the request either.
func TestAServerThatAsksToWaitIsLeftAlone(t *testing.T) {
	h := newHarness(t, newCert("web", "www.example.com"))
	waiting, after := false, 0
	h.server.Intercept(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if waiting {
			after++
		}
		if !strings.HasPrefix(r.URL.Path, "/finalize-order/") {
			next.ServeHTTP(w, r)
			return
		}
		waiting = true
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	cert, err := h.reconcile("web")
	h.must(err)
	h.issuing(cert, v1alpha1.ReasonRateLimited)
	if after != 0 {
		t.Errorf("%d requests after Retry-After, want none", after)
	}
	h.server.Intercept(nil)
	h.clock.SetTime(cert.Status.NextAttemptTime.Time)
	h.untilIssued("web")
	if h.server.Orders() != 1 || h.server.Issued() != 1 {
		t.Errorf("%d orders, %d issued, want 1 of each", h.server.Orders(), h.server.Issued())
	}
}
