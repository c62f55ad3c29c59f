// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"k8s.io/klog/v2"
)

// pathPrefix is where the CA asks, RFC 8555 section 8.3.
const pathPrefix = "/.well-known/acme-challenge/"

const (
	// requestTime and answerTime bound one request: it has no body, and its answer some hundred bytes.
	requestTime = 5 * time.Second
	answerTime  = 10 * time.Second
	// maxHeader bounds the request's first line and headers, in bytes. A CA sends some hundred.
	maxHeader = 8 << 10
	// maxConnections that are open at a time. A CA asks from a handful of places for each name.
	maxConnections = 512
)

// Answers knows the key authorization of a token.
type Answers interface {
	KeyAuthorization(token string) (string, bool)
}

// Server answers the CA's requests.
type Server struct {
	// Address to listen on, for example ":8089".
	Address string
	// Answers to the challenges.
	Answers Answers

	listening atomic.Bool
	port      atomic.Int32
}

// ServeHTTP implements http.Handler. Whatever is not the path of a known token is 404 and says nothing more. The host does not
// matter: the token is unguessable and its answer public.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, ok := strings.CutPrefix(r.URL.EscapedPath(), pathPrefix)
	if !ok || !base64url(token) || (r.Method != http.MethodGet && r.Method != http.MethodHead) {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	answer, ok := s.Answers.KeyAuthorization(token)
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = io.WriteString(w, answer)
}

// Start listens until ctx ends.
func (s *Server) Start(ctx context.Context) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", s.Address)
	if err != nil {
		return fmt.Errorf("listening for http-01 challenges; set --http01-bind-address to a free address: %w", err)
	}
	s.port.Store(int32(l.Addr().(*net.TCPAddr).Port))
	s.listening.Store(true)
	defer s.listening.Store(false)
	klog.FromContext(ctx).Info("Answering http-01 challenges", "address", l.Addr().String())

	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: requestTime,
		ReadTimeout:       requestTime,
		WriteTimeout:      answerTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          klog.NewStandardLogger("INFO"),
	}
	server.SetKeepAlivesEnabled(false) // a CA asks once
	done := make(chan error, 1)
	go func() { done <- server.Serve(newLimit(l, maxConnections)) }()
	select {
	case err := <-done:
		return fmt.Errorf("serving http-01 challenges: %w", err)
	case <-ctx.Done():
	}
	shutdown, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err = server.Shutdown(shutdown)
	if serveErr := <-done; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	return err
}

// NeedLeaderElection returns false: every replica answers.
func (s *Server) NeedLeaderElection() bool { return false }

// Serves reports whether the token would be answered now.
func (s *Server) Serves(token string) bool {
	if !s.listening.Load() {
		return false
	}
	_, ok := s.Answers.KeyAuthorization(token)
	return ok
}

// Port is the TCP port that the server listens on; 0 while it does not.
func (s *Server) Port() int32 {
	if !s.listening.Load() {
		return 0
	}
	return s.port.Load()
}
