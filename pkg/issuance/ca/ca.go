// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ca signs certificates with a CA key pair that is kept in a Secret.
package ca

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
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
	authority, err := parse(s.Data[corev1.TLSCertKey], s.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return nil, err
	}
	if err := authority.check(now); err != nil {
		return nil, err
	}
	return authority, nil
}

// Parse is Load without looking at what the CA may be used for, and when.
func Parse(s *corev1.Secret) (*CA, error) {
	return parse(s.Data[corev1.TLSCertKey], s.Data[corev1.TLSPrivateKeyKey])
}

// Usable tells why the CA cannot sign at now, as Load does.
func (ca *CA) Usable(now time.Time) error { return ca.check(now) }

// parse reads a pair without looking at what it may be used for.
func parse(certPEM, keyPEM []byte) (*CA, error) {
	chain, err := pki.ParseChain(certPEM)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", corev1.TLSCertKey, err)
	}
	key, err := pki.ParseKey(keyPEM)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", corev1.TLSPrivateKeyKey, err)
	}
	if !pki.SamePublicKey(key.Public(), chain[0].PublicKey) {
		return nil, errors.New("reading the pair: tls.key does not belong to the first certificate of tls.crt")
	}
	return &CA{Chain: chain, key: key}, nil
}

// check tells why the CA cannot sign at now.
func (ca *CA) check(now time.Time) error {
	c := ca.Chain[0]
	switch {
	case !c.BasicConstraintsValid || !c.IsCA:
		return fmt.Errorf("reading tls.crt: %q is not a CA; put a certificate with basicConstraints CA:TRUE there", c.Subject)
	case c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0:
		return fmt.Errorf("reading tls.crt: %q may not sign certificates; its key usage lacks keyCertSign", c.Subject)
	case c.NotBefore.After(now.Add(clockSkew)):
		return fmt.Errorf("reading tls.crt: the CA becomes valid only at %s; check the clocks", c.NotBefore.UTC().Format(time.RFC3339))
	case ca.End().Sub(now) < MinDuration:
		return fmt.Errorf("reading tls.crt: %w: it ends at %s; put a new CA into the Secret", ErrExpiresTooSoon, ca.End().UTC().Format(time.RFC3339))
	}
	for i, parent := range ca.Chain[1:] {
		if err := ca.Chain[i].CheckSignatureFrom(parent); err != nil {
			return fmt.Errorf("reading tls.crt: certificate %d did not sign certificate %d; put the CA first, then each the one that signed the one before: %w", i+2, i+1, err)
		}
	}
	return nil
}

// End is when the first certificate of the chain ends.
func (ca *CA) End() time.Time {
	end := ca.Chain[0].NotAfter
	for _, c := range ca.Chain[1:] {
		if c.NotAfter.Before(end) {
			end = c.NotAfter
		}
	}
	return end
}

// Begin is from when on all certificates of the chain are valid.
func (ca *CA) Begin() time.Time {
	begin := ca.Chain[0].NotBefore
	for _, c := range ca.Chain[1:] {
		if c.NotBefore.After(begin) {
			begin = c.NotBefore
		}
	}
	return begin
}

// Fingerprint returns the SHA-256 of the CA's own certificate in lower-case hex.
func (ca *CA) Fingerprint() string { return pki.Fingerprint(ca.Chain[0]) }

// Certificate returns the CA's own certificate.
func (ca *CA) Certificate() *x509.Certificate { return ca.Chain[0] }

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
func (ca *CA) Root() []byte { return pki.EncodeChain(ca.anchor()) }

func (ca *CA) anchor() *x509.Certificate { return ca.Chain[len(ca.Chain)-1] }
