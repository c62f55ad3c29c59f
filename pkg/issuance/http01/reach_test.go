// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestProbe(t *testing.T) {
	const token, keyAuthorization = "token", "token.thumbprint"
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"our answer": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(keyAuthorization + "\n")) }, ""},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://"+r.Host+r.URL.Path, http.StatusMovedPermanently)
		}, ""},
		"not there yet": {http.NotFound, "http://www.example.com/.well-known/acme-challenge/token answered 404"},
		"another":       {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("welcome")) }, "answered something else"},
		"no server":     {nil, "www.example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(test.handler)
			defer server.Close()
			if test.handler == nil {
				server.Close()
			}
			reach := NewReach(func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
			})
			err := reach.Probe(t.Context(), "www.example.com", token, keyAuthorization)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("Probe = %v, want %q", err, test.want)
			}
		})
	}
}
