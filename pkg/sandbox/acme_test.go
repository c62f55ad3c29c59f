// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"
)

// TestACME gets a certificate by http-01, takes Pebble down and up again.
func TestACME(t *testing.T) {
	s := shared(t)
	info := s.ACME()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(info.CABundle) {
		t.Fatal("CABundle holds no certificate")
	}
	client := acmez.Client{
		Client: &acme.Client{
			Directory: info.DirectoryURL,
			HTTPClient: &http.Client{Transport: &http.Transport{
				TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true,
			}},
		},
		ChallengeSolvers: map[string]acmez.Solver{acme.ChallengeTypeHTTP01: &http01Solver{port: info.HTTP01Port}},
	}
	ctx := t.Context()
	key := newKey(t)
	account, err := client.NewAccount(ctx, acme.Account{TermsOfServiceAgreed: true, PrivateKey: key})
	if err != nil {
		t.Fatal(err)
	}
	chains, err := client.ObtainCertificateForSANs(ctx, account, newKey(t), []string{"web.example.test"})
	if err != nil {
		t.Fatal(err)
	}
	if len(chains) == 0 {
		t.Fatal("no certificate was issued")
	}

	if err := s.StopACME(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.GetAccount(ctx, account); err == nil {
		t.Error("Pebble answers after StopACME")
	}
	if err := s.StartACME(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.StartACME(ctx); err != nil {
		t.Errorf("a second StartACME = %v", err)
	}
	if diff := cmp.Diff(info, s.ACME()); diff != "" {
		t.Errorf("addresses changed (-before, +after):\n%s", diff)
	}
	var problem acme.Problem
	if _, err := client.GetAccount(ctx, account); !errors.As(err, &problem) || problem.Type != acme.ProblemTypeAccountDoesNotExist {
		t.Errorf("an account from before the restart = %v, want accountDoesNotExist", err)
	}
	if err := s.Wait(cancelled()); err != nil {
		t.Errorf("stopping Pebble on purpose counts as its death: %v", err)
	}
}

func TestWithoutACME(t *testing.T) {
	s := &Sandbox{}
	if err := s.StopACME(); !errors.Is(err, errNoACME) {
		t.Errorf("StopACME = %v", err)
	}
	if err := s.StartACME(t.Context()); !errors.Is(err, errNoACME) {
		t.Errorf("StartACME = %v", err)
	}
}

// http01Solver serves one challenge at a time.
type http01Solver struct {
	port   int
	server *http.Server
}

func (h *http01Solver) Present(_ context.Context, c acme.Challenge) error {
	l, err := net.Listen("tcp", hostPort(h.port))
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc(c.HTTP01ResourcePath(), func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, c.KeyAuthorization)
	})
	h.server = &http.Server{Handler: mux}
	go func() { _ = h.server.Serve(l) }()
	return nil
}

func (h *http01Solver) CleanUp(context.Context, acme.Challenge) error { return h.server.Close() }

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
