// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/controller/certificate"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme/acmetest"
)

// The controller asserts this at run time.
var _ certificate.RenewalInformer = (*acme.Executor)(nil)

func (h *harness) issuer() *v1alpha1.CertIssuer {
	h.Helper()
	issuer := &v1alpha1.CertIssuer{}
	h.must(h.client.Get(h.Context(), request("pebble").NamespacedName, issuer))
	return issuer
}

func TestRenewalInfo(t *testing.T) {
	h := newHarness(t, newCert("web", "www.example.com"))
	cert, err := h.reconcile("web")
	h.must(err)
	leaf := h.issued(cert)
	asked := 0
	status, retryAfter := http.StatusOK, "7200"
	h.server.Intercept(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.Contains(r.URL.Path, "/renewalInfo/") {
			asked++
			if status != http.StatusOK {
				w.Header().Set("Retry-After", retryAfter)
				w.WriteHeader(status)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
	window := func(start, end time.Time) string {
		return fmt.Sprintf(`{"suggestedWindow":{"start":%q,"end":%q},"explanationURL":"https://ca.example/why"}`,
			start.UTC().Format(time.RFC3339), end.UTC().Format(time.RFC3339))
	}
	start, end := leaf.NotBefore.AddDate(0, 0, 50), leaf.NotBefore.AddDate(0, 0, 51)
	h.server.SetRenewalInfo(t, leaf, window(start, end))
	ask := func() *v1alpha1.RenewalInfo {
		t.Helper()
		info, err := h.executor.RenewalInfo(t.Context(), cert, h.issuer(), leaf)
		h.must(err)
		cert.Status.ACME = &v1alpha1.ACMECertificateStatus{RenewalInfo: info}
		return info
	}
	info := ask()
	if info.CertificateID != acme.CertificateID(leaf) || !info.Start.Time.Equal(start) || !info.End.Time.Equal(end) ||
		info.ExplanationURL != "https://ca.example/why" || info.Message != "" {
		t.Errorf("RenewalInfo = %+v", info)
	}
	if wait := info.NextCheck.Sub(h.clock.Now()).Round(time.Minute); wait != 6*time.Hour {
		t.Errorf("next check in %s, want 6h: what the server says", wait)
	}
	ask()
	if asked != 1 {
		t.Errorf("asked %d times before nextCheck, want once", asked)
	}
	// A server that fails takes nothing back.
	h.clock.SetTime(info.NextCheck.Time)
	status = http.StatusServiceUnavailable
	if info = ask(); info.Start == nil || !info.Start.Time.Equal(start) || !strings.Contains(info.Message, "HTTP 503") || asked != 2 {
		t.Errorf("after HTTP 503: %+v, asked %d times", info, asked)
	}
	if wait := info.NextCheck.Sub(h.clock.Now()).Round(time.Minute); wait != 2*time.Hour {
		t.Errorf("next check in %s, want 2h", wait)
	}
	// The CA revokes: the window of before is no more, and that it opens so soon is meant.
	status = http.StatusOK
	h.clock.SetTime(info.NextCheck.Time)
	h.server.SetRenewalInfo(t, leaf, window(leaf.NotBefore.Add(-time.Hour), leaf.NotBefore.Add(-time.Minute)))
	if info = ask(); !acme.Moved(info) || !info.Start.Time.Equal(leaf.NotBefore.Add(-time.Hour)) || !strings.Contains(info.Message, "revoke") {
		t.Errorf("after revocation: %+v", info)
	}
	for answer, want := range map[string]string{
		window(end, start): "ends before it starts",
		window(leaf.NotBefore, leaf.NotBefore.AddDate(0, 0, 2)): "less than a tenth",
		`{"suggestedWindow":`: "not the JSON",
	} {
		cert.Status.ACME = nil
		h.server.SetRenewalInfo(t, leaf, answer)
		if info = ask(); info.Start != nil || info.End != nil || !strings.Contains(info.Message, want) || info.NextCheck == nil {
			t.Errorf("%s: %+v, want no window and %q", answer, info, want)
		}
	}
}

// replaced returns what newOrder requests said of the certificate that they replace.
func (h *harness) replaced(handle func(w http.ResponseWriter, replaces string) bool) *[]string {
	var all []string
	h.server.Intercept(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.Path != "/order-plz" {
			next.ServeHTTP(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		var jws struct{ Payload string }
		var order struct{ Replaces string }
		_ = json.Unmarshal(body, &jws)
		payload, _ := base64.RawURLEncoding.DecodeString(jws.Payload)
		_ = json.Unmarshal(payload, &order)
		if handle != nil && handle(w, order.Replaces) {
			all = append(all, "refused "+order.Replaces)
			return
		}
		c := &status{ResponseWriter: w}
		next.ServeHTTP(c, r)
		switch {
		case c.code < 300:
			all = append(all, "accepted "+order.Replaces)
		case order.Replaces != "":
			all = append(all, "refused "+order.Replaces)
		}
	})
	return &all
}

type status struct {
	http.ResponseWriter
	code int
}

// WriteHeader implements http.ResponseWriter.
func (s *status) WriteHeader(code int) { s.code = code; s.ResponseWriter.WriteHeader(code) }

func TestOrdersReplace(t *testing.T) {
	h := newHarnessWith(t, acmetest.Options{Lifetime: 10 * time.Hour}, nil, newCert("web", "www.example.com"))
	all := h.replaced(nil)
	cert, err := h.reconcile("web")
	h.must(err)
	first := acme.CertificateID(h.issued(cert))
	h.clock.SetTime(cert.Status.RenewalTime.Time)
	cert, err = h.reconcile("web")
	h.must(err)
	second := h.issued(cert)
	if got, want := strings.Join(*all, ", "), "accepted , accepted "+first; got != want {
		t.Errorf("orders: %s, want %s", got, want)
	}
	// One that was replaced already, and one that the server refuses in its own way.
	for name, handle := range map[string]func(w http.ResponseWriter, replaces string) bool{
		"already replaced": func(w http.ResponseWriter, replaces string) bool {
			if replaces != "" {
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(http.StatusConflict)
				_, _ = w.Write([]byte(`{"type":"urn:ietf:params:acme:error:alreadyReplaced","detail":"replaced before"}`))
			}
			return replaces != ""
		},
	} {
		all = h.replaced(handle)
		h.clock.SetTime(cert.Status.RenewalTime.Time)
		cert, err = h.reconcile("web")
		h.must(err)
		h.issued(cert)
		if got, want := strings.Join(*all, ", "), "refused "+acme.CertificateID(second)+", accepted "; got != want {
			t.Errorf("%s: orders: %s, want %s", name, got, want)
		}
	}
	h.clean()
}

// TestOtherAccount: the CA refuses an order that replaces another account's certificate.
func TestOtherAccount(t *testing.T) {
	h := newHarnessWith(t, acmetest.Options{Lifetime: 10 * time.Hour}, nil, newCert("web", "www.example.com"))
	cert, err := h.reconcile("web")
	h.must(err)
	first := acme.CertificateID(h.issued(cert))
	issuer := h.issuer()
	issuer.Spec.ACME.PrivateKeySecretRef.Name = "another"
	h.must(h.client.Update(t.Context(), issuer))
	all := h.replaced(nil)
	h.clock.SetTime(cert.Status.RenewalTime.Time)
	h.restart()
	cert, err = h.reconcile("web")
	h.must(err)
	if got := h.issued(cert); acme.CertificateID(got) == first {
		t.Error("the certificate was not renewed")
	}
	if got, want := strings.Join(*all, ", "), "refused "+first+", accepted "; got != want {
		t.Errorf("orders: %s, want %s", got, want)
	}
}
