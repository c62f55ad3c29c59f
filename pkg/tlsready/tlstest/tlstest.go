// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tlstest makes certificates and Secrets for tests.
package tlstest

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
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
	key    crypto.Signer
	cert   *x509.Certificate
	serial int64
}

// Options describe a certificate to issue.
type Options struct {
	// DNSNames, IPAddresses and URIs become SANs.
	DNSNames    []string
	IPAddresses []net.IP
	URIs        []string
	// CommonName is left out if empty.
	CommonName string
	// NotBefore defaults to an hour before Now, NotAfter to 90 days after Now.
	NotBefore, NotAfter time.Time
	// Key is that of the certificate; nil makes a new one, ECDSA P-256.
	Key crypto.Signer
	// Change is called last to edit the certificate; nil leaves it.
	Change func(*x509.Certificate)
}

// NewCA returns a fresh certificate authority, "CN=Test CA", valid for ten years around Now.
func NewCA(tb testing.TB) *CA {
	tb.Helper()
	return NewCAWith(tb, Options{})
}

// Issue returns a server certificate with a new ECDSA P-256 key, both PEM: the leaf alone
// as CERTIFICATE, the key as PKCS #8. Serial numbers count up from 0x1001.
func (ca *CA) Issue(o Options) (certPEM, keyPEM []byte) {
	ca.tb.Helper()
	ca.serial++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(ca.serial),
		Subject:      pkix.Name{CommonName: o.CommonName},
		NotBefore:    orTime(o.NotBefore, Now.Add(-time.Hour)),
		NotAfter:     orTime(o.NotAfter, Now.AddDate(0, 0, 90)),
		DNSNames:     o.DNSNames,
		IPAddresses:  o.IPAddresses,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, text := range o.URIs {
		uri, err := url.Parse(text)
		if err != nil {
			ca.tb.Fatalf("parsing a URI: %v", err)
		}
		template.URIs = append(template.URIs, uri)
	}
	if o.Change != nil {
		o.Change(template)
	}
	key := orKey(ca.tb, o.Key)
	cert := sign(ca.tb, template, ca.cert, key.Public(), ca.key)
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

func encode(label string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
}
