// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/text"
)

// maxListedAnchors bounds the authorities in a message.
const maxListedAnchors = 3

// strangers says whom the chain needs and who is there instead.
func strangers(certs []*x509.Certificate, authorities *Anchors) string {
	present := make([]string, 0, maxListedAnchors)
	for _, anchor := range authorities.certs[:min(maxListedAnchors, len(authorities.certs))] {
		present = append(present, distinguished(anchor.Subject))
	}
	list := strings.Join(present, ", ")
	if rest := len(authorities.certs) - len(present); rest > 0 {
		list += fmt.Sprintf(" and %d more", rest)
	}
	return fmt.Sprintf("it needs %s and finds %s", distinguished(certs[len(certs)-1].Issuer), list)
}

// untrustedBecause puts an error of x509.Verify into the words of this package. There is an
// authority with the name of an issuer.
func untrustedBecause(err error, certs, anchors []*x509.Certificate) string {
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) {
		switch invalid.Reason {
		case x509.Expired:
			return "certificate and authority are not valid at the same time"
		case x509.CANotAuthorizedForThisName:
			return "the authority may not issue it: " + printable(text.Clip(invalid.Detail, maxNameBytes))
		}
	}
	if unknown := (x509.UnknownAuthorityError{}); errors.As(err, &unknown) {
		if weak := linkUp(certs).weakSignatureMessage(); weak != "" {
			return "a signature with MD5 or SHA-1 proves nothing"
		}
		if why := notSignedBy(certs, anchors); why != "" {
			return why
		}
		return "the chain to the authority is not valid as a whole"
	}
	return printable(text.Clip(strings.TrimPrefix(err.Error(), "x509: "), maxNameBytes))
}

// notSignedBy says why an authority with the right name has signed none of the certificates;
// "" if one has.
func notSignedBy(certs, anchors []*x509.Certificate) string {
	why := ""
	for _, anchor := range anchors[:min(maxListedAnchors, len(anchors))] {
		for _, cert := range certs {
			switch err := signedBy(cert, anchor); {
			case err == nil:
				return ""
			case why == "" && !errors.Is(err, errOtherName):
				why = fmt.Sprintf("authority %s did not sign it: %v", distinguished(anchor.Subject), err)
			}
		}
	}
	return why
}
