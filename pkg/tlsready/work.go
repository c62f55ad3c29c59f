// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"math/bits"
	"slices"
)

// Checking signatures takes nearly all of the time of Inspect, and how often that is done is up to whoever writes the Secret:
// if all certificates have one name, each may have signed each. So the checks are counted before any is made. The unit is one
// with a key of P-256, some 70 µs.
const (
	// maxWork bounds the checks for one Secret: some 35 ms. The longest of honest chains, five certificates with keys of P-521
	// and a root in both tls.crt and ca.crt, just fit, and ordinary ones take a hundredth of it.
	maxWork = 512
	// quickWork bounds them for InspectQuickly: some 5 ms. Chains with keys of P-521 take longer, and nearly all others less.
	quickWork = 64
	// maxPathChecks is where x509.Verify gives up by itself (maxChainSignatureChecks in crypto/x509).
	maxPathChecks = 100
	// pathBytesPerUnit is how much of a chain is searched for constrained names in the time of one unit.
	pathBytesPerUnit = 8 << 10
)

// errTooMuchWork continues "ca.crt ".
var errTooMuchWork = errors.New("takes too long to check: too many of its authorities have one name, or their keys are too large; keep one certificate of each")

// checkWork refuses certificates whose signatures among themselves take too long to check.
func checkWork(certs []*x509.Certificate) *Fault {
	if chainWork(certs) <= maxWork {
		return nil
	}
	return faultf(TooLarge, ": tls.crt: the signatures of its %d certificates take too long to check: too many have one name, or their keys are too large; keep the leaf and its intermediates, each once", len(certs))
}

// verifyWork is what one check of a signature with a key takes. Measured: RSA takes as long as its modular
// multiplications, and the curves for which Go has no assembly on all platforms take far longer than P-256.
func verifyWork(key crypto.PublicKey) int {
	switch key := key.(type) {
	case *rsa.PublicKey:
		e := uint(max(key.E, 1)) //nolint:gosec // positive
		multiplications := bits.Len(e) + bits.OnesCount(e) - 2
		size := max(1, key.N.BitLen()/256)
		return 1 + size*size*multiplications/(8*8*17) // 1 for RSA-2048 with e = 65537, beside the 1
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256():
			return 1
		case elliptic.P224():
			return 4
		case elliptic.P384():
			return 8
		}
		return 32
	}
	return 1
}

// mayHaveSigned reports whether a signature is checked: the names fit.
func mayHaveSigned(parent, child *x509.Certificate) bool {
	return bytes.Equal(child.RawIssuer, parent.RawSubject)
}

// chainWork bounds what the checks of tls.crt alone take: whether a certificate has signed itself, or one before it.
func chainWork(certs []*x509.Certificate) int {
	work := 0
	for i, cert := range certs {
		for _, child := range certs[:i+1] {
			if mayHaveSigned(cert, child) {
				work += verifyWork(cert.PublicKey)
			}
		}
	}
	return work
}

// anchorWork bounds what it takes to say whether authorities have signed a leaf that is alone, or why they did not sign any
// certificate, which is said of the first few.
func anchorWork(certs, anchors []*x509.Certificate) int {
	work := 0
	for i, anchor := range anchors {
		for _, cert := range certs {
			if (len(certs) == 1 || i < maxListedAnchors) && mayHaveSigned(anchor, cert) {
				work += verifyWork(anchor.PublicKey)
			}
		}
	}
	return work
}

// totalWork bounds what all checks of a Secret take.
func totalWork(certs []*x509.Certificate, authorities *Anchors) int {
	work := chainWork(certs)
	if authorities != nil {
		anchors := authorities.relevant(certs)
		work += anchorWork(certs, anchors) + pathWork(certs, anchors)
	}
	return work
}

// pathWork bounds what one x509.Verify takes, which follows all names from the leaf to the authorities. It counts as if all
// signatures were right, and stops where that is too much anyway.
func pathWork(certs, anchors []*x509.Certificate) int {
	work, checks := 0, 0
	var follow func(path []*x509.Certificate, size int)
	follow = func(path []*x509.Certificate, size int) {
		child := path[len(path)-1]
		for _, anchor := range anchors {
			if mayHaveSigned(anchor, child) {
				checks++
				work += verifyWork(anchor.PublicKey) + (size+len(anchor.Raw))/pathBytesPerUnit
			}
		}
		for _, cert := range certs[1:] {
			if checks > maxPathChecks || work > maxWork {
				return
			}
			if mayHaveSigned(cert, child) && !slices.ContainsFunc(path, cert.Equal) {
				checks++
				work += verifyWork(cert.PublicKey)
				follow(append(path[:len(path):len(path)], cert), size+len(cert.Raw))
			}
		}
	}
	follow(certs[:1], len(certs[0].Raw))
	return work
}
