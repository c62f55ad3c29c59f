// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
)

// maxChain bounds how many certificates a chain may have.
const maxChain = 10

// ParseChain reads the certificates in data, which must hold 1 to 10 PEM blocks of type CERTIFICATE and nothing else.
func ParseChain(data []byte) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for len(bytes.TrimSpace(data)) > 0 {
		block, rest := pem.Decode(data)
		if block == nil {
			return nil, errors.New("parsing the certificates: text that is not PEM")
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("parsing the certificates: a PEM block of type %q", block.Type)
		}
		if len(chain) == maxChain {
			return nil, fmt.Errorf("parsing the certificates: more than %d", maxChain)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("parsing certificate %d: %w", len(chain)+1, err)
		}
		chain = append(chain, c)
		data = rest
	}
	if len(chain) == 0 {
		return nil, errors.New("parsing the certificates: there are none")
	}
	return chain, nil
}

// EncodeChain returns the certificates as PEM, in order.
func EncodeChain(chain ...*x509.Certificate) []byte {
	var out []byte
	for _, c := range chain {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}

// Fingerprint returns the SHA-256 of the certificate in lower-case hex.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// Serial returns the serial number of the certificate in lower-case hex.
func Serial(c *x509.Certificate) string { return hex.EncodeToString(c.SerialNumber.Bytes()) }

// Uncovered returns those of the names that the certificate's SANs do not cover. A wildcard SAN covers
// exactly one label; a name that is itself a wildcard must be among the SANs literally.
func Uncovered(c *x509.Certificate, dnsNames, ipAddresses []string) []string {
	var missing []string
	for _, name := range dnsNames {
		literal := slices.ContainsFunc(c.DNSNames, func(san string) bool { return strings.EqualFold(san, name) })
		if !literal && (strings.HasPrefix(name, "*.") || c.VerifyHostname(name) != nil) {
			missing = append(missing, name)
		}
	}
	for _, text := range ipAddresses {
		ip := net.ParseIP(text)
		if ip == nil || !slices.ContainsFunc(c.IPAddresses, ip.Equal) {
			missing = append(missing, text)
		}
	}
	return missing
}

// NewCSR returns a certificate signing request in DER for the names. It has no subject: clients look at SANs only.
func NewCSR(key crypto.Signer, dnsNames, ipAddresses []string) ([]byte, error) {
	ips, err := ParseIPs(ipAddresses)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: dnsNames, IPAddresses: ips}, key)
	if err != nil {
		return nil, fmt.Errorf("making the certificate signing request: %w", err)
	}
	return der, nil
}

// ParseIPs parses IP addresses.
func ParseIPs(texts []string) ([]net.IP, error) {
	var ips []net.IP
	for _, text := range texts {
		ip := net.ParseIP(text)
		if ip == nil {
			return nil, fmt.Errorf("parsing spec.ipAddresses: %q is not an IP address", text)
		}
		ips = append(ips, ip)
	}
	return ips, nil
}
