// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// ParseURIs parses what becomes URI SANs. They have to be absolute and ASCII (RFC 5280 section 4.2.1.6), and to be
// written as a certificate shows them again. SPIFFE IDs have a trust domain and a path, no user, port, query or
// fragment, no empty or dot segments and no percent-encoding (SPIFFE-ID section 2).
func ParseURIs(texts []string) ([]*url.URL, error) {
	var uris []*url.URL
	for _, text := range texts {
		u, err := url.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("parsing spec.uris: %q is not a URI; correct it, for example spiffe://example.org/ns/shop/sa/web", text)
		}
		switch why := uriFault(text, u); {
		case why != "":
			return nil, fmt.Errorf("parsing spec.uris: %q %s", text, why)
		case u.String() != text:
			return nil, fmt.Errorf("parsing spec.uris: %q is not in its usual form; write %q", text, u)
		}
		uris = append(uris, u)
	}
	return uris, nil
}

func uriFault(text string, u *url.URL) string {
	switch {
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "has characters other than printable ASCII; encode them"
	case !u.IsAbs():
		return "is not absolute; put a scheme such as spiffe:// before it"
	case u.Host == "" && u.Opaque == "":
		return "has neither a host nor a name after its scheme"
	case u.Scheme != "spiffe":
		return ""
	case u.Host == "" || u.Host != strings.ToLower(u.Host) || u.Port() != "" || strings.HasSuffix(u.Host, ":"):
		return "is not a SPIFFE ID: want a trust domain in lower case, without port, after spiffe://"
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.ContainsAny(text, "%?#@"):
		return "is not a SPIFFE ID: want no user, query, fragment or percent-encoding"
	case u.Path != "" && !plainPath(u.Path):
		return "is not a SPIFFE ID: want no empty, . or .. segment and no / at the end"
	}
	return ""
}

// plainPath reports whether a path begins with "/" and has no empty and no dot segments.
func plainPath(path string) bool {
	segments := strings.Split(path, "/")
	return segments[0] == "" && !slices.ContainsFunc(segments[1:], func(s string) bool { return s == "" || s == "." || s == ".." })
}

// UncoveredURIs returns those of the URIs that are not among the certificate's SANs, byte by byte.
func UncoveredURIs(c *x509.Certificate, uris []string) []string {
	var missing []string
	for _, text := range uris {
		if !slices.ContainsFunc(c.URIs, func(u *url.URL) bool { return u.String() == text }) {
			missing = append(missing, text)
		}
	}
	return missing
}
