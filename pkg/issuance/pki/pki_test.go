// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

func TestKeySpecs(t *testing.T) {
	for _, tt := range []struct {
		spec *v1alpha1.PrivateKeySpec
		want string // the spec, or part of the error
		ok   bool
	}{
		{nil, "ECDSA 256", true},
		{&v1alpha1.PrivateKeySpec{}, "ECDSA 256", true},
		{&v1alpha1.PrivateKeySpec{Algorithm: ECDSA, Size: 384}, "ECDSA 384", true},
		{&v1alpha1.PrivateKeySpec{Algorithm: RSA}, "RSA 2048", true},
		{&v1alpha1.PrivateKeySpec{Algorithm: RSA, Size: 3072}, "RSA 3072", true},
		{&v1alpha1.PrivateKeySpec{Algorithm: RSA, Size: 4096}, "RSA 4096", true},
		{&v1alpha1.PrivateKeySpec{Algorithm: Ed25519}, "Ed25519", true},
		{&v1alpha1.PrivateKeySpec{Size: 2048}, "set 256 or 384", false},
		{&v1alpha1.PrivateKeySpec{Algorithm: RSA, Size: 384}, "set 2048, 3072 or 4096", false},
		{&v1alpha1.PrivateKeySpec{Algorithm: Ed25519, Size: 256}, "leave it out", false},
		{&v1alpha1.PrivateKeySpec{Algorithm: "DSA"}, "set ECDSA, RSA or Ed25519", false},
	} {
		got, err := KeySpecFor(tt.spec)
		if !tt.ok {
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%+v: error %v, want %q", tt.spec, err, tt.want)
			}
			continue
		}
		if err != nil || got.String() != tt.want {
			t.Errorf("%+v: %s, %v; want %s", tt.spec, got, err, tt.want)
		}
		key, err := got.New()
		if err != nil {
			t.Fatal(err)
		}
		if !got.Fits(key.Public()) || KeySpecOf(key.Public()) != got {
			t.Errorf("the key made for %s is %s", got, KeySpecOf(key.Public()))
		}
		text, err := EncodeKey(key)
		if err != nil {
			t.Fatal(err)
		}
		read, err := ParseKey(text)
		if err != nil || !SamePublicKey(read.Public(), key.Public()) {
			t.Errorf("%s: the key is another after writing and reading: %v", got, err)
		}
	}
	if KeySpecOf("x").Algorithm != "" || (KeySpec{Algorithm: RSA, Size: 2048}).Fits("x") {
		t.Error("something that is no key has an algorithm")
	}
	if _, err := NewKey("DSA"); err == nil {
		t.Error("a DSA key was made")
	}
}

func TestParseKeyAndChainRefuse(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "no PEM": "x", "no key": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		"bad key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
	} {
		if _, err := ParseKey([]byte(text)); err == nil {
			t.Errorf("%s: a key was read", name)
		}
		if _, err := ParseChain([]byte(text)); err == nil {
			t.Errorf("%s: certificates were read", name)
		}
	}
	chain := strings.Repeat(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: selfSigned(t, nil).Raw})), maxChain+1)
	if _, err := ParseChain([]byte(chain)); err == nil {
		t.Errorf("%d certificates were read", maxChain+1)
	}
}

func selfSigned(t *testing.T, uris []*url.URL) *x509.Certificate {
	t.Helper()
	key, err := NewKey("")
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(0x1f), URIs: uris, DNSNames: []string{"a.example.com", "*.b.example.com"}}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestURIs(t *testing.T) {
	good := []string{
		"spiffe://example.org/ns/shop/sa/web", "spiffe://example.org", "https://example.com/a?b=c#d", "urn:uuid:0-0",
	}
	uris, err := ParseURIs(good)
	if err != nil {
		t.Fatal(err)
	}
	if missing := UncoveredURIs(selfSigned(t, uris), append(good, "spiffe://example.org/other")); !cmp.Equal(missing, []string{"spiffe://example.org/other"}) {
		t.Errorf("missing: %v", missing)
	}
	for _, bad := range []string{
		"", "x", "/a", "//example.org/a", "spiffe:", "spiffe://", "spiffe:///a", "spiffe:a", "spiffe://Example.org/a", "spiffe://example.org:1/a",
		"spiffe://example.org/", "spiffe://example.org/a/", "spiffe://example.org/a//b", "spiffe://example.org/a/../b", "spiffe://example.org/./a",
		"spiffe://example.org/a%2fb", "spiffe://example.org/a?b", "spiffe://example.org/a?", "spiffe://example.org/a#b", "spiffe://me@example.org/a",
		"spiffe://example.org:/a", "https://example.com/ü", "https://example.com/a b", "https://example.com/a\nb", "HTTPS://example.com", "spiffe://example.org/a%zz",
	} {
		if _, err := ParseURIs([]string{bad}); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func FuzzParseURIs(f *testing.F) {
	f.Add("spiffe://example.org/ns/shop/sa/web")
	f.Fuzz(func(t *testing.T, text string) {
		uris, err := ParseURIs([]string{text})
		if err == nil && uris[0].String() != text {
			t.Errorf("%q became %q", text, uris[0])
		}
	})
}

func TestUncoveredNames(t *testing.T) {
	c := selfSigned(t, nil)
	got := Uncovered(c, []string{"A.example.com", "x.b.example.com", "b.example.com", "*.b.example.com", "*.example.com"}, []string{"192.0.2.1", "x"})
	if diff := cmp.Diff([]string{"b.example.com", "*.example.com", "192.0.2.1", "x"}, got); diff != "" {
		t.Errorf("not covered (-want, +got):\n%s", diff)
	}
	if Serial(c) != "1f" || len(Fingerprint(c)) != 64 {
		t.Errorf("serial %s, fingerprint %s", Serial(c), Fingerprint(c))
	}
	key, _ := NewKey(Ed25519)
	der, err := NewCSR(key, []string{"a.example.com"}, []string{"192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	if csr, err := x509.ParseCertificateRequest(der); err != nil || csr.CheckSignature() != nil || len(csr.IPAddresses) != 1 {
		t.Errorf("signing request: %v", err)
	}
	if _, err := NewCSR(key, nil, []string{"x"}); err == nil {
		t.Error("x is no IP address")
	}
}
