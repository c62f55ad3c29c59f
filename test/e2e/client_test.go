// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"
)

// answer is what a client saw: the server's certificate, verified, and the text that the server's process drew when it started.
type answer struct {
	at      time.Time
	leaf    *x509.Certificate
	process string
}

// visitor connects anew all the time, verifying against one root and name.
type visitor struct {
	url    string
	client *http.Client

	mu      sync.Mutex
	answers []*answer // the first with each certificate, in order
	process string    // of the last answer
	failed  []error   // after the first answer
}

// visit asks the server at address until the test ends.
func visit(t *testing.T, address, name string, rootPEM []byte) *visitor {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(rootPEM) {
		t.Fatal("the root is not PEM")
	}
	v := &visitor{url: "https://" + address, client: &http.Client{
		Timeout: 30 * time.Second, // a loaded machine is slow; that alone is no failure
		Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{RootCAs: roots, ServerName: name, MinVersion: tls.VersionTLS12},
			DisableKeepAlives: true,
		},
	}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); v.run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return v
}

func (v *visitor) run(ctx context.Context) {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		a, err := v.ask(ctx)
		if ctx.Err() != nil {
			return
		}
		v.note(a, err)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (v *visitor) ask(ctx context.Context) (*answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.url, nil)
	if err != nil {
		return nil, err
	}
	response, err := v.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err != nil {
		return nil, err
	}
	return &answer{at: time.Now(), leaf: response.TLS.PeerCertificates[0], process: string(body)}, nil
}

func (v *visitor) note(a *answer, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err != nil {
		if len(v.answers) > 0 {
			v.failed = append(v.failed, fmt.Errorf("%s: %w", time.Now().UTC().Format(time.RFC3339Nano), err))
		}
		return
	}
	v.process = a.process
	if n := len(v.answers); n == 0 || !a.leaf.Equal(v.answers[n-1].leaf) {
		v.answers = append(v.answers, a)
	}
}

// answer waits for certificate number n that was served, counted from 0.
func (v *visitor) answer(t *testing.T, n int) *answer {
	t.Helper()
	var found *answer
	eventually(t, fmt.Sprintf("a client completes a handshake verified against the CA's root, with certificate %d", n), func(ctx context.Context) (bool, string) {
		if answers := v.seen(); len(answers) > n {
			found = answers[n]
			return true, ""
		}
		_, err := v.ask(ctx)
		return false, fmt.Sprintf("%d certificates served; asked once more: %v", len(v.seen()), err)
	})
	return found
}

func (v *visitor) seen() []*answer {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.answers
}

// trouble returns what went wrong since the first answer: failures, and answers of another process.
func (v *visitor) trouble() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	err := errors.Join(v.failed...)
	if len(v.answers) > 0 && v.process != v.answers[0].process {
		err = errors.Join(err, fmt.Errorf("another process serves: %s, before %s", v.process, v.answers[0].process))
	}
	return err
}
