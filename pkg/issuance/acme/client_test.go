// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

const directory = `{"newNonce":"https://127.0.0.1:1/nonce","newAccount":"https://127.0.0.1:1/account","newOrder":"https://127.0.0.1:1/order"}`

func serve(t *testing.T, handle http.HandlerFunc) *v1alpha1.ACMEIssuer {
	t.Helper()
	s := httptest.NewTLSServer(handle)
	t.Cleanup(s.Close)
	return &v1alpha1.ACMEIssuer{
		Server:   s.URL + "/directory",
		CABundle: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}),
	}
}

func answer(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, text)
	}
}

func TestServersAreNotTrusted(t *testing.T) {
	plain := httptest.NewServer(answer(directory))
	t.Cleanup(plain.Close)
	for name, test := range map[string]struct {
		handle http.HandlerFunc
		want   string
	}{
		"redirect to http": {http.RedirectHandler(plain.URL, http.StatusFound).ServeHTTP, "by https alone"},
		"endless":          {answer(directory + strings.Repeat(" ", maxBody)), "longer than"},
		"no directory":     {answer(`{}`), "not the directory"},
		"a page":           {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "secret words", http.StatusForbidden) }, "HTTP 403 without a problem document; correct spec.acme.server"},
		"a busy server":    {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "secret words", http.StatusBadGateway) }, "HTTP 502 without a problem document"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewClients(clock.RealClock{}).For(t.Context(), serve(t, test.handle))
			var f *Failure
			if !errors.As(err, &f) || !strings.Contains(f.Message, test.want) || strings.Contains(f.Message, "secret words") {
				t.Errorf("For: %v, want a Failure with %q", err, test.want)
			}
		})
	}
}

// TestIssuersAreAdvised has issuers whose spec leads nowhere.
func TestIssuersAreAdvised(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*v1alpha1.ACMEIssuer)
		want   string
	}{
		"bundle without PEM": {func(s *v1alpha1.ACMEIssuer) { s.CABundle = []byte("LS0tLS1CRUdJTg==") }, "reading spec.acme.caBundle: it holds no certificate in PEM; encode"},
		"no bundle":          {func(s *v1alpha1.ACMEIssuer) { s.CABundle = nil }, "unknown authority; set spec.acme.caBundle to the roots"},
		"another's name":     {func(s *v1alpha1.ACMEIssuer) { s.Server = strings.Replace(s.Server, "127.0.0.1", "localhost", 1) }, "; correct spec.acme.server"},
		"nobody there":       {func(s *v1alpha1.ACMEIssuer) { s.Server = "https://127.0.0.1:1/directory" }, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			spec := serve(t, answer(directory))
			test.change(spec)
			_, err := NewClients(clock.RealClock{}).For(t.Context(), spec)
			var f *Failure
			if !errors.As(err, &f) || !strings.Contains(f.Message, test.want) || !strings.Contains(f.Message, "spec.acme") && !strings.Contains(f.Message, spec.Server) {
				t.Errorf("For: %v, want a Failure with %q", err, test.want)
			}
		})
	}
	if got := advice(&net.DNSError{Name: "acme.invalid", IsNotFound: true}, 0); got != "; correct spec.acme.server" {
		t.Errorf("advice = %q for a name that does not exist", got)
	}
	if got := advice(errors.New("HTTP 429"), http.StatusTooManyRequests); got != "" {
		t.Errorf("advice = %q for a server that is busy", got)
	}
}

// TestASilentServerHoldsUpNobody: one issuer's server must not keep the others waiting.
func TestASilentServerHoldsUpNobody(t *testing.T) {
	clients := NewClients(clock.RealClock{})
	asked, end := make(chan struct{}), make(chan struct{})
	silent := serve(t, func(http.ResponseWriter, *http.Request) { close(asked); <-end })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		c, err := clients.For(ctx, silent)
		if err == nil {
			_, err = c.GetDirectory(ctx)
		}
		done <- err
	}()
	<-asked
	other := make(chan error, 1)
	good := serve(t, answer(directory))
	go func() {
		c, err := clients.For(ctx, good)
		if err == nil {
			_, err = c.GetDirectory(ctx)
		}
		other <- err
	}()
	select {
	case err := <-other:
		if err != nil {
			t.Errorf("the other server: %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("the other server waits for the silent one")
	}
	close(end)
	cancel()
	<-done
}

func TestClientsAreForgotten(t *testing.T) {
	clk := clocktesting.NewFakePassiveClock(time.Now())
	clients := NewClients(clk)
	for range 3 {
		if _, err := clients.For(t.Context(), serve(t, answer(directory))); err != nil {
			t.Fatal(err)
		}
		clk.SetTime(clk.Now().Add(clientLifetime))
	}
	if n := len(clients.clients); n != 1 {
		t.Errorf("%d clients are kept, want 1", n)
	}
}

// TestPagesAreNotRepeated: a directory may point anywhere, and its author reads the status.
func TestPagesAreNotRepeated(t *testing.T) {
	var served atomic.Bool
	spec := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !served.Swap(true) {
			answer(strings.ReplaceAll(directory, "https://127.0.0.1:1", "https://"+r.Host))(w, r)
			return
		}
		if r.Method == http.MethodHead {
			w.Header().Set("Replay-Nonce", "n1")
			return
		}
		http.Error(w, "secret words", http.StatusForbidden)
	})
	c, err := NewClients(clock.RealClock{}).For(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	key, err := pki.NewKey(pki.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	ctx, h, cancel := withHint(t.Context())
	defer cancel()
	_, err = c.GetAccount(ctx, acme.Account{PrivateKey: key})
	if f := classify(spec.Server, "asking", err, h, time.Now()); !strings.Contains(f.Message, "HTTP 403") || strings.Contains(f.Message, "secret words") {
		t.Errorf("message = %q, want HTTP 403 and not the page", f.Message)
	}
}

func TestWordsAreBounded(t *testing.T) {
	long := acme.Problem{Type: "x", Detail: strings.Repeat("é", 1<<20)}
	if f := classify("https://ca", "asking", long, &hint{}, time.Now()); len(f.Message) > 2*maxWords {
		t.Errorf("the message has %d bytes", len(f.Message))
	}
	authz := acme.Authorization{
		Identifier: acme.Identifier{Type: "dns", Value: "www.example.com"}, Status: acme.StatusInvalid,
		Challenges: []acme.Challenge{{Type: acme.ChallengeTypeHTTP01, Error: &long}},
	}
	got := authorizationStatus(Live{Authorizations: []acme.Authorization{authz, authz}})
	if len(got) != 1 || len(got[0].Message) > maxWords {
		t.Errorf("%d entries with a message of %d bytes, want 1 of at most %d", len(got), len(got[0].Message), maxWords)
	}
}
