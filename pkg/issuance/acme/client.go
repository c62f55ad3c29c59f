// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/mholt/acmez/v3/acme"
	"k8s.io/component-base/version"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
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
	clock clock.PassiveClock

	mu      sync.Mutex
	clients map[[sha256.Size]byte]*keptClient
}

type keptClient struct {
	*acme.Client
	made time.Time
}

// NewClients returns an empty set of clients.
func NewClients(clk clock.PassiveClock) *Clients {
	return &Clients{clock: clk, clients: map[[sha256.Size]byte]*keptClient{}}
}

// For returns the client of the issuer's server.
func (c *Clients) For(spec *v1alpha1.ACMEIssuer) (*acme.Client, error) {
	key := sha256.Sum256([]byte(spec.Server + "\x00" + string(spec.CABundle)))
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock.Now()
	if k := c.clients[key]; k != nil && now.Sub(k.made) < clientLifetime {
		return k.Client, nil
	}
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.ResponseHeaderTimeout = callTimeout
	base.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if len(spec.CABundle) > 0 {
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(spec.CABundle) {
			return nil, errors.New("reading spec.acme.caBundle: it holds no certificate in PEM")
		}
		base.TLSClientConfig.RootCAs = roots
	}
	k := &keptClient{made: now, Client: &acme.Client{
		Directory:   spec.Server,
		HTTPClient:  &http.Client{Transport: &transport{base: base, clock: c.clock}},
		UserAgent:   "tollgate-controller/" + version.Get().GitVersion,
		PollTimeout: pollTimeout,
	}}
	c.clients[key] = k
	return k.Client, nil
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
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	h, _ := req.Context().Value(hintKey{}).(*hint)
	if h != nil {
		if status, at := h.get(); !at.IsZero() {
			return nil, fmt.Errorf("%w until %s (HTTP %d)", errHeld, at.UTC().Format(time.RFC3339), status)
		}
	}
	resp, err := t.base.RoundTrip(req)
	if err != nil || h == nil || resp.StatusCode < 400 {
		return resp, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = resp.StatusCode
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable {
		h.retryAt = parseRetryAfter(resp.Header.Get("Retry-After"), t.clock.Now())
	}
	return resp, nil
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
