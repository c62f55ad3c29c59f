// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
)

// link is a certificate of tls.crt.
type link struct {
	cert *x509.Certificate
	// number is its place in tls.crt, from 1.
	number     int
	selfSigned bool
}

// chain is what tls.crt holds, without repetitions, the leaf first.
type chain []link

func linkUp(certs []*x509.Certificate) chain {
	links := make(chain, 0, len(certs))
	for i, cert := range certs {
		if !slices.ContainsFunc(links, func(l link) bool { return l.cert.Equal(cert) }) {
			links = append(links, link{cert: cert, number: i + 1, selfSigned: isSelfSigned(cert)})
		}
	}
	return links
}

func (l link) String() string {
	if l.number == 1 {
		return "the leaf"
	}
	return fmt.Sprintf("certificate %d (%s)", l.number, distinguished(l.cert.Subject))
}

func leafMessage(leaf *x509.Certificate) string {
	if !leaf.IsCA {
		return ""
	}
	return fmt.Sprintf(": the first certificate is that of a CA (%s); put that of the server or client first", distinguished(leaf.Subject))
}

// brokenMessage is about the first certificate that has signed none of those before it.
// Each should have signed the one right before it (RFC 8446 section 4.4.2). That leaves
// no place for a second certificate of the same CA, as cross-signing yields it; clients
// put up with it there, and so does this.
func (c chain) brokenMessage() string {
	for i := 1; i < len(c); i++ {
		err := signedBy(c[i-1].cert, c[i].cert)
		for j := i - 2; err != nil && j >= 0; j-- {
			if signedBy(c[j].cert, c[i].cert) == nil {
				err = nil
			}
		}
		if err != nil {
			return fmt.Sprintf(": %s did not sign %s (issuer %s): %v", c[i], c[i-1], distinguished(c[i-1].cert.Issuer), err)
		}
	}
	return ""
}

// incompleteMessage is about a leaf alone that none of the authorities has signed
// directly. With one intermediate or more, the chain counts as complete.
func (c chain) incompleteMessage(proof proof) string {
	leaf := c[0]
	switch {
	case len(c) > 1, leaf.selfSigned, len(proof.windows) > 0:
		return ""
	case slices.ContainsFunc(proof.anchors, func(a *x509.Certificate) bool { return signedBy(leaf.cert, a) == nil }):
		return ""
	}
	return fmt.Sprintf(": only the leaf is present, without the certificate of its issuer %s; clients that do not have that one will refuse it; append it to tls.crt", distinguished(leaf.cert.Issuer))
}

// rootMessage remarks on a root that clients ignore: they use their own copy.
func (c chain) rootMessage() string {
	for _, l := range c[1:] {
		if l.selfSigned {
			return fmt.Sprintf(": %s is a self-signed root, which clients ignore; it may be left out", l)
		}
	}
	return ""
}

// Why a certificate is not signed by another.
var (
	errOtherName = errors.New("wrong or unordered intermediates")
	errOtherKey  = errors.New("it has the issuer's name and another key")
	errNotCA     = errors.New("it is not a CA that may sign certificates")
	errUnknown   = errors.New("the signature's algorithm is not supported")
)

// signedBy tells why child is not signed by parent, nil if it is. Weak signatures and keys
// are accepted here, since they have checks of their own.
func signedBy(child, parent *x509.Certificate) error {
	if !bytes.Equal(child.RawIssuer, parent.RawSubject) {
		return errOtherName
	}
	if key, ok := parent.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() < 1024 {
		return nil // crypto/rsa refuses to verify with it
	}
	err := child.CheckSignatureFrom(parent)
	if insecure := x509.InsecureAlgorithmError(0); errors.As(err, &insecure) {
		err = checkInsecureSignature(child, parent)
	}
	var constraint x509.ConstraintViolationError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &constraint):
		return errNotCA
	case errors.Is(err, x509.ErrUnsupportedAlgorithm):
		return errUnknown
	}
	return errOtherKey
}

// checkInsecureSignature verifies SHA-1 signatures. There is no way to verify MD5 with
// crypto/x509, so the names must do.
func checkInsecureSignature(child, parent *x509.Certificate) error {
	err := parent.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature)
	if insecure := x509.InsecureAlgorithmError(0); errors.As(err, &insecure) {
		return nil
	}
	return err
}

// isSelfSigned reports whether a certificate is signed with its own key, a CA's or not.
func isSelfSigned(cert *x509.Certificate) bool {
	if !bytes.Equal(cert.RawIssuer, cert.RawSubject) {
		return false
	}
	err := cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature)
	insecure := x509.InsecureAlgorithmError(0)
	return err == nil || errors.As(err, &insecure)
}
