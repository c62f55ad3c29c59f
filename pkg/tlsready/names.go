// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"slices"
	"strings"
)

// named is check 13.
func (j *judgement) named() bool {
	for _, name := range j.r.DNSNames {
		if !j.facts.covers(name) {
			return j.hold(NameNotCovered, j.facts.notCoveredMessage(j.r.DNSNames, j.r.URIs))
		}
	}
	for _, uri := range j.r.URIs {
		if !j.facts.coversURI(uri) {
			return j.hold(NameNotCovered, j.facts.notCoveredMessage(j.r.DNSNames, j.r.URIs))
		}
	}
	return true
}

// coversURI reports whether a URI is a SAN, byte by byte.
func (f *Facts) coversURI(uri string) bool {
	_, ok := slices.BinarySearch(f.URIs, uri)
	return ok
}

// covers reports whether a name, in the form of declare.NormalizeName, is covered by a
// SAN; the common name does not count (RFC 9525 section 2). A wildcard stands for exactly
// one left-most label (RFC 9525 section 6.3); a declared wildcard needs the same SAN.
func (f *Facts) covers(name string) bool {
	if isIP(name) {
		_, ok := slices.BinarySearch(f.IPAddresses, name)
		return ok
	}
	if _, ok := slices.BinarySearch(f.DNSNames, name); ok {
		return true
	}
	dot := strings.IndexByte(name, '.')
	if dot <= 0 || name[0] == '*' {
		return false
	}
	_, ok := slices.BinarySearchFunc(f.DNSNames, name[dot:], compareWildcard)
	return ok
}

// compareWildcard orders a SAN against "*" + suffix without building that string.
func compareWildcard(san, suffix string) int {
	if c := strings.Compare(san[:min(1, len(san))], "*"); c != 0 {
		return c
	}
	return strings.Compare(san[1:], suffix)
}

// isIP tells the two kinds of normal names apart: only IP addresses contain a colon or
// end in a label that is a number.
func isIP(name string) bool {
	if strings.IndexByte(name, ':') >= 0 {
		return true
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	for i := range len(last) {
		if last[i] < '0' || last[i] > '9' {
			return false
		}
	}
	return last != ""
}
