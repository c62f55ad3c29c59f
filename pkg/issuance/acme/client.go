// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mholt/acmez/v3/acme"
	"k8s.io/component-base/version"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

const (
	// pollTimeout bounds how long one call may poll the server; whoever needs longer comes back.
	pollTimeout = 10 * time.Second
	// callTimeout bounds one call, its retries included.
	callTimeout = 30 * time.Second
	// clientLifetime is how long a client, with the directory it has read, is used again.
	clientLifetime = time.Hour
)

// errHeld is returned instead of asking a server that has said, within the same call, to wait.
var errHeld = errors.New("the server asked to wait")

// Clients keeps one protocol client for each ACME server.
type Clients struct {
	// Observe is told of every request: what for, in one of a few words, the HTTP status, 0 if there was no answer, and
	// how long that took. It may be nil; set it before the first call.
	Observe func(endpoint string, status int, took time.Duration)

	clock clock.PassiveClock

	mu      sync.Mutex
	clients map[[sha256.Size]byte]*keptClient
}

type keptClient struct {
	*acme.Client
	made      time.Time
	transport *transport
	// provisioning is full while somebody reads the directory.
	provisioning chan struct{}
}

// NewClients returns an empty set of clients.
func NewClients(clk clock.PassiveClock) *Clients {
	return &Clients{clock: clk, clients: map[[sha256.Size]byte]*keptClient{}}
}

// For returns the client of the issuer's server, which has answered at least once. An error is a *Failure.
func (c *Clients) For(ctx context.Context, spec *v1alpha1.ACMEIssuer) (*acme.Client, error) {
	k, err := c.provisioned(ctx, spec)
	if err != nil {
		return nil, err
	}
	return k.Client, nil
}

func (c *Clients) provisioned(ctx context.Context, spec *v1alpha1.ACMEIssuer) (*keptClient, error) {
	k, err := c.kept(spec)
	if err != nil {
		return nil, &Failure{Reason: v1alpha1.ReasonFailed, Message: err.Error()}
	}
	ctx, h, cancel := withHint(ctx)
	defer cancel()
	if err := k.provision(ctx); err != nil {
		f := classify(spec.Server, "reading the directory", err, h, c.clock.Now())
		status, _ := h.get()
		f.Message += advice(err, status)
		return nil, f
	}
	return k, nil
}

func (c *Clients) kept(spec *v1alpha1.ACMEIssuer) (*keptClient, error) {
	key := sha256.Sum256([]byte(spec.Server + "\x00" + string(spec.CABundle)))
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock.Now()
	for other, k := range c.clients {
		if now.Sub(k.made) >= clientLifetime {
			delete(c.clients, other) // its idle connections end by themselves
		}
	}
	if k := c.clients[key]; k != nil {
		return k, nil
	}
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.ResponseHeaderTimeout = callTimeout
	base.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if len(spec.CABundle) > 0 {
		roots, err := pki.Roots("spec.acme.caBundle", spec.CABundle)
		if err != nil {
			return nil, err
		}
		base.TLSClientConfig.RootCAs = roots
	}
	directory, err := url.Parse(spec.Server)
	if err != nil {
		return nil, fmt.Errorf("reading spec.acme.server: %w", err)
	}
	t := &transport{base: base, clock: c.clock, url: directory.String(), observe: c.Observe}
	k := &keptClient{made: now, transport: t, provisioning: make(chan struct{}, 1), Client: &acme.Client{
		Directory:   spec.Server,
		HTTPClient:  &http.Client{Transport: t},
		UserAgent:   "tollgate-controller/" + version.Get().GitVersion,
		PollTimeout: pollTimeout,
	}}
	c.clients[key] = k
	return k, nil
}

// provision reads the directory once. The protocol client would read it under a lock of the whole process, so that one
// server that does not answer kept all others waiting; from here it gets it from memory.
func (k *keptClient) provision(ctx context.Context) error {
	select {
	case k.provisioning <- struct{}{}:
		defer func() { <-k.provisioning }()
	case <-ctx.Done():
		return fmt.Errorf("waiting for the directory: %w", ctx.Err())
	}
	if k.transport.kept.Load() != nil {
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.Directory, nil)
	if err != nil {
		return err
	}
	resp, err := k.HTTPClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("reading the directory: %w", err)
	}
	var directory acme.Directory
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("HTTP %d instead of a directory", resp.StatusCode)
	}
	if err := json.Unmarshal(body, &directory); err != nil || directory.NewNonce == "" || directory.NewOrder == "" {
		return errors.New("what the URL leads to is not the directory of an ACME server; correct spec.acme.server")
	}
	// The protocol client asks for renewal information with every chain that it downloads, up to three times, and drops it.
	shown := directory
	shown.RenewalInfo = ""
	if body, err = json.Marshal(shown); err != nil {
		return fmt.Errorf("reading the directory: %w", err)
	}
	k.transport.directory.Store(&directory)
	k.transport.kept.Store(&body)
	return nil
}

// hint is what a call has learnt from the headers of its responses.
type hint struct {
	mu sync.Mutex
	// status of the last response that was an error.
	status int
	// retryAt is when the server wants to be asked again; zero if it did not say.
	retryAt time.Time
}

type hintKey struct{}

// withHint returns a context for one call, bounded by callTimeout, and the hint that the call will fill in.
func withHint(ctx context.Context) (context.Context, *hint, context.CancelFunc) {
	h := &hint{}
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, hintKey{}, h), callTimeout)
	return ctx, h, cancel
}

func (h *hint) get() (status int, retryAt time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.status, h.retryAt
}

// transport notes Retry-After, which the protocol client drops, and keeps it from asking again before.
type transport struct {
	base  http.RoundTripper
	clock clock.PassiveClock
	// url of the directory, which is answered with kept once that is known.
	url  string
	kept atomic.Pointer[[]byte]
	// directory is what the server sent; it is there before kept is.
	directory atomic.Pointer[acme.Directory]
	// observe is Clients.Observe.
	observe func(endpoint string, status int, took time.Duration)
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if kept := t.kept.Load(); kept != nil && req.Method == http.MethodGet && req.URL.String() == t.url {
		return &http.Response{
			Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(*kept)),
			Body: io.NopCloser(bytes.NewReader(*kept)), Request: req,
		}, nil
	}
	h, _ := req.Context().Value(hintKey{}).(*hint)
	if h != nil {
		if status, at := h.get(); !at.IsZero() {
			return nil, fmt.Errorf("%w until %s (HTTP %d)", errHeld, at.UTC().Format(time.RFC3339), status)
		}
	}
	// RFC 8555 section 6.1. The URLs come from the server, and a namespace's own CertIssuer names the server.
	if req.URL.Scheme != "https" {
		return nil, fmt.Errorf("refusing %s: ACME servers are asked by https alone", req.URL.Redacted())
	}
	asked := t.clock.Now()
	resp, err := t.base.RoundTrip(req)
	t.tell(req, resp, t.clock.Since(asked))
	if err != nil {
		return nil, err
	}
	resp.Body = &boundedBody{ReadCloser: resp.Body, left: maxBody}
	if h == nil || resp.StatusCode < 400 {
		return resp, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = resp.StatusCode
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable {
		h.retryAt = parseRetryAfter(resp.Header.Get("Retry-After"), t.clock.Now())
	}
	return resp, nil
}

// tell tells of a request; the response is nil if there was none.
func (t *transport) tell(req *http.Request, resp *http.Response, took time.Duration) {
	if t.observe == nil {
		return
	}
	endpoint, status := endpointDirectory, 0
	if req.URL.String() != t.url {
		endpoint = endpointOf(t.directory.Load(), req.URL)
	}
	if resp != nil {
		status = resp.StatusCode
	}
	t.observe(endpoint, status, took)
}

// maxBody bounds what is read of one response, which the protocol client keeps in memory whole.
const maxBody = 1 << 20

// boundedBody fails after maxBody bytes.
type boundedBody struct {
	io.ReadCloser
	left int
}

// Read implements io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("reading the response: it is longer than %d bytes", maxBody)
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// maxRetryAfter bounds what a server may ask for, so that a wrong header cannot stop renewal for good.
const maxRetryAfter = 7 * 24 * time.Hour

// parseRetryAfter reads a Retry-After header (RFC 9110 section 10.2.3), seconds or a date; zero if it says nothing.
func parseRetryAfter(header string, now time.Time) time.Time {
	var at time.Time
	if seconds, err := strconv.ParseInt(header, 10, 32); err == nil && seconds >= 0 {
		at = now.Add(time.Duration(seconds) * time.Second)
	} else if date, err := http.ParseTime(header); err == nil {
		at = date
	}
	if limit := now.Add(maxRetryAfter); at.After(limit) {
		return limit
	}
	return at
}
