// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package acmetest runs a real ACME server (Pebble) with its own DNS in the test's process.
package acmetest

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/letsencrypt/challtestsrv"
	pebbleca "github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"

	"github.com/tollgate-dev/tollgate/pkg/sandbox"
)

// Server is an ACME server for one test.
type Server struct {
	// URL of the directory.
	URL string
	// CABundle verifies the server's own HTTPS certificate.
	CABundle []byte
	// Roots verify the certificates that the server issues.
	Roots *x509.CertPool
	// RootNames are the common names of the roots, that of the default chain first.
	RootNames []string

	o          Options
	management http.Handler

	mu        sync.Mutex
	handler   http.Handler
	issued    int
	orders    int
	intercept func(w http.ResponseWriter, r *http.Request, next http.Handler)
}

// Options of StartWith.
type Options struct {
	// HTTP01Port on loopback is where http-01 challenges are validated.
	HTTP01Port int
	// Resolver is the host:port of the recursive name server that the server asks. Default: one to which all names are 127.0.0.1.
	Resolver string
	// ExternalAccounts are MAC keys in base64url by their identifiers. If there are any, accounts have to be bound to one.
	ExternalAccounts map[string]string
	// AlternateRoots is how many chains there are beside the first.
	AlternateRoots int
	// Lifetime of certificates. Default: 90 days.
	Lifetime time.Duration
	// RejectNonces is how many of a hundred nonces are refused. Default: none.
	RejectNonces int
	// ReuseAuthorizations is how many of a hundred authorizations that are valid already are used again. Default: 50.
	ReuseAuthorizations *int
}

// Start starts a server that validates http-01 challenges on a loopback port. All names resolve to 127.0.0.1.
func Start(t *testing.T, http01Port int) *Server {
	t.Helper()
	return StartWith(t, Options{HTTP01Port: http01Port})
}

// StartWith starts a server.
func StartWith(t *testing.T, o Options) *Server {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	t.Setenv("PEBBLE_WFE_NONCEREJECT", strconv.Itoa(o.RejectNonces))
	if o.ReuseAuthorizations != nil {
		t.Setenv("PEBBLE_AUTHZREUSE", strconv.Itoa(*o.ReuseAuthorizations))
	}
	if o.Resolver == "" {
		o.Resolver = startDNS(t)
	}
	if o.Lifetime == 0 {
		o.Lifetime = 90 * 24 * time.Hour
	}
	s := &Server{o: o}
	s.Reset()
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		intercept, handler := s.intercept, s.handler
		s.mu.Unlock()
		if intercept != nil {
			intercept(w, r, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, handler) }))
			return
		}
		s.serve(w, r, handler)
	}))
	_ = web.Listener.Close()
	web.Listener = listen(t)
	web.StartTLS()
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
	for id, key := range s.o.ExternalAccounts {
		if err := store.AddExternalAccountKeyByID(id, key); err != nil {
			panic(err)
		}
	}
	authority := pebbleca.New(quiet, store, "", "ecdsa", s.o.AlternateRoots, 1, map[string]pebbleca.Profile{
		"default": {Description: "the usual one", ValidityPeriod: uint64(s.o.Lifetime / time.Second)},
	})
	validation := va.New(quiet, s.o.HTTP01Port, 0, true, s.o.Resolver, store)
	frontend := wfe.New(quiet, store, validation, authority, nil, true, len(s.o.ExternalAccounts) > 0, 0, 0)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Roots = x509.NewCertPool()
	s.RootNames = nil
	for i := range s.o.AlternateRoots + 1 {
		root := authority.GetRootCert(i).Cert
		s.Roots.AddCert(root)
		s.RootNames = append(s.RootNames, root.Subject.CommonName)
	}
	s.handler, s.management = frontend.Handler(), frontend.ManagementHandler()
}

// SetRenewalInfo makes the server answer with the text, which may be no JSON, when it is asked when to renew the certificate.
func (s *Server) SetRenewalInfo(t *testing.T, leaf *x509.Certificate, answer string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{
		"Certificate": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw})),
		"ARIResponse": answer,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	management := s.management
	s.mu.Unlock()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/set-renewal-info/", bytes.NewReader(body))
	r.Header.Set("User-Agent", "acmetest")
	management.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("setting the renewal information: HTTP %d: %s", w.Code, w.Body)
	}
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

// listen listens on a port that no other server of this process had: the protocol client remembers directories by their URLs
// for as long as the process runs.
func listen(t *testing.T) net.Listener {
	t.Helper()
	for range 10 { // another process may be first
		port, err := sandbox.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return l
		}
	}
	t.Fatal("no port of ten could be listened on")
	return nil
}

// startDNS returns the address of a resolver that answers 127.0.0.1 to everything.
func startDNS(t *testing.T) string {
	t.Helper()
	// The server binds the port itself. One that the system chose could be taken by any outgoing connection in between.
	port, err := sandbox.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	srv, err := challtestsrv.New(challtestsrv.Config{DNSAddrs: []string{address}, Log: log.New(io.Discard, "", 0)})
	if err != nil {
		t.Fatal(err)
	}
	srv.SetDefaultDNSIPv4("127.0.0.1")
	srv.SetDefaultDNSIPv6("")
	go srv.Run()
	t.Cleanup(srv.Shutdown)
	for deadline := time.Now().Add(time.Minute); ; {
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
