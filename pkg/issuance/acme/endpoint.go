// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"net/url"
	"slices"
	"strings"

	"github.com/mholt/acmez/v3/acme"
)

// endpointDirectory is the endpoint of the directory; endpointOther that of a URL whose purpose does not show.
const (
	endpointDirectory = "directory"
	endpointOther     = "other"
)

// byPath is what servers call the resources in the paths of URLs that only they know the meaning of.
var byPath = map[string]string{
	"order": "order", "my-order": "order",
	"finalize": "finalize", "finalize-order": "finalize",
	"authz": "authorization", "authorization": "authorization",
	"chall": "challenge", "chalz": "challenge", "challenge": "challenge",
	"cert": "certificate", "certz": "certificate", "certificate": "certificate",
	"acct": "account", "account": "account", "my-account": "account",
}

// endpointOf says in one of a few words what a URL of an ACME server is for: one of its directory (RFC 8555 section
// 7.1.1, RFC 9773 section 4.1), or, by the last telling part of its path, one that came with an answer. The directory may be nil.
func endpointOf(directory *acme.Directory, u *url.URL) string {
	if directory != nil {
		for _, known := range []struct{ url, name string }{
			{directory.NewNonce, "newNonce"}, {directory.NewAccount, "newAccount"}, {directory.NewOrder, "newOrder"},
			{directory.RevokeCert, "revokeCert"}, {directory.KeyChange, "keyChange"},
		} {
			if known.url == u.String() {
				return known.name
			}
		}
		if directory.RenewalInfo != "" && strings.HasPrefix(u.String(), strings.TrimSuffix(directory.RenewalInfo, "/")+"/") {
			return "renewalInfo"
		}
	}
	for _, part := range slices.Backward(strings.Split(strings.ToLower(u.Path), "/")) {
		if name := byPath[part]; name != "" {
			return name
		}
	}
	return endpointOther
}
