// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mholt/acmez/v3/acme"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

// TestRequestsAreObserved asks a server that has a directory and refuses the account, and one that does not answer.
func TestRequestsAreObserved(t *testing.T) {
	clients := NewClients(clock.RealClock{})
	var observed []string
	clients.Observe = func(endpoint string, status int, _ time.Duration) {
		observed = append(observed, fmt.Sprintf("%s %d", endpoint, status))
	}
	spec := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/directory":
			answer(strings.ReplaceAll(directory, "127.0.0.1:1", r.Host))(w, r)
		case r.Method == http.MethodHead:
			w.Header().Set("Replay-Nonce", "n1")
		default:
			http.Error(w, "no", http.StatusForbidden)
		}
	})
	c, err := clients.For(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	key, err := pki.NewKey(pki.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.GetAccount(t.Context(), acme.Account{PrivateKey: key}); err == nil {
		t.Error("the account was not refused")
	}
	if _, err := clients.For(t.Context(), &v1alpha1.ACMEIssuer{Server: "https://127.0.0.1:1/directory"}); err == nil {
		t.Error("nobody has answered")
	}
	if diff := cmp.Diff([]string{"directory 200", "newNonce 200", "newAccount 403", "directory 0"}, observed); diff != "" {
		t.Errorf("unexpected requests (-want, +got):\n%s", diff)
	}
}

func TestEndpointOf(t *testing.T) {
	const ca = "https://certificates.example.com/acme/"
	directory := &acme.Directory{NewNonce: ca + "new-nonce", NewAccount: ca + "new-acct", NewOrder: ca + "new-order", RenewalInfo: ca + "renewal-info"}
	for path, want := range map[string]string{
		"new-nonce": "newNonce", "new-acct": "newAccount", "new-order": "newOrder", "renewal-info/abc.def": "renewalInfo",
		// Boulder
		"order/1/2": "order", "finalize/1/2": "finalize", "authz/1/2": "authorization", "chall/1/2/x": "challenge", "cert/0a": "certificate", "acct/1": "account",
		// Pebble
		"my-order/x": "order", "finalize-order/x": "finalize", "authZ/x": "authorization", "chalZ/x": "challenge", "certZ/x": "certificate", "my-account/1": "account",
		// step-ca
		"order/x/finalize": "finalize", "certificate/x": "certificate", "challenge/x/y": "challenge", "account/x": "account",
		"": "other", "directory": "other", "x/y": "other",
	} {
		u, err := url.Parse(ca + path)
		if err != nil {
			t.Fatal(err)
		}
		if got := endpointOf(directory, u); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	u := &url.URL{Scheme: "https", Host: "ca.example.com", Path: "/acme/new-order"}
	if got := endpointOf(nil, u); got != "other" {
		t.Errorf("without a directory: %s", got)
	}
}
