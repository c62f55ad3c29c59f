// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"strings"
)

// parseKey reads the first private key of tls.key, as servers do. It never lets the
// parsers' errors through: they could quote the key.
func parseKey(keyPEM []byte) (crypto.Signer, *Fault) {
	if hint := encodingHint(keyPEM); hint != "" {
		return nil, faultf(BadKey, ": tls.key %s", hint)
	}
	blocks, inBlock, err := walkPEM(keyPEM)
	for _, block := range blocks {
		switch {
		case block.label == "ENCRYPTED PRIVATE KEY":
			return nil, faultf(BadKey, ": tls.key is an encrypted private key (ENCRYPTED PRIVATE KEY); it must be unencrypted")
		case !strings.HasSuffix(block.label, "PRIVATE KEY"):
			continue
		case block.encrypted:
			return nil, faultf(BadKey, ": tls.key is an encrypted private key (Proc-Type: 4,ENCRYPTED); it must be unencrypted")
		case block.label == "OPENSSH PRIVATE KEY":
			return nil, faultf(BadKey, ": tls.key is an OpenSSH private key; convert it to PKCS #8")
		}
		if len(block.der) > maxKeyDER {
			return nil, faultf(TooLarge, ": tls.key holds a key of %d bytes; refusing to parse more than %d: an RSA key of %d bits has fewer", len(block.der), maxKeyDER, maxRSABits)
		}
		key, ok := privateKey(block.der)
		if !ok {
			return nil, faultf(BadKey, ": tls.key is not a valid RSA, ECDSA or Ed25519 private key in PKCS #1, PKCS #8 or SEC 1 form")
		}
		return key, nil
	}
	switch {
	case inBlock:
		return nil, faultf(BadKey, ": tls.key: block %d %v", len(blocks)+1, err)
	case err != nil:
		return nil, faultf(BadKey, ": tls.key: %v", err)
	case bytes.Contains(keyPEM, []byte(pemBegin+certificateLabel)):
		return nil, faultf(BadKey, ": tls.key contains a certificate and no private key")
	}
	return nil, faultf(BadKey, ": tls.key contains no private key in PEM form")
}

// privateKey parses a private key whatever form its label announces, as crypto/tls does.
func privateKey(der []byte) (crypto.Signer, bool) {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, true
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, true
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, false
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return key, true
	case *ecdsa.PrivateKey:
		return key, true
	case ed25519.PrivateKey:
		return key, true
	}
	return nil, false
}
