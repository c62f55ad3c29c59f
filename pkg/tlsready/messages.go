// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/pkg/text"
)

const (
	// maxListedNames bounds the names in a message.
	maxListedNames = 5
	// maxNameBytes bounds one name in a message.
	maxNameBytes = 120
)

// secretRef is how every message begins.
func secretRef(namespace, name string) string {
	return `secret "` + namespace + "/" + name + `"`
}

// stamp is how times appear in messages: absolute, UTC, to the second. Messages never
// hold a duration, which would change at every evaluation.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// notCoveredMessage lists the declared names that are missing and those that are there.
func (f *Facts) notCoveredMessage(declared, uris []string) string {
	var missing []string
	hint := ""
	for _, name := range declared {
		if f.covers(name) {
			continue
		}
		missing = append(missing, name)
		if _, ok := slices.BinarySearch(f.DNSNames, "*."+name); ok && hint == "" {
			hint = fmt.Sprintf("; *.%[1]s does not cover %[1]s, add it to the certificate's DNS names", name)
		}
	}
	for _, uri := range uris {
		if !f.coversURI(uri) {
			missing = append(missing, uri)
		}
	}
	valid := "it has no DNS, IP or URI subject alternative name, and the common name does not count"
	if present := slices.Concat(f.DNSNames, f.IPAddresses, f.URIs); len(present) > 0 {
		valid = "it is valid for " + listNames(present, maxListedNames)
	}
	return secretRef(f.Namespace, f.Name) + ": certificate does not cover " + listNames(missing, maxListedNames) + " (" + valid + ")" + hint
}

// listNames joins at most limit names and counts the rest.
func listNames(names []string, limit int) string {
	shown := make([]string, 0, limit)
	for _, name := range names[:min(len(names), limit)] {
		shown = append(shown, printable(text.Clip(name, maxNameBytes)))
	}
	text := strings.Join(shown, ", ")
	if rest := len(names) - limit; rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}

// printable replaces what does not belong into a message: SANs come from outside.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f {
			return '?'
		}
		return r
	}, s)
}
