// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package ca

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

// intermediate makes a CA that root has signed, as the data of a Secret: its key, and its certificate followed by root's.
func intermediate(t *testing.T, root *CA, change func(*x509.Certificate)) map[string][]byte {
	t.Helper()
	key, err := pki.NewKey("")
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "intermediate"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(1000 * time.Hour),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
	}
	if change != nil {
		change(template)
	}
	c, err := create(template, root.Certificate(), key.Public(), root.key)
	if err != nil {
		t.Fatal(err)
	}
	keyPEM, err := pki.EncodeKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{corev1.TLSCertKey: pki.EncodeChain(c, root.Certificate()), corev1.TLSPrivateKeyKey: keyPEM}
}

// root is one that may sign other CAs, unlike those of NewSelfSigned.
func root(t *testing.T, life time.Duration) *CA {
	t.Helper()
	key, err := pki.NewKey("")
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "root"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(life),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
	}
	c, err := create(template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &CA{Chain: []*x509.Certificate{c}, key: key}
}

func TestIntermediate(t *testing.T) {
	top := root(t, 500*time.Hour)
	authority, err := Load(&corev1.Secret{Data: intermediate(t, top, nil)}, now)
	if err != nil {
		t.Fatal(err)
	}
	key, _ := pki.NewKey(pki.Ed25519)
	leaf, err := authority.Sign(Request{
		DNSNames: []string{"a.example.com"}, URIs: []string{"spiffe://example.org/a"}, Usages: []string{ClientAuth, ServerAuth},
		PublicKey: key.Public(), Duration: 900 * time.Hour,
	}, now)
	if err != nil {
		t.Fatal(err)
	}
	if !leaf.NotAfter.Equal(top.Certificate().NotAfter) {
		t.Errorf("the leaf ends at %s, the root at %s", leaf.NotAfter, top.Certificate().NotAfter)
	}
	if len(leaf.URIs) != 1 || len(leaf.ExtKeyUsage) != 2 {
		t.Errorf("URIs %v, usages %v", leaf.URIs, leaf.ExtKeyUsage)
	}
	chain, err := pki.ParseChain(authority.Bundle(leaf))
	if err != nil || len(chain) != 2 || !chain[1].Equal(authority.Certificate()) {
		t.Errorf("%d certificates are presented, %v; want the leaf and the intermediate, without the root", len(chain), err)
	}
	anchors, err := pki.ParseChain(authority.Root())
	if err != nil || !anchors[0].Equal(top.Certificate()) {
		t.Errorf("the anchor is not the root: %v", err)
	}
}

func TestWhatClientsRefuseIsNotIssued(t *testing.T) {
	key, _ := pki.NewKey("")
	request := Request{DNSNames: []string{"a.example.com"}, PublicKey: key.Public()}
	constrained, err := Load(&corev1.Secret{Data: intermediate(t, root(t, 500*time.Hour), func(c *x509.Certificate) {
		c.PermittedDNSDomainsCritical, c.PermittedDNSDomains = true, []string{"example.org"}
	})}, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := constrained.Sign(request, now); err == nil || !strings.Contains(err.Error(), "clients would refuse") {
		t.Errorf("outside of the name constraints: %v", err)
	}
	// NewSelfSigned makes CAs that sign leaves only.
	deep, err := Load(&corev1.Secret{Data: intermediate(t, newCA(t, 500*time.Hour), nil)}, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := deep.Sign(request, now); err == nil {
		t.Error("beyond the path length: issued")
	}
	data := intermediate(t, root(t, 500*time.Hour), nil)
	first, _ := pki.ParseChain(data[corev1.TLSCertKey])
	data[corev1.TLSCertKey] = pki.EncodeChain(first[0], root(t, 500*time.Hour).Certificate())
	if _, err := Load(&corev1.Secret{Data: data}, now); err == nil || !strings.Contains(err.Error(), "certificate 2 did not sign certificate 1") {
		t.Errorf("another's root: %v", err)
	}
	for _, bad := range []Request{
		{URIs: []string{"x"}, PublicKey: key.Public()}, {Usages: []string{"any"}, PublicKey: key.Public()}, {IPAddresses: []string{"x"}, PublicKey: key.Public()},
	} {
		if _, err := newCA(t, 500*time.Hour).Sign(bad, now); err == nil {
			t.Errorf("%+v: issued", bad)
		}
	}
}
