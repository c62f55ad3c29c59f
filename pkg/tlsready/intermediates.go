// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import "fmt"

// narrowest returns the intermediates that begin last and end first. Roots do not count:
// clients do not look at the validity of those in tls.crt.
func (c chain) narrowest() (last, first *link) {
	for i := 1; i < len(c); i++ {
		l := &c[i]
		if l.selfSigned {
			continue
		}
		if last == nil || l.cert.NotBefore.After(last.cert.NotBefore) {
			last = l
		}
		if first == nil || l.cert.NotAfter.Before(first.cert.NotAfter) {
			first = l
		}
	}
	return last, first
}

// boundaries returns when the intermediates begin and cease to be valid, as far as that
// lies within the validity of the leaf.
func (c chain) boundaries(ref string) (starts, ends turn) {
	leaf := c[0].cert
	last, first := c.narrowest()
	if last != nil && last.cert.NotBefore.After(leaf.NotBefore) {
		starts.at = last.cert.NotBefore.UTC()
		starts.message = ref + fmt.Sprintf(": intermediate %s becomes valid at %s", last, stamp(starts.at))
	}
	if first != nil && first.cert.NotAfter.Before(leaf.NotAfter) {
		ends.at = first.cert.NotAfter.UTC()
		ends.message = ref + fmt.Sprintf(": intermediate %s expired at %s; put the issuer's current certificate in its place", first, stamp(ends.at))
	}
	return starts, ends
}

// earlyEndMessage remarks on an intermediate that ends before the leaf.
func (c chain) earlyEndMessage() string {
	_, first := c.narrowest()
	if leaf := c[0].cert; first == nil || !first.cert.NotAfter.Before(leaf.NotAfter) {
		return ""
	}
	return fmt.Sprintf(": intermediate %s expires at %s, before the leaf", first, stamp(first.cert.NotAfter))
}
