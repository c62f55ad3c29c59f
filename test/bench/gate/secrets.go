// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// distinctKeys is how many private keys there are. Making one takes long, and nothing measured depends on their being different.
const distinctKeys = 8

// authority signs what Secrets hold: a leaf of its own for each, with an RSA-2048 key, and one intermediate. That is some
// 3.7 kB, as public authorities issue them.
type authority struct {
	root, intermediate       *x509.Certificate
	rootKey, intermediateKey *ecdsa.PrivateKey
	intermediatePEM          []byte
	leafKeys                 []*rsa.PrivateKey
	leafKeyPEMs              [][]byte
	begin                    time.Time
}

// newAuthority is made once: its keys take about a second.
var newAuthority = sync.OnceValues(func() (*authority, error) {
	a := &authority{begin: time.Now()}
	var err error
	for _, key := range []**ecdsa.PrivateKey{&a.rootKey, &a.intermediateKey} {
		if *key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			return nil, fmt.Errorf("making a key: %w", err)
		}
	}
	for range distinctKeys {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, fmt.Errorf("making a key: %w", err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, fmt.Errorf("encoding a key: %w", err)
		}
		a.leafKeys = append(a.leafKeys, key)
		a.leafKeyPEMs = append(a.leafKeyPEMs, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	if a.root, err = a.signCA(1, "Benchmark Root", nil, a.rootKey); err != nil {
		return nil, err
	}
	if a.intermediate, err = a.signCA(2, "Benchmark Intermediate", a.root, a.intermediateKey); err != nil {
		return nil, err
	}
	a.intermediatePEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.intermediate.Raw})
	return a, nil
})

func (a *authority) signCA(serial int64, name string, parent *x509.Certificate, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{Organization: []string{"Tollgate"}, CommonName: name},
		NotBefore: a.begin.AddDate(-1, 0, 0), NotAfter: a.begin.AddDate(5, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		CRLDistributionPoints: []string{"http://crl.example.com/root.crl"}, IssuingCertificateURL: []string{"http://ca.example.com/root.der"},
	}
	if parent == nil {
		parent = template
	}
	return sign(template, parent, key.Public(), a.rootKey)
}

func sign(template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return nil, fmt.Errorf("signing a certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

// secret returns the i-th Secret. It is valid for 90 days, of which expired Secrets have none left.
func (a *authority) secret(namespace, batch, name string, i int, expired bool) (*corev1.Secret, error) {
	notAfter := a.begin.Add(89 * 24 * time.Hour)
	if expired {
		notAfter = a.begin.Add(-time.Hour)
	}
	host := name + "." + namespace + ".example.com"
	leaf, err := sign(&x509.Certificate{
		SerialNumber: big.NewInt(int64(i) + 3), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host, "www." + host},
		NotBefore: notAfter.AddDate(0, 0, -90), NotAfter: notAfter, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		OCSPServer:  []string{"http://ocsp.example.com"}, IssuingCertificateURL: []string{"http://ca.example.com/intermediate.der"},
	}, a.intermediate, a.leafKeys[i%distinctKeys].Public(), a.intermediateKey)
	if err != nil {
		return nil, err
	}
	chain := slices.Concat(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw}), a.intermediatePEM)
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{batchLabel: batch}},
		Type:       corev1.SecretTypeTLS,
		Data:       map[string][]byte{corev1.TLSCertKey: chain, corev1.TLSPrivateKeyKey: slices.Clone(a.leafKeyPEMs[i%distinctKeys])},
	}, nil
}

// createSecret returns when the request was begun and when it was answered.
func (b *bench) createSecret(ctx context.Context, secret *corev1.Secret) (begun, written time.Time, err error) {
	begun = time.Now()
	_, err = b.cluster.client.CoreV1().Secrets(secret.Namespace).Create(ctx, secret, metav1.CreateOptions{})
	written = time.Now()
	if err != nil {
		err = fmt.Errorf("creating a Secret: %w", err)
	}
	return begun, written, err
}
