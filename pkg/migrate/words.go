// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/tollgate-dev/tollgate/pkg/text"
)

// maxShown bounds how many bytes of a value from outside a message shows.
const maxShown = 200

// clean makes text from outside fit for a line of a comment: nothing of it can begin another line.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text.Clip(s, maxShown))
}

// quote is a value from outside in quotes.
func quote(s string) string { return fmt.Sprintf("%q", clean(s)) }

func quoteAll(all []string) string {
	const most = 5
	quoted := make([]string, 0, most)
	for _, s := range all[:min(len(all), most)] {
		quoted = append(quoted, quote(s))
	}
	list := strings.Join(quoted, ", ")
	if more := len(all) - most; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}

// isName reports whether s can be the name of an object, and so stand in a command as it is.
func isName(s string) bool { return len(validation.IsDNS1123Subdomain(s)) == 0 }

// isNamespace reports whether s can be the name of a namespace.
func isNamespace(s string) bool { return len(validation.IsDNS1123Label(s)) == 0 }

// isKey reports whether s can be a key of a Secret.
func isKey(s string) bool { return len(validation.IsConfigMapKey(s)) == 0 }

// secretName is the pattern of a Secret's name in a TLSCertificate.
var secretName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`)

// dnsName is the pattern of spec.dnsNames of a TLSCertificate.
var dnsName = regexp.MustCompile(`^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

func isDNSName(s string) bool { return len(s) <= 253 && dnsName.MatchString(s) }

// shell quotes a word for a POSIX shell.
func shell(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
