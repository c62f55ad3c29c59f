// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
)

// Sizes of RSA keys in bits. The smallest is what the CA/Browser Forum's Baseline
// Requirements (section 6.1.5) and NIST SP 800-131A ask for. The largest is what crypto/tls
// accepts from a peer; it also bounds the time of Inspect.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// weakKeyMessage is about the leaf and the intermediates. A root's key is the clients'
// choice.
func (c chain) weakKeyMessage() string {
	for _, l := range c {
		if l.number > 1 && l.selfSigned {
			continue
		}
		if key := weakKey(l.cert); key != "" {
			return fmt.Sprintf(": the key of %s is %s, which is too weak; want RSA of %d bits or more, ECDSA on P-256, P-384 or P-521, or Ed25519", l, key, minRSABits)
		}
	}
	return ""
}

// weakKey names a key that is too weak. Those of unknown kinds are not weak: chain and
// leaf are checked for them elsewhere.
func weakKey(cert *x509.Certificate) string {
	switch pub := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		if bits := pub.N.BitLen(); bits < minRSABits {
			return fmt.Sprintf("RSA-%d", bits)
		}
	case *ecdsa.PublicKey:
		if pub.Curve != elliptic.P256() && pub.Curve != elliptic.P384() && pub.Curve != elliptic.P521() {
			return "ECDSA " + pub.Curve.Params().Name
		}
	}
	if cert.PublicKeyAlgorithm == x509.DSA {
		return "DSA"
	}
	return ""
}

// weakSignatureMessage is about the leaf and the intermediates. Nobody checks the signature
// of a self-signed certificate.
func (c chain) weakSignatureMessage() string {
	for _, l := range c {
		if l.selfSigned {
			continue
		}
		switch l.cert.SignatureAlgorithm {
		case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
			return fmt.Sprintf(": %s is signed with %s, which clients refuse; get one signed with SHA-256 or better", l, l.cert.SignatureAlgorithm)
		}
	}
	return ""
}
