// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"k8s.io/apimachinery/pkg/util/validation"
)

// NormalizeName returns the form in which a name is compared with a certificate's SANs:
// a DNS name in lower case without trailing dot, international labels as A-labels, a
// wildcard in the left-most label kept; or an IP address in its canonical text form.
// The error quotes the name and says what is valid.
func NormalizeName(name string) (string, error) {
	if addr, err := normalizeIP(name); err == nil {
		return addr, nil
	}
	host, wildcard := strings.CutPrefix(strings.TrimSuffix(name, "."), "*.")
	ascii, err := toASCII(host)
	if err != nil || len(validation.IsDNS1123Subdomain(ascii)) > 0 || looksLikeIP(ascii) {
		return "", fmt.Errorf("%s is not a DNS name, a wildcard such as *.example.com or an IP address", quote(name))
	}
	if wildcard {
		ascii = "*." + ascii
	}
	return ascii, nil
}

// normalizeIP returns the canonical text form of an IP address.
func normalizeIP(s string) (string, error) {
	addr, err := netip.ParseAddr(s)
	if err != nil || addr.Zone() != "" {
		return "", fmt.Errorf("%s is not an IP address; want one such as 192.0.2.1 or 2001:db8::1", quote(s))
	}
	return addr.Unmap().String(), nil
}

// toASCII converts international labels only: names that are ASCII already may hold
// labels that the IDNA rules refuse but certificates contain, such as "r3---sn".
func toASCII(host string) (string, error) {
	for i := range len(host) {
		if host[i] >= utf8.RuneSelf {
			return idna.Lookup.ToASCII(host)
		}
	}
	return strings.ToLower(host), nil
}

// looksLikeIP reports whether the last label is a number: no DNS name ends so (RFC 1123
// section 2.1), it is a mistyped IPv4 address.
func looksLikeIP(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	return last != "" && strings.Trim(last, "0123456789") == ""
}

// subdomainForm says in words what validation.IsDNS1123Subdomain wants.
const subdomainForm = "at most 253 lower-case letters, digits, '-' and '.', starting and ending with a letter or digit"

func checkSecretName(name string) error {
	if len(validation.IsDNS1123Subdomain(name)) > 0 {
		return fmt.Errorf("%s is not a valid Secret name; want %s", quote(name), subdomainForm)
	}
	return nil
}
