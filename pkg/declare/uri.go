// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"fmt"
	"net/url"
	"strings"
)

// maxURIBytes is the longest URI: that of a SPIFFE ID (SPIFFE-ID specification, section 2.3).
const maxURIBytes = 2048

const uriForm = "want an absolute URI, such as spiffe://example.org/web"

// checkURI returns the URI as it is, if it is in the form in which Go's x509 reads one from a
// certificate: only then can a comparison of bytes find it.
func checkURI(s string) (string, error) {
	if len(s) > maxURIBytes {
		return "", fmt.Errorf("URI is %d bytes long; at most %d are allowed", len(s), maxURIBytes)
	}
	if strings.Contains(s, "&") {
		return "", fmt.Errorf("%s contains an ampersand; a URI with one cannot be required", quote(s))
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("%s contains a blank or a character that is not ASCII; %s", quote(s), uriForm)
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || (u.Host == "" && u.Opaque == "") {
		return "", fmt.Errorf("%s is not an absolute URI; %s", quote(s), uriForm)
	}
	if normal := u.String(); normal != s {
		return "", fmt.Errorf("%s is not in normal form; write %s", quote(s), quote(normal))
	}
	return s, nil
}
