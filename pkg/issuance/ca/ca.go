// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ca signs certificates with a CA key pair that is kept in a Secret.
package ca

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

const (
	// DefaultBackdate is how long before now certificates begin to be valid.
	DefaultBackdate = 5 * time.Minute
	// DefaultDuration of a leaf certificate: 90 days.
	DefaultDuration = 2160 * time.Hour
	// DefaultCADuration of a self-signed CA: ten years of 365 days.
	DefaultCADuration = 87600 * time.Hour
	// MinDuration of a leaf certificate.
	MinDuration = time.Hour

	// clockSkew is how far a CA's notBefore may lie in the future.
	clockSkew = 5 * time.Minute
)

// ErrExpiresTooSoon says that the CA ends before a leaf of MinDuration would.
var ErrExpiresTooSoon = errors.New("the CA expires too soon")

// CA is a key pair that signs.
type CA struct {
	// Chain is the CA's certificate, followed by those that signed it, if the Secret has any.
	Chain []*x509.Certificate

	key crypto.Signer
}

// Load returns the CA in a Secret. It refuses a pair that is incomplete, does not match, is no CA or is not valid at now;
// a notBefore up to five minutes after now is accepted for clocks that differ.
func Load(s *corev1.Secret, now time.Time) (*CA, error) {
	chain, err := pki.ParseChain(s.Data[corev1.TLSCertKey])
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", corev1.TLSCertKey, err)
	}
	key, err := pki.ParseKey(s.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", corev1.TLSPrivateKeyKey, err)
	}
	c := chain[0]
	switch {
	case !pki.SamePublicKey(key.Public(), c.PublicKey):
		return nil, errors.New("reading the pair: tls.key does not belong to the first certificate of tls.crt")
	case !c.BasicConstraintsValid || !c.IsCA:
		return nil, fmt.Errorf("reading tls.crt: %q is not a CA; put a certificate with basicConstraints CA:TRUE there", c.Subject)
	case c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0:
		return nil, fmt.Errorf("reading tls.crt: %q may not sign certificates; its key usage lacks keyCertSign", c.Subject)
	case c.NotBefore.After(now.Add(clockSkew)):
		return nil, fmt.Errorf("reading tls.crt: the CA becomes valid only at %s; check the clocks", c.NotBefore.UTC().Format(time.RFC3339))
	case c.NotAfter.Sub(now) < MinDuration:
		return nil, fmt.Errorf("reading tls.crt: %w: it ends at %s; put a new CA into the Secret", ErrExpiresTooSoon, c.NotAfter.UTC().Format(time.RFC3339))
	}
	return &CA{Chain: chain, key: key}, nil
}

// Certificate returns the CA's own certificate.
func (ca *CA) Certificate() *x509.Certificate { return ca.Chain[0] }

// Request describes a leaf certificate.
type Request struct {
	DNSNames    []string
	IPAddresses []string
	PublicKey   crypto.PublicKey
	// Duration after now; zero means DefaultDuration.
	Duration time.Duration
	// Backdate before now; negative means DefaultBackdate.
	Backdate time.Duration
}

// Sign returns a certificate for TLS servers that is valid from now less Backdate, and never longer than the CA.
func (ca *CA) Sign(r Request, now time.Time) (*x509.Certificate, error) {
	ips, err := pki.ParseIPs(r.IPAddresses)
	if err != nil {
		return nil, err
	}
	if r.Duration == 0 {
		r.Duration = DefaultDuration
	}
	if r.Backdate < 0 {
		r.Backdate = DefaultBackdate
	}
	notBefore := now.Add(-r.Backdate).UTC().Truncate(time.Second)
	if parent := ca.Certificate().NotBefore; notBefore.Before(parent) {
		notBefore = parent
	}
	notAfter := now.Add(r.Duration).UTC().Truncate(time.Second)
	if parent := ca.Certificate().NotAfter; notAfter.After(parent) {
		notAfter = parent
	}
	if notAfter.Sub(now) < MinDuration-time.Second {
		return nil, fmt.Errorf("signing: %w: the certificate would end at %s", ErrExpiresTooSoon, notAfter.Format(time.RFC3339))
	}
	return create(&x509.Certificate{
		DNSNames:              r.DNSNames,
		IPAddresses:           ips,
		NotBefore:             notBefore,
		NotAfter:              notAfter,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}, ca.Certificate(), r.PublicKey, ca.key)
}

// NewSelfSigned makes a CA whose certificate is valid from now less backdate for duration (zero: DefaultCADuration).
// It signs leaves only.
func NewSelfSigned(commonName string, duration, backdate time.Duration, now time.Time) (*CA, error) {
	if duration <= 0 {
		duration = DefaultCADuration
	}
	key, err := pki.NewKey(pki.ECDSA)
	if err != nil {
		return nil, fmt.Errorf("making the CA's key: %w", err)
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: commonName},
		NotBefore:             now.Add(-backdate).UTC().Truncate(time.Second),
		NotAfter:              now.Add(duration).UTC().Truncate(time.Second),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	c, err := create(template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &CA{Chain: []*x509.Certificate{c}, key: key}, nil
}

// Data returns the CA as the data of a Secret of type kubernetes.io/tls, with its certificate also as ca.crt.
func (ca *CA) Data() (map[string][]byte, error) {
	key, err := pki.EncodeKey(ca.key)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		corev1.TLSCertKey:              pki.EncodeChain(ca.Chain...),
		corev1.TLSPrivateKeyKey:        key,
		corev1.ServiceAccountRootCAKey: ca.Root(),
	}, nil
}

// Bundle returns the PEM that a server presents: the leaf, then the CA's chain less self-signed roots, which clients have.
func (ca *CA) Bundle(leaf *x509.Certificate) []byte {
	chain := []*x509.Certificate{leaf}
	for _, c := range ca.Chain {
		if c.CheckSignatureFrom(c) != nil {
			chain = append(chain, c)
		}
	}
	return pki.EncodeChain(chain...)
}

// Root returns the last certificate of the chain as PEM: what clients have to trust.
func (ca *CA) Root() []byte { return pki.EncodeChain(ca.Chain[len(ca.Chain)-1]) }

// create signs template with a random 128-bit serial number and, as RFC 7093 method 1 has it, the first
// 160 bits of the SHA-256 of the public key as subject key identifier.
func create(template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) (*x509.Certificate, error) {
	serial := make([]byte, 16)
	if _, err := rand.Read(serial); err != nil {
		return nil, fmt.Errorf("drawing a serial number: %w", err)
	}
	serial[0] &= 0x7f // positive in 16 octets
	serial[0] |= 0x40 // never shorter, never zero
	template.SerialNumber = new(big.Int).SetBytes(serial)

	spki, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("encoding the public key: %w", err)
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(spki, &info); err != nil {
		return nil, fmt.Errorf("encoding the public key: %w", err)
	}
	sum := sha256.Sum256(info.Key.Bytes)
	template.SubjectKeyId = sum[:20]

	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return nil, fmt.Errorf("signing the certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}
