// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package allow

import (
	"net/url"
	"slices"
	"strings"
)

// matchURI reports whether pattern permits uri: an exact URI itself, byte by byte; one that ends in "/*" every URI below that
// path, but not the path itself. Such a pattern needs a scheme and a host. What could mean another path to somebody else is
// not below it: empty and dot segments, percent-encoding, backslashes, queries and fragments.
func matchURI(pattern, uri string) bool {
	base, ok := strings.CutSuffix(pattern, "*")
	if !ok || !strings.HasSuffix(base, "/") {
		return pattern != "" && pattern == uri
	}
	u, err := url.Parse(base)
	if err != nil || u.Scheme == "" || u.Host == "" || strings.Contains(base, "*") {
		return false
	}
	rest, ok := strings.CutPrefix(uri, base)
	if !ok || strings.ContainsAny(rest, `%?#\`) {
		return false
	}
	return !slices.ContainsFunc(strings.Split(rest, "/"), func(segment string) bool {
		return segment == "" || segment == "." || segment == ".."
	})
}
