// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	// probeTimeout is for one request: an ingress controller that works answers in milliseconds.
	probeTimeout = 3 * time.Second
	// maxAnswer bounds what is read; a key authorization has 43 characters more than its token.
	maxAnswer = 4 << 10
)

// Reach asks a name for the answer to its challenge as the CA will: an ingress controller takes seconds to serve a new
// Ingress, and a CA that comes too early fails the whole order.
type Reach struct {
	client *http.Client
}

// NewReach returns a Reach. dial overrides how names are connected to; nil is the usual way.
func NewReach(dial func(ctx context.Context, network, address string) (net.Conn, error)) *Reach {
	return &Reach{client: &http.Client{
		Timeout:   probeTimeout,
		Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true},
		// The CA follows redirects. Here one is proof enough that somebody routes the path: this process calls no other address for it.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Probe returns nil if the host answers the challenge, or redirects. The error says what was asked and what came.
func (r *Reach) Probe(ctx context.Context, host, token, keyAuthorization string) error {
	if ip := net.ParseIP(host); ip != nil && ip.To4() == nil {
		host = "[" + host + "]"
	}
	url := "http://" + host + pathPrefix + token
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("asking http://%s for its challenge: %w", host, err)
	}
	response, err := r.client.Do(request)
	if err != nil {
		return err // names method, URL and cause
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		return nil
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("reading the answer of %s: %w", url, err)
	}
	if strings.TrimSpace(string(body)) != keyAuthorization {
		return fmt.Errorf("%s answered something else: another server or an older Ingress takes this path", url)
	}
	return nil
}
