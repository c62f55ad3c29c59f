// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/text"
)

const certificateLabel = "CERTIFICATE"

// parseCertificates reads tls.crt. Every block must be a certificate and must parse:
// crypto/tls would skip or ignore what other servers and clients stumble over.
func parseCertificates(certPEM, keyPEM []byte) ([]*x509.Certificate, *Fault) {
	if hint := encodingHint(certPEM); hint != "" {
		return nil, faultf(BadPEM, ": tls.crt %s", hint)
	}
	blocks, inBlock, err := walkPEM(certPEM)
	for i, block := range blocks {
		if hint := labelHint(block.label, keyPEM); hint != "" {
			return nil, faultf(BadPEM, ": tls.crt %s", hint)
		}
		if block.headers {
			return nil, faultf(BadPEM, ": tls.crt: certificate %d has PEM headers; remove them", i+1)
		}
	}
	switch {
	case inBlock:
		return nil, faultf(BadPEM, ": tls.crt: block %d %v", len(blocks)+1, err)
	case err != nil:
		return nil, faultf(BadPEM, ": tls.crt: %v", err)
	case len(blocks) == 0:
		return nil, faultf(BadPEM, ": tls.crt contains no PEM block; want one or more CERTIFICATE blocks, the leaf first")
	case len(blocks) > maxCertificates:
		return nil, faultf(TooLarge, ": tls.crt holds %d certificates; refusing to parse more than %d", len(blocks), maxCertificates)
	}
	certs := make([]*x509.Certificate, 0, len(blocks))
	for i, block := range blocks {
		cert, err := x509.ParseCertificate(block.der)
		if err != nil {
			return nil, faultf(BadCertificate, ": tls.crt: certificate %d of %d %s", i+1, len(blocks), certificateProblem(block.der, err))
		}
		if bits := rsaBits(cert); bits > maxRSABits {
			return nil, faultf(TooLarge, ": tls.crt: certificate %d of %d has an RSA key of %d bits; refusing more than %d, as TLS clients do", i+1, len(blocks), bits, maxRSABits)
		}
		certs = append(certs, cert)
	}
	switch certs[0].PublicKey.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey:
		return certs, nil
	}
	return nil, faultf(BadCertificate, ": tls.crt: certificate 1 of %d has a public key that TLS does not support; want RSA, ECDSA or Ed25519", len(blocks))
}

// certificateProblem tells damage from a certificate that is whole but not acceptable.
// Certificates are public, so the parser's own words may be shown.
func certificateProblem(der []byte, err error) string {
	if len(der) <= maxKeyDER {
		if _, ok := privateKey(der); ok {
			return "is a private key; tls.crt and tls.key may be swapped"
		}
	}
	problem, ok := strings.CutPrefix(err.Error(), "x509: ")
	if !ok || strings.HasPrefix(problem, "malformed ") || problem == "trailing data" {
		return "is not valid DER (truncated?)"
	}
	return "is not valid: " + printable(text.Clip(problem, 120))
}

// encodingHint recognises files that are not PEM text at all.
func encodingHint(data []byte) string {
	trimmed := bytes.TrimSpace(data)
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return "starts with a UTF-8 BOM; save it without one"
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return "is UTF-16 text; save it as ASCII"
	case len(trimmed) == 0:
		return "contains only white space"
	case bytes.HasPrefix(trimmed, []byte(base64.RawStdEncoding.EncodeToString([]byte("-----BEGIN ")[:9]))):
		return "looks base64-encoded twice"
	case bytes.HasPrefix(data, []byte("\x30\x82")):
		return "is DER; convert it to PEM"
	}
	return ""
}

// labelHint explains a block that does not belong into tls.crt.
func labelHint(label string, keyPEM []byte) string {
	switch {
	case label == certificateLabel:
		return ""
	case strings.HasSuffix(label, "PRIVATE KEY") && bytes.Contains(keyPEM, []byte(pemBegin+certificateLabel)):
		return "contains a private key; tls.crt and tls.key may be swapped"
	case strings.HasSuffix(label, "PRIVATE KEY"):
		return "contains a private key; keep only certificates in it"
	case label == "TRUSTED CERTIFICATE", label == "X509 CERTIFICATE":
		return "contains a " + label + " block; convert it to a CERTIFICATE block with openssl x509"
	case label == "CERTIFICATE REQUEST", label == "NEW CERTIFICATE REQUEST":
		return "contains a certificate request; the certificate has not been issued yet"
	case label == "PKCS7", label == "CMS", label == "X509 CRL", label == "PUBLIC KEY", label == "DH PARAMETERS", label == "EC PARAMETERS":
		return "contains a " + label + " block; keep only CERTIFICATE blocks"
	}
	return "contains a block that is not a certificate; keep only CERTIFICATE blocks"
}
