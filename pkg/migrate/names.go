// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// maxNames is how many names of a kind a TLSCertificate may have, and maxURI how long a URI of it may be.
const (
	maxNames = 100
	maxURI   = 2048
)

// readNames reads the subject alternative names and the subject.
func (cert *certificate) readNames(spec *fields) {
	to := &cert.to.Spec
	to.DNSNames = cert.dnsNames("spec.dnsNames", spec.strs("dnsNames"))
	to.IPAddresses = cert.ipAddresses(spec.strs("ipAddresses"))
	to.URIs = cert.uris(spec.strs("uris"))
	cert.readCommonName(spec.str("commonName"))
	if emails := spec.strs("emailAddresses"); len(emails) > 0 {
		cert.loss("spec.emailAddresses", "Tollgate issues for TLS only, so without email addresses. What reads them needs another issuer.")
	}
	if len(spec.objects("otherNames")) > 0 {
		cert.loss("spec.otherNames", "Tollgate writes no otherName SANs. What reads them needs another issuer.")
	}
	spec.skip("subject", "literalSubject", "nameConstraints")
	if spec.has("subject") {
		cert.loss("spec.subject", "certificates of Tollgate have an empty subject: TLS clients look at the names only. What tells clients by their subject can tell them by URI or DNS name.")
	}
	if spec.has("literalSubject") {
		cert.loss("spec.literalSubject", "certificates of Tollgate have an empty subject: TLS clients look at the names only. What tells clients by their subject can tell them by URI or DNS name.")
	}
	if spec.has("nameConstraints") && !cert.isCA {
		cert.loss("spec.nameConstraints", "they mean something in certificates of CAs only, which a TLSCertificate is not.")
	}
}

// dnsNames are those that a TLSCertificate can have, in lower case, each once.
func (r *reporter) dnsNames(field string, names []string) []string {
	var good, bad []string
	for _, name := range names {
		lower := strings.TrimSuffix(strings.ToLower(name), ".")
		switch {
		case !isDNSName(lower):
			bad = append(bad, name)
		case !slices.Contains(good, lower):
			good = append(good, lower)
		}
	}
	if len(bad) > 0 {
		r.loss(field, "%s can be no name of a TLSCertificate: labels have letters, digits and hyphens only, and names of other scripts are written in their form xn--.", quoteAll(bad))
	}
	return good
}

func (cert *certificate) ipAddresses(addresses []string) []string {
	var good, bad []string
	var seen []netip.Addr
	for _, text := range addresses {
		addr, err := netip.ParseAddr(text)
		switch {
		case err != nil || addr.Zone() != "":
			bad = append(bad, text)
		case !slices.Contains(seen, addr.Unmap()):
			seen, good = append(seen, addr.Unmap()), append(good, text)
		}
	}
	if len(bad) > 0 {
		cert.loss("spec.ipAddresses", "%s: not an IP address.", quoteAll(bad))
	}
	return good
}

func (cert *certificate) uris(uris []string) []string {
	if len(uris) > 0 && cert.issuer.isACME() {
		cert.loss("spec.uris", "ACME servers sign no URIs, and Tollgate asks them for none: have a CertIssuer with spec.ca sign them.")
		return nil
	}
	var good, bad []string
	for _, text := range uris {
		u, err := url.Parse(text)
		switch {
		case err != nil || u.Scheme == "" || len(text) > maxURI:
			bad = append(bad, text)
		case !slices.Contains(good, text):
			good = append(good, text)
		}
	}
	if len(bad) > 0 {
		cert.loss("spec.uris", "%s: not a URI of at most %d bytes.", quoteAll(bad), maxURI)
	}
	return good
}

// readCommonName adds the common name to the names if it can be one. TLS clients look at the names only (RFC 9525 section 2).
func (cert *certificate) readCommonName(name string) {
	to := &cert.to.Spec
	lower := strings.ToLower(name)
	addr, err := netip.ParseAddr(name)
	isIP := err == nil && addr.Zone() == ""
	switch {
	case name == "":
	case cert.isCA:
		cert.caCommonName = name
	case isIP && slices.Contains(to.IPAddresses, name), !isIP && slices.Contains(to.DNSNames, lower):
		cert.loss("spec.commonName", "certificates of Tollgate have no common name. %s is among the names, which is where TLS clients look.", quote(name))
	case isIP:
		to.IPAddresses = append(to.IPAddresses, name)
		cert.loss("spec.commonName", "certificates of Tollgate have no common name. %s was added to ipAddresses, which is where TLS clients look; where the certificate in the Secret lacks it, delete the Secret to have it made anew.", quote(name))
	case isDNSName(lower) && strings.Contains(lower, "."):
		to.DNSNames = append(to.DNSNames, lower)
		cert.loss("spec.commonName", "certificates of Tollgate have no common name. %s was added to dnsNames, which is where TLS clients look; where the certificate in the Secret lacks it, delete the Secret to have it made anew.", quote(name))
	default:
		cert.loss("spec.commonName", "certificates of Tollgate have no common name, and %s is no DNS name. What tells clients by it can tell them by URI or DNS name.", quote(name))
	}
}
