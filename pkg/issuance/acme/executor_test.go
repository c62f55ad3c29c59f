// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

func TestIssue(t *testing.T) {
	h := newHarness(t, newCert("web", "www.example.com", "api.example.com"))
	h.wrote = nil
	cert, err := h.reconcile("web")
	h.must(err)
	h.issued(cert)
	h.clean()
	// Key, order and answers; the certificate; and that it is there.
	want := []string{"create tollgate.dev/issuance", "create kubernetes.io/tls", "delete tollgate.dev/issuance", "patch status"}
	if !slices.Equal(h.wrote, want) {
		t.Errorf("writes = %q, want %q", h.wrote, want)
	}
	if got := h.server.Issued(); got != 1 {
		t.Errorf("the CA issued %d certificates, want 1", got)
	}
	if cert.Status.Revision != 1 || cert.Status.RenewalTime == nil || cert.Status.ACME != nil {
		t.Errorf("status = %+v, want revision 1, a renewal time and no order", cert.Status)
	}
	if got := h.reasons(); got != "" {
		t.Errorf("events = %s, want none: it took a moment, and condition Ready says what there is", got)
	}
	// A restarted controller finds nothing to do.
	h.restart()
	if _, err := h.reconcile("web"); err != nil || h.server.Orders() != 1 {
		t.Errorf("after a restart: %v, %d orders, want 1", err, h.server.Orders())
	}
}

// reasons of the events since the last call, sorted, each once.
func (h *harness) reasons() string {
	var reasons []string
	for len(h.recorder.Events) > 0 {
		reasons = append(reasons, strings.Fields(<-h.recorder.Events)[1])
	}
	slices.Sort(reasons)
	return strings.Join(slices.Compact(reasons), " ")
}

// pass lets a step last longer than a moment.
func (h *harness) pass() { h.clock.SetTime(h.clock.Now().Add(3 * time.Second)) }

// TestManyNames: the record is written before the CA is asked about them, and again with the answers.
func TestManyNames(t *testing.T) {
	names := []string{"a.example.com", "b.example.com", "c.example.com", "d.example.com", "e.example.com", "f.example.com"}
	h := newHarness(t, newCert("web", names...))
	h.stopAt("web", "record written")
	if s := h.issuance("web"); s.Annotations["tollgate.dev/order-url"] == "" || len(s.Data["challenges"]) > 0 {
		t.Errorf("the record after the order: %v, %d bytes of challenges", s.Annotations, len(s.Data["challenges"]))
	}
	h.stopAt("web", "challenges written")
	h.restart()
	cert, err := h.reconcile("web")
	h.must(err)
	h.issued(cert)
	h.clean()
	if h.server.Orders() != 1 || h.server.Issued() != 1 {
		t.Errorf("%d orders, %d issued, want 1 of each", h.server.Orders(), h.server.Issued())
	}
}

// effects in the order in which a run without trouble has them.
var effects = []string{
	"order placed", "record written", "objects written", "challenge initiated",
	"finalized", "downloaded", "target written", "objects removed", "record deleted",
}

func TestCrashAfterEveryEffect(t *testing.T) {
	errCrash := errors.New("crash")
	for _, effect := range effects {
		t.Run(strings.ReplaceAll(effect, " ", "-"), func(t *testing.T) {
			h := newHarness(t, newCert("web", "www.example.com", "api.example.com"))
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
			wantOrders := 1
			if effect == "order placed" {
				wantOrders = 2 // the URL of the first is lost; nothing is issued for it
			}
			if got := h.server.Orders(); got != wantOrders {
				t.Errorf("%d orders, want %d", got, wantOrders)
			}
			if cert.Status.Revision != 1 {
				t.Errorf("revision %d, want 1", cert.Status.Revision)
			}
		})
	}
}

// TestEffectsAreAll fails when the executor has an effect that the crash matrix lacks.
func TestEffectsAreAll(t *testing.T) {
	h := newHarness(t, newCert("web", "www.example.com"))
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
	if !slices.Equal(got, effects) {
		t.Errorf("effects = %q, want %q", got, effects)
	}
}

func TestLostFinalizeResponse(t *testing.T) {
	h := newHarness(t, newCert("web", "www.example.com"))
	dropped := false
	h.server.Intercept(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.HasPrefix(r.URL.Path, "/finalize-order/") && !dropped {
			dropped = true
			next.ServeHTTP(discard{http.Header{}}, r)
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
	})
	cert, err := h.reconcile("web")
	h.must(err)
	h.issued(cert)
	if got := h.server.Issued(); got != 1 {
		t.Errorf("the CA issued %d certificates, want 1", got)
	}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

func TestSameNamesAreSerialised(t *testing.T) {
	a, b := newCert("a", "www.example.com"), newCert("b", "www.example.com")
	h := newHarness(t, a, b)
	// a is stopped while its order runs.
	stop := errors.New("stop")
	h.executor.CrashAfter(func(effect string) error {
		if effect == "record written" {
			return stop
		}
		return nil
	})
	if _, err := h.reconcile("a"); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	h.executor.CrashAfter(nil)
	if _, err := h.reconciler.Reconcile(t.Context(), request("b")); err != nil {
		t.Fatal(err)
	}
	if got := h.server.Orders(); got != 1 {
		t.Errorf("%d orders while a's runs, want 1", got)
	}
	first, err := h.reconcile("a")
	h.must(err)
	second, err := h.reconcile("b")
	h.must(err)
	if h.issued(first).SerialNumber.Cmp(h.issued(second).SerialNumber) == 0 {
		t.Error("both have the same certificate")
	}
	if h.server.Issued() != 2 {
		t.Errorf("the CA issued %d certificates, want 2", h.server.Issued())
	}
}

// unreachable is a name that does not lead here yet.
type unreachable struct{ probes int }

func (u *unreachable) Probe(context.Context, string, string, string) error {
	u.probes++
	return errors.New("http://www.example.com answered 404 Not Found")
}

func TestTheCAIsNotAskedBeforeTheNameAnswers(t *testing.T) {
	h := newHarness(t, newCert("web", "www.example.com"))
	reach := &unreachable{}
	h.executor.Reach, h.executor.ReachTimeout = reach, 2*time.Minute
	var cert *v1alpha1.TLSCertificate
	for reach.probes < 3 {
		if _, err := h.reconciler.Reconcile(t.Context(), request("web")); err != nil {
			t.Fatal(err)
		}
		h.pass()
	}
	cert = &v1alpha1.TLSCertificate{}
	h.must(h.client.Get(t.Context(), request("web").NamespacedName, cert))
	c := meta.FindStatusCondition(cert.Status.Conditions, v1alpha1.ConditionIssuing)
	if c == nil || c.Reason != v1alpha1.ReasonPresenting || !strings.Contains(c.Message, "404 Not Found") {
		t.Errorf("condition Issuing = %+v, want reason Presenting and what the name answered", c)
	}
	for _, a := range cert.Status.ACME.Authorizations {
		if a.State != "pending" {
			t.Errorf("authorization %s is %s, want pending: the CA was asked too early", a.Identifier, a.State)
		}
	}
	if got := h.reasons(); got != "OrderPlaced" {
		t.Errorf("events = %s, want OrderPlaced: the issuance lasts", got)
	}
	// A cluster that cannot reach its own names does not wait for ever.
	h.clock.SetTime(h.clock.Now().Add(2 * time.Minute))
	cert, err := h.reconcile("web")
	h.must(err)
	h.issued(cert)
	if got := h.reasons(); !strings.Contains(got, "CertificateIssued") {
		t.Errorf("events = %s, want what came of the issuance", got)
	}
}
