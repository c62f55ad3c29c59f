// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlstest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"testing"
)

// RSAKey returns a new RSA key of so many bits.
func RSAKey(tb testing.TB, bits int) *rsa.PrivateKey {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		tb.Fatalf("generating an RSA key: %v", err)
	}
	return key
}

// MersenneKey returns the RSA key of the primes 2^p-1 and 2^q-1, of p+q bits. It takes no
// time to make however large or small it is.
func MersenneKey(tb testing.TB, p, q uint) *rsa.PrivateKey {
	tb.Helper()
	one := big.NewInt(1)
	prime := func(n uint) *big.Int {
		x := new(big.Int).Lsh(one, n)
		return x.Sub(x, one)
	}
	key := &rsa.PrivateKey{Primes: []*big.Int{prime(p), prime(q)}}
	key.N, key.E = new(big.Int).Mul(key.Primes[0], key.Primes[1]), 65537
	phi := new(big.Int).Mul(new(big.Int).Sub(key.Primes[0], one), new(big.Int).Sub(key.Primes[1], one))
	if key.D = new(big.Int).ModInverse(big.NewInt(int64(key.E)), phi); key.D == nil {
		tb.Fatalf("2^%d-1 and 2^%d-1 make no RSA key", p, q)
	}
	key.Precompute()
	return key
}

// The last bytes of the object identifiers of PKCS #1 signatures (RFC 8017 appendix C).
const (
	md5WithRSA    = 4
	sha1WithRSA   = 5
	sha256WithRSA = 11
)

// WithSHA1 signs a certificate again with SHA-1, which crypto/x509 refuses to do. The key
// must be the authority's, an RSA key.
func (ca *CA) WithSHA1(certPEM []byte) []byte {
	ca.tb.Helper()
	return ca.resign(certPEM, sha1WithRSA, crypto.SHA1)
}

// WithMD5 is WithSHA1 for MD5.
func (ca *CA) WithMD5(certPEM []byte) []byte {
	ca.tb.Helper()
	return ca.resign(certPEM, md5WithRSA, crypto.MD5)
}

func (ca *CA) resign(certPEM []byte, algorithm byte, hash crypto.Hash) []byte {
	ca.tb.Helper()
	key, ok := ca.key.(*rsa.PrivateKey)
	block, _ := pem.Decode(certPEM)
	if !ok || block == nil {
		ca.tb.Fatal("signing again takes a certificate and an RSA key")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		ca.tb.Fatalf("parsing a certificate: %v", err)
	}
	pkcs1 := []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1}
	tbs := bytes.Replace(cert.RawTBSCertificate, append(pkcs1, sha256WithRSA), append(bytes.Clone(pkcs1), algorithm), 1)
	digest := hash.New()
	digest.Write(tbs)
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, hash, digest.Sum(nil))
	if err != nil {
		ca.tb.Fatalf("signing a certificate: %v", err)
	}
	der, err := asn1.Marshal(struct {
		TBS       asn1.RawValue
		Algorithm struct {
			ID         asn1.ObjectIdentifier
			Parameters asn1.RawValue
		}
		Signature asn1.BitString
	}{
		TBS: asn1.RawValue{FullBytes: tbs},
		Algorithm: struct {
			ID         asn1.ObjectIdentifier
			Parameters asn1.RawValue
		}{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, int(algorithm)}, asn1.NullRawValue},
		Signature: asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)},
	})
	if err != nil {
		ca.tb.Fatalf("encoding a certificate: %v", err)
	}
	return encode("CERTIFICATE", der)
}
