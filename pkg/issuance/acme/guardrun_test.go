// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme/acmetest"
)

func newGuarded(t *testing.T, limit int32, certs ...*v1alpha1.TLSCertificate) *harness {
	t.Helper()
	return newHarnessWith(t, acmetest.Options{}, func(spec *v1alpha1.ACMEIssuer) { spec.MaxIssuancesPerWeek = ptr.To(limit) }, certs...)
}

// forget deletes the certificate and its Secret, and creates it anew: what CI jobs do.
func (h *harness) forget(name string, dnsNames ...string) {
	h.Helper()
	h.delete(name)
	h.must(client.IgnoreNotFound(h.client.Delete(h.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name + "-tls"}})))
	h.must(h.client.Create(h.Context(), newCert(name, dnsNames...)))
}

// limit changes maxIssuancesPerWeek of the issuer.
func (h *harness) limit(n int32) {
	h.Helper()
	issuer := h.issuer()
	issuer.Spec.ACME.MaxIssuancesPerWeek = ptr.To(n)
	h.must(h.client.Update(h.Context(), issuer))
}

func TestGuard(t *testing.T) {
	h := newGuarded(t, 2, newCert("web", "www.example.com"))
	first := h.clock.Now()
	for range 2 {
		cert, err := h.reconcile("web")
		h.must(err)
		h.issued(cert)
		h.clock.SetTime(h.clock.Now().Add(time.Hour))
		h.forget("web", "www.example.com")
		h.restart()
	}
	cert, err := h.reconcile("web")
	h.must(err)
	h.issuing(cert, v1alpha1.ReasonRateLimited, "2 certificates", "maxIssuancesPerWeek", "CertIssuer pebble",
		first.Add(7*24*time.Hour).UTC().Format(time.RFC3339))
	if at := cert.Status.NextAttemptTime.Sub(first.Add(7 * 24 * time.Hour)); at < 0 || at > 2*time.Second {
		t.Errorf("next attempt at %s, want when the first leaves the window", cert.Status.NextAttemptTime)
	}
	if h.server.Orders() != 2 {
		t.Errorf("%d orders, want 2: none is placed for nothing", h.server.Orders())
	}
	// Another with the same names is told the same, and not to wait for the first.
	h.must(h.client.Create(t.Context(), newCert("twin", "www.example.com")))
	twin, err := h.reconcile("twin")
	h.must(err)
	h.issuing(twin, v1alpha1.ReasonRateLimited, "2 certificates")
	// Other names have their own share.
	h.must(h.client.Create(t.Context(), newCert("api", "www.example.com", "api.example.com")))
	other, err := h.reconcile("api")
	h.must(err)
	h.issued(other)

	h.delete("twin")
	// A week later. (The CA's clock is the machine's, so the count is made older instead.)
	for _, s := range (answers{h.client}).secrets() {
		if s.Type == acme.IssuancesSecretType {
			at := first.UTC().Format(time.RFC3339Nano)
			if !bytes.Contains(s.Data["issuances"], []byte(at)) {
				continue
			}
			s.Data["issuances"] = bytes.ReplaceAll(s.Data["issuances"], []byte(at), []byte(first.AddDate(0, 0, -7).UTC().Format(time.RFC3339Nano)))
			h.must(h.client.Update(t.Context(), &s))
		}
	}
	h.forget("web", "www.example.com")
	cert, err = h.reconcile("web")
	h.must(err)
	h.issued(cert)
	h.clean()
}

// TestRaisedLimit: who raises the limit does not wait for the week to pass.
func TestRaisedLimit(t *testing.T) {
	h := newGuarded(t, 1, newCert("web", "www.example.com"), newCert("twin", "www.example.com"))
	_, err := h.reconcile("web")
	h.must(err)
	cert, err := h.reconcile("twin")
	h.must(err)
	h.issuing(cert, v1alpha1.ReasonRateLimited, "1 certificates", "maxIssuancesPerWeek")
	for _, limit := range []int32{1, 2} {
		h.limit(limit)
		h.clock.SetTime(h.clock.Now().Add(time.Minute))
		h.restart()
		if cert, err = h.reconcile("twin"); err != nil {
			t.Fatal(err)
		}
		if got := h.server.Orders(); got != int(limit) {
			t.Errorf("%d orders with a limit of %d", got, limit)
		}
	}
	h.issued(cert)
	// What the CA asks for is not the guard's to shorten.
	permitted, err := h.executor.Permitted(t.Context(), cert, h.issuer(), ns, h.clock.Now().Add(time.Hour))
	if err != nil || permitted {
		t.Errorf("a time that the guard did not name: permitted %t, %v", permitted, err)
	}
}

// TestGuardCountsOnce: a crash between the count and the certificate must not use up two.
func TestGuardCountsOnce(t *testing.T) {
	h := newGuarded(t, 1, newCert("web", "www.example.com"))
	crash := errors.New("crash")
	for _, effect := range []string{"issuance counted", "finalized", "downloaded"} {
		h.executor.CrashAfter(func(e string) error {
			if e == effect {
				return crash
			}
			return nil
		})
		if _, err := h.reconcile("web"); !errors.Is(err, crash) {
			t.Fatalf("the controller did not stop after %q: %v", effect, err)
		}
		h.restart()
	}
	cert, err := h.reconcile("web")
	h.must(err)
	h.issued(cert)
	h.clean()
	for _, s := range (answers{h.client}).secrets() {
		if s.Type == acme.IssuancesSecretType {
			if n := strings.Count(string(s.Data["issuances"]), `"order"`); n != 1 {
				t.Errorf("%d issuances are counted, want 1: %s", n, s.Data["issuances"])
			}
			return
		}
	}
	t.Error("nothing is counted")
}

// TestRenewalsAreNotCounted: an order that replaces is outside the CA's limits, so it is outside ours.
func TestRenewalsAreNotCounted(t *testing.T) {
	h := newHarnessWith(t, acmetest.Options{Lifetime: 10 * time.Hour}, func(spec *v1alpha1.ACMEIssuer) { spec.MaxIssuancesPerWeek = ptr.To[int32](1) }, newCert("web", "www.example.com"))
	cert, err := h.reconcile("web")
	h.must(err)
	first := h.issued(cert)
	for range 2 {
		h.clock.SetTime(cert.Status.RenewalTime.Time)
		h.restart()
		if cert, err = h.reconcile("web"); err != nil {
			t.Fatal(err)
		}
		h.issued(cert)
	}
	if h.issued(cert).SerialNumber.Cmp(first.SerialNumber) == 0 || h.server.Issued() != 3 {
		t.Errorf("%d certificates, want 3", h.server.Issued())
	}
}

// TestGuardAndShortLives: where regular renewals use the share up, the message says so.
func TestGuardAndShortLives(t *testing.T) {
	h := newHarnessWith(t, acmetest.Options{Lifetime: 10 * time.Hour}, func(spec *v1alpha1.ACMEIssuer) { spec.MaxIssuancesPerWeek = ptr.To[int32](1) }, newCert("web", "www.example.com"))
	h.server.Intercept(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.Path != "/dir" {
			next.ServeHTTP(w, r)
			return
		}
		recorded := httptest.NewRecorder()
		next.ServeHTTP(recorded, r)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(bytes.ReplaceAll(recorded.Body.Bytes(), []byte(`"renewalInfo"`), []byte(`"noRenewalInfo"`)))
	})
	h.restart()
	cert, err := h.reconcile("web")
	h.must(err)
	if info, err := h.executor.RenewalInfo(t.Context(), cert, h.issuer(), h.issued(cert)); info != nil || err != nil {
		t.Errorf("RenewalInfo = %+v, %v, want none", info, err)
	}
	h.clock.SetTime(cert.Status.RenewalTime.Time)
	cert, err = h.reconcile("web")
	h.must(err)
	h.issuing(cert, v1alpha1.ReasonRateLimited, "valid for less than 4 days", "no renewal information")
}
