// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unique"

	"github.com/tollgate-dev/tollgate/pkg/text"
)

// Limits for what is kept, in bytes. RFC 5280 allows serial numbers of 20 bytes.
const (
	maxSerialBytes = 20
	maxIssuerBytes = 300
)

// describe takes over the facts of the first certificate.
func (f *Facts) describe(leaf *x509.Certificate) {
	f.NotBefore, f.NotAfter = leaf.NotBefore.UTC(), leaf.NotAfter.UTC()
	for _, name := range leaf.DNSNames {
		f.DNSNames = append(f.DNSNames, strings.ToLower(strings.TrimSuffix(name, ".")))
	}
	for _, ip := range leaf.IPAddresses {
		f.IPAddresses = append(f.IPAddresses, ip.String())
	}
	f.DNSNames, f.IPAddresses, f.URIs = sorted(f.DNSNames), sorted(f.IPAddresses), sorted(uriNames(leaf))
	f.Serial = serial(leaf)
	// Few authorities issue many certificates.
	f.issuer = unique.Make(text.Clip(leaf.Issuer.String(), maxIssuerBytes))
	f.Issuer = f.issuer.Value()
	sum := sha256.Sum256(leaf.Raw)
	f.FingerprintSHA256 = hex.EncodeToString(sum[:])
}

func sorted(names []string) []string {
	slices.Sort(names)
	return slices.Clip(slices.Compact(names))
}

var oidSubjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}

// tagURI is the context-specific tag of a URI in a GeneralName (RFC 5280 section 4.2.1.6).
const tagURI = 6

// uriNames returns the URI SANs byte by byte. Certificate.URIs holds them parsed, and
// url.URL.String does not always give back what was parsed.
func uriNames(cert *x509.Certificate) []string {
	if len(cert.URIs) == 0 {
		return nil
	}
	var uris []string
	for _, extension := range cert.Extensions {
		if !extension.Id.Equal(oidSubjectAltName) {
			continue
		}
		var names []asn1.RawValue
		if _, err := asn1.Unmarshal(extension.Value, &names); err != nil {
			continue // x509.ParseCertificate has read it already
		}
		for _, name := range names {
			if name.Class == asn1.ClassContextSpecific && name.Tag == tagURI {
				uris = append(uris, string(name.Bytes))
			}
		}
	}
	return uris
}

// subjectOf names a certificate for people: its SANs, else its subject.
func subjectOf(cert *x509.Certificate) string {
	if len(cert.DNSNames) > 0 {
		return "SAN " + listNames(cert.DNSNames, maxListedNames)
	}
	return "subject " + distinguished(cert.Subject)
}

// distinguished quotes a distinguished name in the form of RFC 2253.
func distinguished(name pkix.Name) string {
	return fmt.Sprintf("%q", text.Clip(name.String(), maxNameBytes))
}

func serial(cert *x509.Certificate) string {
	b := cert.SerialNumber.Bytes()
	if len(b) == 0 {
		return "00"
	}
	b = b[:min(len(b), maxSerialBytes)]
	parts := make([]string, len(b))
	for i := range b {
		parts[i] = hex.EncodeToString(b[i : i+1])
	}
	return strings.Join(parts, ":")
}
