// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlstest

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"
)

// NewCAWith returns a self-signed authority with the common name, validity and key of the
// options. The defaults are those of NewCA.
func NewCAWith(tb testing.TB, o Options) *CA {
	tb.Helper()
	ca := newAuthority(tb, o)
	template := ca.template(o)
	ca.cert = sign(tb, template, template, ca.key.Public(), ca.key)
	return ca
}

// Intermediate returns an authority whose certificate this one has signed.
func (ca *CA) Intermediate(o Options) *CA {
	ca.tb.Helper()
	sub := newAuthority(ca.tb, o)
	sub.cert = sign(ca.tb, sub.template(o), ca.cert, sub.key.Public(), ca.key)
	return sub
}

// CrossSign returns another certificate for the name and the key of an authority, signed
// by this one.
func (ca *CA) CrossSign(other *CA) []byte {
	ca.tb.Helper()
	template := other.template(Options{CommonName: other.cert.Subject.CommonName})
	return encode("CERTIFICATE", sign(ca.tb, template, ca.cert, other.key.Public(), ca.key).Raw)
}

func newAuthority(tb testing.TB, o Options) *CA {
	tb.Helper()
	return &CA{tb: tb, serial: 0x1000, key: orKey(tb, o.Key)}
}

func (ca *CA) template(o Options) *x509.Certificate {
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(ca.serial),
		Subject:               pkix.Name{CommonName: cmp.Or(o.CommonName, "Test CA")},
		NotBefore:             orTime(o.NotBefore, Now.AddDate(-5, 0, 0)),
		NotAfter:              orTime(o.NotAfter, Now.AddDate(5, 0, 0)),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	if o.Change != nil {
		o.Change(template)
	}
	return template
}

// sign returns template with a public key, signed by the parent's key.
func sign(tb testing.TB, template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	tb.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		tb.Fatalf("signing a certificate: %v", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatalf("parsing a signed certificate: %v", err)
	}
	return cert
}

func orKey(tb testing.TB, key crypto.Signer) crypto.Signer {
	tb.Helper()
	if key != nil {
		return key
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatalf("generating a private key: %v", err)
	}
	return key
}

func orTime(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}
