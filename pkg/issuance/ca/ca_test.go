// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package ca

import (
	"bytes"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
	_ "github.com/tollgate-dev/tollgate/test/seed"
)

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func newCA(t interface{ Fatal(...any) }, duration time.Duration) *CA {
	authority, err := NewSelfSigned("test", duration, DefaultBackdate, now)
	if err != nil {
		t.Fatal(err)
	}
	data, err := authority.Data()
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(&corev1.Secret{Data: data}, now)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

func TestSignProperties(t *testing.T) {
	key, err := pki.NewKey(pki.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		life := time.Duration(rapid.Int64Range(2, 100_000).Draw(t, "CA hours")) * time.Hour
		want := time.Duration(rapid.Int64Range(1, 100_000).Draw(t, "leaf hours")) * time.Hour
		backdate := time.Duration(rapid.Int64Range(0, 600).Draw(t, "backdate seconds")) * time.Second
		authority := newCA(t, life)
		leaf, err := authority.Sign(Request{
			DNSNames: []string{"www.example.com", "*.shop.example.com"}, IPAddresses: []string{"192.0.2.7"},
			PublicKey: key.Public(), Duration: want, Backdate: backdate,
		}, now)
		if err != nil {
			t.Fatal(err)
		}
		parent := authority.Certificate()
		if leaf.NotAfter.After(parent.NotAfter) || leaf.NotBefore.Before(parent.NotBefore) {
			t.Fatalf("leaf %s..%s is not within CA %s..%s", leaf.NotBefore, leaf.NotAfter, parent.NotBefore, parent.NotAfter)
		}
		if want <= life && !leaf.NotAfter.Equal(now.Add(want)) {
			t.Fatalf("notAfter = %s, want now + %s", leaf.NotAfter, want)
		}
		if n := leaf.SerialNumber.BitLen(); n < 120 || n > 128 || leaf.SerialNumber.Sign() <= 0 {
			t.Fatalf("the serial number has %d bits, want 128", n)
		}
		if len(leaf.SubjectKeyId) != 20 || !bytes.Equal(leaf.AuthorityKeyId, parent.SubjectKeyId) {
			t.Fatalf("SKI %x, AKI %x; CA's SKI %x", leaf.SubjectKeyId, leaf.AuthorityKeyId, parent.SubjectKeyId)
		}
		if leaf.IsCA || leaf.KeyUsage != x509.KeyUsageDigitalSignature || len(leaf.ExtKeyUsage) != 1 || leaf.ExtKeyUsage[0] != x509.ExtKeyUsageServerAuth {
			t.Fatalf("usages: CA %v, %v, %v", leaf.IsCA, leaf.KeyUsage, leaf.ExtKeyUsage)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(authority.Root())
		for _, name := range []string{"www.example.com", "a.shop.example.com", "192.0.2.7"} {
			if _, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, CurrentTime: now}); err != nil {
				t.Fatalf("verifying for %s: %v", name, err)
			}
		}
	})
}

func TestLoadRefuses(t *testing.T) {
	good, other := newCA(t, time.Hour*24), newCA(t, time.Hour*24)
	data := func(ca *CA) map[string][]byte {
		d, err := ca.Data()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	leafKey, _ := pki.NewKey(pki.ECDSA)
	leaf, err := good.Sign(Request{DNSNames: []string{"a.example.com"}, PublicKey: leafKey.Public()}, now)
	if err != nil {
		t.Fatal(err)
	}
	leafPEM, _ := pki.EncodeKey(leafKey)
	tests := []struct {
		name string
		data map[string][]byte
		now  time.Time
		want string
	}{
		{"empty", nil, now, "there are none"},
		{"key of another", map[string][]byte{"tls.crt": data(good)["tls.crt"], "tls.key": data(other)["tls.key"]}, now, "does not belong"},
		{"a leaf", map[string][]byte{"tls.crt": pki.EncodeChain(leaf), "tls.key": leafPEM}, now, "is not a CA"},
		{"from the future", data(good), now.Add(-11 * time.Minute), "becomes valid only at"},
		{"ends soon", data(good), now.Add(24*time.Hour - 59*time.Minute), "expires too soon"},
		{"clocks differ a little", data(good), now.Add(-9 * time.Minute), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load(&corev1.Secret{Data: tt.data}, tt.now)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("Load: %v, want %q", err, tt.want)
			}
		})
	}
	if _, err := Load(&corev1.Secret{Data: data(good)}, now.Add(24*time.Hour)); !errors.Is(err, ErrExpiresTooSoon) {
		t.Errorf("Load after the end: %v, want ErrExpiresTooSoon", err)
	}
}

func TestBundleLeavesOutRoots(t *testing.T) {
	authority := newCA(t, time.Hour*24)
	key, _ := pki.NewKey(pki.RSA)
	leaf, err := authority.Sign(Request{DNSNames: []string{"a.example.com"}, PublicKey: key.Public()}, now)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := pki.ParseChain(authority.Bundle(leaf))
	if err != nil || len(chain) != 1 {
		t.Errorf("bundle of a self-signed CA has %d certificates (%v), want the leaf alone", len(chain), err)
	}
}
