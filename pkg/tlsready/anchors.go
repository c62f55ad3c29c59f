// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	"github.com/tollgate-dev/tollgate/pkg/declare"
)

// trustKey is the key of a Secret that holds its authorities.
const trustKey = string(declare.TrustSecret)

// Limits for a bundle of authorities, in bytes and certificates. Bundles of all public
// authorities, with comments, take some 230 kB and 150 certificates.
const (
	maxAnchorBytes = 300_000
	maxAnchors     = 300
)

// maxRelevant bounds the authorities with the right name against which signatures are
// verified. More than two or three are there only to waste time.
const maxRelevant = 16

// Anchors are the certificates of authorities. They are immutable; one may serve many Secrets.
type Anchors struct {
	certs []*x509.Certificate
}

var errNoAnchors = errors.New("is missing or empty")

// ParseAnchors reads the authorities in ca.crt, in a key of a ConfigMap or in a
// ClusterTrustBundle. As clients do, it skips blocks that are not certificates and
// certificates that it cannot read, as long as one can be read. The error continues
// a phrase that names the file and never quotes it.
func ParseAnchors(data []byte) (anchors *Anchors, err error) {
	defer func() {
		if recover() != nil { // as in Inspect: a bug in a parser must not end the process
			anchors, err = nil, errors.New("cannot be parsed")
		}
	}()
	switch {
	case len(data) == 0:
		return nil, errNoAnchors
	case len(data) > maxAnchorBytes:
		return nil, fmt.Errorf("is %d kB; refusing to parse more than %d kB", (len(data)+999)/1000, maxAnchorBytes/1000)
	}
	if hint := encodingHint(data); hint != "" {
		return nil, errors.New(hint)
	}
	blocks, inBlock, err := walkPEM(data)
	switch {
	case inBlock:
		return nil, fmt.Errorf("is damaged: block %d %w", len(blocks)+1, err)
	case err != nil && !errors.Is(err, errTrailing):
		return nil, fmt.Errorf("is damaged: %w", err)
	case len(blocks) > maxAnchors:
		return nil, fmt.Errorf("holds %d blocks; refusing to parse more than %d", len(blocks), maxAnchors)
	}
	anchors = &Anchors{}
	for _, block := range blocks {
		if block.label != certificateLabel {
			continue
		}
		cert, err := x509.ParseCertificate(block.der)
		if err == nil && rsaBits(cert) <= maxRSABits && !slices.ContainsFunc(anchors.certs, cert.Equal) {
			anchors.certs = append(anchors.certs, cert)
		}
	}
	if len(anchors.certs) == 0 {
		return nil, errors.New("holds no certificate that can be read; want PEM blocks of type CERTIFICATE")
	}
	return anchors, nil
}

// rsaBits returns the size of an RSA key, 0 for other keys.
func rsaBits(cert *x509.Certificate) int {
	if key, ok := cert.PublicKey.(*rsa.PublicKey); ok {
		return key.N.BitLen()
	}
	return 0
}

// relevant returns the authorities that a chain from certs could end in: those with the name
// of an issuer, and those that are in the chain themselves. x509.Verify tries no others.
func (a *Anchors) relevant(certs []*x509.Certificate) []*x509.Certificate {
	issuers := make(map[string]bool, len(certs))
	for _, cert := range certs {
		issuers[string(cert.RawIssuer)] = true
	}
	var found []*x509.Certificate
	for _, anchor := range a.certs {
		if len(found) == maxRelevant {
			break
		}
		if issuers[string(anchor.RawSubject)] || certs[0].Equal(anchor) {
			found = append(found, anchor)
		}
	}
	return found
}
