// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme/acmetest"
)

// TestBrokenAnswers: what a server or a proxy answers by mistake says nothing about the request, and costs no day.
func TestBrokenAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		path   string
		answer http.HandlerFunc
		reason string
		wait   time.Duration
	}{
		"half an order": {"/order-plz", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write([]byte(`{"status":"pend`))
		}, v1alpha1.ReasonServerUnreachable, 5 * time.Second},
		"another kind of JSON": {"/order-plz", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`[]`))
		}, v1alpha1.ReasonServerUnreachable, 5 * time.Second},
		"HTTP 503": {"/order-plz", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "later", http.StatusServiceUnavailable)
		}, v1alpha1.ReasonServerUnreachable, 5 * time.Second},
		"HTTP 503 with a time": {"/order-plz", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			http.Error(w, "later", http.StatusServiceUnavailable)
		}, v1alpha1.ReasonRateLimited, 2 * time.Minute},
		"nonces are always bad": {"/order-plz", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"type":"urn:ietf:params:acme:error:badNonce","detail":"again"}`))
		}, v1alpha1.ReasonServerUnreachable, 5 * time.Second},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			h := newHarness(t, newCert("web", "www.example.com"))
			h.server.Intercept(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if r.URL.Path == tt.path {
					tt.answer(w, r)
					return
				}
				next.ServeHTTP(w, r)
			})
			cert, err := h.reconcile("web")
			h.must(err)
			h.issuing(cert, tt.reason)
			if wait := cert.Status.NextAttemptTime.Sub(h.clock.Now()); wait < tt.wait || wait > tt.wait+2*time.Second {
				t.Errorf("next attempt in %s, want %s", wait, tt.wait)
			}
			h.server.Intercept(nil)
			h.clock.SetTime(cert.Status.NextAttemptTime.Time)
			h.restart()
			h.untilIssued("web")
			h.clean()
		})
	}
}

// TestNoncesAreRejected: servers behind balancers reject nonces of each other, and requests are then made again. (With 90
// of 100 it takes minutes, and works too.)
func TestNoncesAreRejected(t *testing.T) {
	h := newHarnessWith(t, acmetest.Options{RejectNonces: 30}, nil, newCert("web", "www.example.com"))
	for range 20 {
		cert, err := h.reconcile("web")
		h.must(err)
		if meta.IsStatusConditionTrue(cert.Status.Conditions, v1alpha1.ConditionReady) {
			h.issued(cert)
			h.clean()
			return
		}
		if next := cert.Status.NextAttemptTime; next != nil {
			h.clock.SetTime(next.Time)
		}
		if cert.Status.FailedAttempts > 0 {
			t.Errorf("failedAttempts = %d, want 0: the CA refused nothing", cert.Status.FailedAttempts)
		}
		h.restart()
	}
	t.Error("no certificate")
}
