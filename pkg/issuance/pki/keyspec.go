// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// Algorithms of private keys, as TLSCertificate.spec.privateKey.algorithm names them.
const (
	ECDSA   = "ECDSA"
	RSA     = "RSA"
	Ed25519 = "Ed25519"
)

// RotateNever is the value of spec.privateKey.rotationPolicy that keeps the key.
const RotateNever = "Never"

// KeySpec is an algorithm and a size in bits.
type KeySpec struct {
	// Algorithm is ECDSA, RSA or Ed25519; "" if the key is of another kind.
	Algorithm string
	// Size is 256 or 384 for ECDSA; 2048, 3072 or 4096 for RSA; 0 for Ed25519.
	Size int
}

// KeySpecFor returns what spec.privateKey asks for, defaults filled in: ECDSA 256, RSA 2048. nil asks for the defaults.
func KeySpecFor(p *v1alpha1.PrivateKeySpec) (KeySpec, error) {
	if p == nil {
		return NewKeySpec("", 0)
	}
	return NewKeySpec(p.Algorithm, int(p.Size))
}

// NewKeySpec checks an algorithm ("": ECDSA) and a size in bits (0: the algorithm's default).
func NewKeySpec(algorithm string, size int) (KeySpec, error) {
	if algorithm == "" {
		algorithm = ECDSA
	}
	s := KeySpec{Algorithm: algorithm, Size: size}
	switch algorithm {
	case ECDSA:
		if size == 0 {
			s.Size = 256
		}
		if s.Size != 256 && s.Size != 384 {
			return s, fmt.Errorf("checking spec.privateKey: size %d does not go with ECDSA; set 256 or 384, or leave it out", size)
		}
	case RSA:
		if size == 0 {
			s.Size = 2048
		}
		if s.Size != 2048 && s.Size != 3072 && s.Size != 4096 {
			return s, fmt.Errorf("checking spec.privateKey: size %d does not go with RSA; set 2048, 3072 or 4096, or leave it out", size)
		}
	case Ed25519:
		if size != 0 {
			return s, fmt.Errorf("checking spec.privateKey: size %d does not go with Ed25519, whose keys have one size; leave it out", size)
		}
	default:
		return s, fmt.Errorf("checking spec.privateKey: unknown algorithm %q; set ECDSA, RSA or Ed25519", algorithm)
	}
	return s, nil
}

// String returns for example "ECDSA 256" or "Ed25519".
func (s KeySpec) String() string {
	if s.Size == 0 {
		return s.Algorithm
	}
	return fmt.Sprintf("%s %d", s.Algorithm, s.Size)
}

// New makes a key.
func (s KeySpec) New() (crypto.Signer, error) {
	switch {
	case s.Algorithm == ECDSA && s.Size == 384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case s.Algorithm == ECDSA:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case s.Algorithm == RSA:
		return rsa.GenerateKey(rand.Reader, s.Size)
	case s.Algorithm == Ed25519:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}
	return nil, fmt.Errorf("making a private key: unknown algorithm %q, want ECDSA, RSA or Ed25519", s.Algorithm)
}

// Fits reports whether a public key is of this algorithm and size.
func (s KeySpec) Fits(key crypto.PublicKey) bool { return KeySpecOf(key) == s }

// KeySpecOf tells the algorithm and size of a public key. Algorithm is "" for kinds that are not made here.
func KeySpecOf(key crypto.PublicKey) KeySpec {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		return KeySpec{Algorithm: ECDSA, Size: k.Curve.Params().BitSize}
	case *rsa.PublicKey:
		return KeySpec{Algorithm: RSA, Size: k.N.BitLen()}
	case ed25519.PublicKey:
		return KeySpec{Algorithm: Ed25519}
	}
	return KeySpec{}
}

// NewKey makes a key of the algorithm's default size; "" is ECDSA.
func NewKey(algorithm string) (crypto.Signer, error) {
	s, err := NewKeySpec(algorithm, 0)
	if err != nil {
		return nil, err
	}
	return s.New()
}

// AlgorithmOf names the algorithm of a public key; "" if it is none of ECDSA, RSA and Ed25519.
func AlgorithmOf(key crypto.PublicKey) string { return KeySpecOf(key).Algorithm }
