// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// listening starts a server on loopback and returns its address.
func listening(t *testing.T) string {
	t.Helper()
	s := &Server{Address: "127.0.0.1:0", Answers: fixed{}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Start: %v", err)
		}
	})
	for deadline := time.Now().Add(time.Minute); s.Port() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the server does not listen")
		}
	}
	return fmt.Sprintf("127.0.0.1:%d", s.Port())
}

// TestRequestsAsTheyCome sends bytes, as no client would that checks them.
func TestRequestsAsTheyCome(t *testing.T) {
	address := listening(t)
	const line = "GET /.well-known/acme-challenge/tok HTTP/1.1\r\n"
	for _, tt := range []struct {
		name, request string
		status        int
		body          string
	}{
		{"any host", line + "Host: whatever.example.org\r\n\r\n", 200, "tok.thumb"},
		{"an address as host", line + "Host: [2001:db8::1]:80\r\n\r\n", 200, "tok.thumb"},
		{"no host", "GET /.well-known/acme-challenge/tok HTTP/1.0\r\n\r\n", 200, "tok.thumb"},
		{"as to a proxy", "GET http://www.example.com/.well-known/acme-challenge/tok HTTP/1.1\r\nHost: x\r\n\r\n", 200, "tok.thumb"},
		{"HEAD", "HEAD /.well-known/acme-challenge/tok HTTP/1.1\r\nHost: x\r\n\r\n", 200, ""},
		{"another path as to a proxy", "GET http://x/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 404, ""},
		{"CONNECT", "CONNECT www.example.com:443 HTTP/1.1\r\nHost: www.example.com:443\r\n\r\n", 404, ""},
		{"OPTIONS of all", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 200, ""}, // net/http answers this itself
		{"up in the path", "GET /.well-known/acme-challenge/../acme-challenge/tok HTTP/1.1\r\nHost: x\r\n\r\n", 404, ""},
		{"two slashes", "GET //.well-known/acme-challenge/tok HTTP/1.1\r\nHost: x\r\n\r\n", 404, ""},
		{"long token", "GET /.well-known/acme-challenge/" + strings.Repeat("a", 257) + " HTTP/1.1\r\nHost: x\r\n\r\n", 404, ""},
		{"long header", line + "Host: x\r\nX: " + strings.Repeat("a", 16<<10) + "\r\n\r\n", 431, ""},
		{"long path", "GET /" + strings.Repeat("a", 16<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", 431, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := io.WriteString(c, tt.request); err != nil {
				t.Fatal(err)
			}
			method, _, _ := strings.Cut(tt.request, " ")
			resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != tt.status || tt.status != 431 && string(body) != tt.body {
				t.Errorf("got %d %q, want %d %q", resp.StatusCode, body, tt.status, tt.body)
			}
			if tt.status != 431 && !resp.Close {
				t.Error("the connection stays open")
			}
			if got := resp.Header.Get("X-Content-Type-Options"); tt.body != "" && got != "nosniff" {
				t.Errorf("X-Content-Type-Options is %q", got)
			}
		})
	}
}

func TestLimit(t *testing.T) {
	inner, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := newLimit(inner, 1)
	accepted := make(chan net.Conn)
	done := make(chan error, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				done <- err
				return
			}
			accepted <- c
		}
	}()
	dial := func() net.Conn {
		t.Helper()
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for range 2 {
		defer dial().Close()
	}
	first := <-accepted
	select {
	case <-accepted:
		t.Fatal("a second connection is accepted")
	case <-time.After(50 * time.Millisecond):
	}
	for range 2 { // net/http may close twice: one slot all the same
		_ = first.Close()
	}
	second := <-accepted
	defer second.Close()
	if len(l.slots) != 1 {
		t.Errorf("%d slots are taken, want 1", len(l.slots))
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close: %v", err)
	}
}
