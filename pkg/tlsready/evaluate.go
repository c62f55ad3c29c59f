// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/pkg/declare"
)

// Evaluate tells whether the Secret with these facts meets the requirement at the given
// time; nil facts stand for a Secret that does not exist. It only looks up: the same
// facts always give the same message until the verdict changes.
func Evaluate(facts *Facts, namespace string, r declare.Requirement, now time.Time) Verdict {
	switch {
	case facts == nil:
		return Verdict{Reason: SecretNotFound, Message: secretRef(namespace, r.SecretName) + " does not exist"}
	case facts.Fault != nil:
		return Verdict{Reason: facts.Fault.Reason, Message: facts.Fault.Message}
	case now.Before(facts.NotBefore):
		return Verdict{Reason: NotYetValid, Message: notYetValidMessage(facts), RecheckAt: facts.NotBefore}
	case !now.Before(facts.NotAfter):
		return Verdict{Reason: Expired, Message: expiredMessage(facts)}
	}
	for _, name := range r.DNSNames {
		if !facts.covers(name) {
			return Verdict{Reason: NameNotCovered, Message: facts.notCoveredMessage(r.DNSNames), RecheckAt: facts.NotAfter}
		}
	}
	return Verdict{Ready: true, Reason: Ready, RecheckAt: facts.NotAfter}
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
