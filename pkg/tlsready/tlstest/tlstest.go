// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tlstest makes certificates and Secrets for tests.
package tlstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Now is the time around which certificates are valid unless a test says otherwise.
var Now = time.Date(2026, time.November, 20, 12, 0, 0, 0, time.UTC)

// CA issues certificates for one test. It is not safe for concurrent use.
type CA struct {
	tb     testing.TB
	key    *ecdsa.PrivateKey
	cert   *x509.Certificate
	serial int64
}

// Options describe a certificate to issue.
type Options struct {
	// DNSNames and IPAddresses become SANs.
	DNSNames    []string
	IPAddresses []net.IP
	// CommonName is left out if empty.
	CommonName string
	// NotBefore defaults to an hour before Now, NotAfter to 90 days after Now.
	NotBefore, NotAfter time.Time
}

// NewCA returns a fresh certificate authority, "CN=Test CA", valid for ten years around Now.
func NewCA(tb testing.TB) *CA {
	tb.Helper()
	ca := &CA{tb: tb, serial: 0x1000}
	ca.key = ca.newKey()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(ca.serial),
		Subject:               pkix.Name{CommonName: "Test CA"},
		NotBefore:             Now.AddDate(-5, 0, 0),
		NotAfter:              Now.AddDate(5, 0, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	ca.cert = ca.sign(template, template, ca.key)
	return ca
}

// Issue returns a server certificate with a new ECDSA P-256 key, both PEM: the leaf alone
// as CERTIFICATE, the key as PKCS #8. Serial numbers count up from 0x1001.
func (ca *CA) Issue(o Options) (certPEM, keyPEM []byte) {
	ca.tb.Helper()
	ca.serial++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(ca.serial),
		Subject:      pkix.Name{CommonName: o.CommonName},
		NotBefore:    o.NotBefore,
		NotAfter:     o.NotAfter,
		DNSNames:     o.DNSNames,
		IPAddresses:  o.IPAddresses,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if template.NotBefore.IsZero() {
		template.NotBefore = Now.Add(-time.Hour)
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = Now.AddDate(0, 0, 90)
	}
	key := ca.newKey()
	cert := ca.sign(template, ca.cert, key)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		ca.tb.Fatalf("encoding a private key: %v", err)
	}
	return encode("CERTIFICATE", cert.Raw), encode("PRIVATE KEY", der)
}

// CertPEM returns the certificate of the authority.
func (ca *CA) CertPEM() []byte { return encode("CERTIFICATE", ca.cert.Raw) }

// Secret returns a Secret of type kubernetes.io/tls with UID and resourceVersion set.
func Secret(namespace, name string, certPEM, keyPEM []byte) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: "uid-1", ResourceVersion: "1"},
		Type:       corev1.SecretTypeTLS,
		Data:       map[string][]byte{corev1.TLSCertKey: certPEM, corev1.TLSPrivateKeyKey: keyPEM},
	}
}

func (ca *CA) newKey() *ecdsa.PrivateKey {
	ca.tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		ca.tb.Fatalf("generating a private key: %v", err)
	}
	return key
}

// sign returns template signed by the authority's key for the public part of key.
func (ca *CA) sign(template, parent *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	ca.tb.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), ca.key)
	if err != nil {
		ca.tb.Fatalf("signing a certificate: %v", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		ca.tb.Fatalf("parsing a signed certificate: %v", err)
	}
	return cert
}

func encode(label string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
}
