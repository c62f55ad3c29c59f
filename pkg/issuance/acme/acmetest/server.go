// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package acmetest runs a real ACME server (Pebble) with its own DNS in the test's process.
package acmetest

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/letsencrypt/challtestsrv"
	pebbleca "github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

// Server is an ACME server for one test.
type Server struct {
	// URL of the directory.
	URL string
	// CABundle verifies the server's own HTTPS certificate.
	CABundle []byte
	// Roots verify the certificates that the server issues.
	Roots *x509.CertPool

	http01Port int
	dns        string

	mu        sync.Mutex
	handler   http.Handler
	issued    int
	orders    int
	intercept func(w http.ResponseWriter, r *http.Request, next http.Handler)
}

// Start starts a server that validates http-01 challenges on a loopback port. All names resolve to 127.0.0.1.
func Start(t *testing.T, http01Port int) *Server {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	s := &Server{http01Port: http01Port, dns: startDNS(t)}
	s.Reset()
	web := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		intercept, handler := s.intercept, s.handler
		s.mu.Unlock()
		if intercept != nil {
			intercept(w, r, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, handler) }))
			return
		}
		s.serve(w, r, handler)
	}))
	t.Cleanup(web.Close)
	web.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.URL = web.URL + wfe.DirectoryPath
	s.CABundle = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})
	return s
}

// Reset makes the server forget all accounts and orders, and its roots: as Pebble does when it is started anew.
func (s *Server) Reset() {
	quiet := log.New(io.Discard, "", 0)
	store := db.NewMemoryStore()
	authority := pebbleca.New(quiet, store, "", "ecdsa", 0, 1, map[string]pebbleca.Profile{
		"default": {Description: "90 days", ValidityPeriod: 90 * 24 * 3600},
	})
	frontend := wfe.New(quiet, store, va.New(quiet, s.http01Port, 0, true, s.dns, store), authority, nil, true, false, 0, 0)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Roots = x509.NewCertPool()
	s.Roots.AddCert(authority.GetRootCert(0).Cert)
	s.handler = frontend.Handler()
}

// serve counts what the server grants.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	c := &counter{ResponseWriter: w, status: http.StatusOK}
	next.ServeHTTP(c, r)
	if r.Method != http.MethodPost || c.status >= 300 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case strings.HasPrefix(r.URL.Path, "/finalize-order/"):
		s.issued++
	case r.URL.Path == "/order-plz":
		s.orders++
	}
}

// Issued is how many signing requests the server has accepted: each makes one certificate.
func (s *Server) Issued() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.issued
}

// Orders is how many orders were placed.
func (s *Server) Orders() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.orders
}

// Intercept makes f handle all requests; nil ends that.
func (s *Server) Intercept(f func(w http.ResponseWriter, r *http.Request, next http.Handler)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.intercept = f
}

type counter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (c *counter) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

// startDNS returns the address of a resolver that answers 127.0.0.1 to everything.
func startDNS(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	srv, err := challtestsrv.New(challtestsrv.Config{DNSAddrs: []string{address}, Log: log.New(io.Discard, "", 0)})
	if err != nil {
		t.Fatal(err)
	}
	srv.SetDefaultDNSIPv4("127.0.0.1")
	srv.SetDefaultDNSIPv6("")
	go srv.Run()
	t.Cleanup(srv.Shutdown)
	for deadline := time.Now().Add(5 * time.Second); ; {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			return address
		}
		if time.Now().After(deadline) {
			t.Fatalf("waiting for the DNS server: %v", err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
