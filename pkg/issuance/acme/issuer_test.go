// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme_test

import (
	"crypto/x509"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme/acmetest"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

func TestExternalAccountBinding(t *testing.T) {
	mac := []byte("\xfb\xff\xbe0123456789abcdef0123456789abcdef") // both alphabets differ, and it needs padding
	good := base64.RawURLEncoding.EncodeToString(mac)
	for name, tt := range map[string]struct {
		unset bool
		data  map[string][]byte
		want  string // in the message; "": it works
	}{
		"as the RFC has it":     {data: map[string][]byte{"mac": []byte(good)}},
		"padding and newline":   {data: map[string][]byte{"mac": []byte(base64.URLEncoding.EncodeToString(mac) + "\n")}},
		"the other alphabet":    {data: map[string][]byte{"mac": []byte(base64.StdEncoding.EncodeToString(mac))}},
		"another account's key": {data: map[string][]byte{"mac": []byte(base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("x", 32))))}, want: "registering the account"},
		"not base64":            {data: map[string][]byte{"mac": []byte(`"` + good + `"`)}, want: "not base64url"},
		"too short":             {data: map[string][]byte{"mac": []byte("YWJj")}, want: "too short"},
		"empty":                 {data: map[string][]byte{"mac": []byte("\n")}, want: "empty"},
		"another key":           {data: map[string][]byte{"hmac": []byte(good)}, want: "no such key"},
		"no Secret":             {want: "does not exist"},
		"not set":               {unset: true, want: "set spec.acme.externalAccountBinding"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarnessWith(t, acmetest.Options{ExternalAccounts: map[string]string{"kid-1": good}}, func(spec *v1alpha1.ACMEIssuer) {
				if !tt.unset {
					spec.ExternalAccountBinding = &v1alpha1.ExternalAccountBinding{KeyID: "kid-1", KeySecretRef: v1alpha1.SecretKeyReference{Name: "eab", Key: "mac"}}
				}
			}, newCert("web", "www.example.com"))
			if tt.data != nil {
				h.must(h.client.Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "eab"}, Data: tt.data}))
			}
			h.restart()
			issuer := h.issuer()
			c := meta.FindStatusCondition(issuer.Status.Conditions, v1alpha1.ConditionReady)
			if ready := c.Status == metav1.ConditionTrue; ready != (tt.want == "") || !ready && !strings.Contains(c.Message, tt.want) {
				t.Fatalf("Ready = %+v, want %q", c, tt.want)
			}
			if strings.Contains(c.Message, good) {
				t.Errorf("the message has the key: %s", c.Message)
			}
			if tt.want == "" {
				cert, err := h.reconcile("web")
				h.must(err)
				h.issued(cert)
			}
		})
	}
}

func TestPreferredChain(t *testing.T) {
	for name, tt := range map[string]struct {
		preferred func(roots []string) string
		want      int
		event     bool
	}{
		"default":     {func([]string) string { return "" }, 0, false},
		"the first":   {func(roots []string) string { return roots[0] }, 0, false},
		"the last":    {func(roots []string) string { return roots[2] }, 2, false},
		"not offered": {func([]string) string { return "DST Root CA X3" }, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarnessWith(t, acmetest.Options{AlternateRoots: 2}, nil, newCert("web", "www.example.com"))
			issuer := h.issuer()
			issuer.Spec.ACME.PreferredChain = tt.preferred(h.server.RootNames)
			h.must(h.client.Update(t.Context(), issuer))
			cert, err := h.reconcile("web")
			h.must(err)
			h.issued(cert)
			s := &corev1.Secret{}
			h.must(h.client.Get(t.Context(), request("web-tls").NamespacedName, s))
			chain, err := pki.ParseChain(s.Data[corev1.TLSCertKey])
			h.must(err)
			if got := chain[len(chain)-1].Issuer.CommonName; got != h.server.RootNames[tt.want] {
				t.Errorf("the chain leads to %s, want %s of %q", got, h.server.RootNames[tt.want], h.server.RootNames)
			}
			if got := h.events(); strings.Contains(got, "ChainNotOffered") != tt.event || tt.event && !strings.Contains(got, h.server.RootNames[0]) {
				t.Errorf("events = %s, want ChainNotOffered: %t", got, tt.event)
			}
			h.clean()
		})
	}
}

func TestProfiles(t *testing.T) {
	cert := newCert("web", "www.example.com")
	cert.Spec.Profile = "shortlived"
	h := newHarness(t, cert)
	cert, err := h.reconcile("web")
	h.must(err)
	h.issuing(cert, v1alpha1.ReasonProfileUnsupported, `"shortlived"`, "default", h.server.URL)
	issuer := h.issuer()
	profiles, err := h.executor.Clients.Profiles(t.Context(), issuer.Spec.ACME)
	if err != nil || !maps.Equal(profiles, map[string]string{"default": "the usual one"}) {
		t.Errorf("Profiles = %v, %v", profiles, err)
	}
	h.clean()
}

func TestWhatACMEDoesNotSign(t *testing.T) {
	uri, ed := newCert("uri", "www.example.com"), newCert("ed", "www.example.com")
	uri.Spec.URIs = []string{"spiffe://example.org/web"}
	ed.Spec.PrivateKey = &v1alpha1.PrivateKeySpec{Algorithm: pki.Ed25519}
	h := newHarness(t, uri, ed)
	for name, want := range map[string]string{"uri": "spec.uris", "ed": "Ed25519"} {
		cert, err := h.reconcile(name)
		h.must(err)
		h.issuing(cert, v1alpha1.ReasonFailed, want)
	}
	if h.server.Orders() != 0 {
		t.Errorf("%d orders, want none", h.server.Orders())
	}
}

func TestSizeOfTheKey(t *testing.T) {
	cert := newCert("web", "www.example.com")
	cert.Spec.PrivateKey = &v1alpha1.PrivateKeySpec{Algorithm: pki.ECDSA, Size: 384}
	h := newHarness(t, cert)
	cert, err := h.reconcile("web")
	h.must(err)
	if got := pki.KeySpecOf(h.issued(cert).PublicKey); got != (pki.KeySpec{Algorithm: pki.ECDSA, Size: 384}) {
		t.Errorf("the key is %s", got)
	}
	if !slices.Contains(h.issued(cert).ExtKeyUsage, x509.ExtKeyUsageServerAuth) {
		t.Error("the certificate is not for servers")
	}
}
