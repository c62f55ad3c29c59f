// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"crypto/rsa"
	"crypto/x509"
	"slices"
)

// serverUsageMessage tells why the certificate may not serve.
//
// Key usage: ECDSA and Ed25519 keys only ever sign, which takes digitalSignature. An RSA
// key with keyEncipherment alone still serves the RSA key exchange of TLS 1.2, and many
// clients do not look at the key usage of RSA at all, so that is a remark only
// (keyUsageRemark). keyEncipherment is never asked for.
func serverUsageMessage(leaf *x509.Certificate) string {
	if !allowsExtended(leaf, x509.ExtKeyUsageServerAuth) {
		return ": certificate is not allowed for server authentication (extended key usage: " + extendedUsages(leaf) + "); ask for usage serverAuth"
	}
	if _, isRSA := leaf.PublicKey.(*rsa.PublicKey); isRSA && leaf.KeyUsage&x509.KeyUsageKeyEncipherment != 0 {
		return ""
	}
	return noSignatureMessage(leaf)
}

// clientUsageMessage tells why the certificate may not authenticate a client, which
// always signs (RFC 5246 section 7.4.8, RFC 8446 section 4.4.3).
func clientUsageMessage(leaf *x509.Certificate) string {
	if !allowsExtended(leaf, x509.ExtKeyUsageClientAuth) {
		return ": certificate is not allowed for client authentication (extended key usage: " + extendedUsages(leaf) + "); ask for usage clientAuth"
	}
	return noSignatureMessage(leaf)
}

// keyUsageRemark is about RSA certificates of which TLS 1.3 and elliptic-curve key
// exchanges are not allowed to make use (RFC 8446 section 4.4.2.2).
func keyUsageRemark(leaf *x509.Certificate) string {
	if serverUsageMessage(leaf) != "" || noSignatureMessage(leaf) == "" {
		return ""
	}
	return ": key usage has keyEncipherment and not digitalSignature, so TLS 1.3 and strict clients refuse the certificate; ask for usage digitalSignature"
}

// noSignatureMessage is empty if key usage is absent or has digitalSignature.
func noSignatureMessage(leaf *x509.Certificate) string {
	if leaf.KeyUsage == 0 || leaf.KeyUsage&x509.KeyUsageDigitalSignature != 0 {
		return ""
	}
	return ": certificate is not allowed for TLS handshakes (key usage lacks digitalSignature); ask for usage digitalSignature"
}

// allowsExtended reports whether the extended key usage is absent, any or the one that is
// asked for.
func allowsExtended(leaf *x509.Certificate, usage x509.ExtKeyUsage) bool {
	return len(leaf.ExtKeyUsage)+len(leaf.UnknownExtKeyUsage) == 0 ||
		slices.Contains(leaf.ExtKeyUsage, usage) || slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageAny)
}

// extendedUsages lists extended key usages by their names in RFC 5280, else by OID.
func extendedUsages(leaf *x509.Certificate) string {
	names := make([]string, 0, len(leaf.ExtKeyUsage)+len(leaf.UnknownExtKeyUsage))
	for _, usage := range leaf.ExtKeyUsage {
		names = append(names, usage.String())
	}
	for _, oid := range leaf.UnknownExtKeyUsage {
		names = append(names, oid.String())
	}
	return listNames(names, maxListedNames)
}
