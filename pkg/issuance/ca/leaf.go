// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package ca

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"

	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

// Usages of a leaf, as TLSCertificate.spec.usages names them.
const (
	ServerAuth = "server auth"
	ClientAuth = "client auth"
)

// Request describes a leaf certificate.
type Request struct {
	DNSNames    []string
	IPAddresses []string
	// URIs, for example SPIFFE IDs.
	URIs []string
	// Usages are ServerAuth, ClientAuth or both; none means ServerAuth.
	Usages    []string
	PublicKey crypto.PublicKey
	// Duration after now; zero means DefaultDuration.
	Duration time.Duration
	// Backdate before now; negative means DefaultBackdate.
	Backdate time.Duration
}

// ExtKeyUsages returns the extended key usages (RFC 5280 section 4.2.1.12) for usages, in their order; none means ServerAuth.
func ExtKeyUsages(usages []string) ([]x509.ExtKeyUsage, error) {
	if len(usages) == 0 {
		return []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, nil
	}
	var out []x509.ExtKeyUsage
	for _, usage := range usages {
		switch usage {
		case ServerAuth:
			out = append(out, x509.ExtKeyUsageServerAuth)
		case ClientAuth:
			out = append(out, x509.ExtKeyUsageClientAuth)
		default:
			return nil, fmt.Errorf("checking spec.usages: unknown usage %q; set %q or %q", usage, ServerAuth, ClientAuth)
		}
	}
	return out, nil
}

// Sign returns a certificate that is valid from now less Backdate, and never before or after the CA and those that signed it.
// A certificate that clients would refuse, because of the CA's name constraints or path length, is an error.
func (ca *CA) Sign(r Request, now time.Time) (*x509.Certificate, error) {
	ips, err := pki.ParseIPs(r.IPAddresses)
	if err != nil {
		return nil, err
	}
	uris, err := pki.ParseURIs(r.URIs)
	if err != nil {
		return nil, err
	}
	usages, err := ExtKeyUsages(r.Usages)
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
	if begin := ca.Begin(); notBefore.Before(begin) {
		notBefore = begin
	}
	notAfter := now.Add(r.Duration).UTC().Truncate(time.Second)
	if end := ca.End(); notAfter.After(end) {
		notAfter = end
	}
	if notAfter.Sub(now) < MinDuration-time.Second {
		return nil, fmt.Errorf("signing: %w: the certificate would end at %s", ErrExpiresTooSoon, notAfter.Format(time.RFC3339))
	}
	leaf, err := create(&x509.Certificate{
		DNSNames:              r.DNSNames,
		IPAddresses:           ips,
		URIs:                  uris,
		NotBefore:             notBefore,
		NotAfter:              notAfter,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           usages,
		BasicConstraintsValid: true,
	}, ca.Certificate(), r.PublicKey, ca.key)
	if err != nil {
		return nil, err
	}
	return leaf, ca.verify(leaf)
}

// verify checks the leaf as a client does that trusts the end of the chain.
func (ca *CA) verify(leaf *x509.Certificate) error {
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(ca.anchor())
	for _, c := range ca.Chain {
		intermediates.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, CurrentTime: leaf.NotBefore.Add(time.Second),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return fmt.Errorf("signing: clients would refuse the certificate, since the CA may not issue it: %w", err)
	}
	return nil
}

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
