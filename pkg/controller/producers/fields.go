// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package producers

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/tollgate-dev/tollgate/pkg/text"
)

// Limits of what is quoted from objects, in bytes.
const (
	maxName    = 253 // of a Kubernetes object
	maxReason  = 64
	maxMessage = 320 // an ACME server's problem with its "retry after"
)

// field returns the value at a path of JSON objects, nil if there is none.
func field(o map[string]any, path ...string) any {
	var v any = o
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

// str returns the string at a path, empty if there is another type.
func str(o map[string]any, path ...string) string {
	s, _ := field(o, path...).(string)
	return s
}

// list returns the list at a path, empty if there is another type.
func list(o map[string]any, path ...string) []any {
	l, _ := field(o, path...).([]any)
	return l
}

// condition is a status condition as most operators write it, with its text as found.
type condition struct{ status, reason, message string }

// conditionOf returns a condition of status.conditions, with empty fields if it is not there.
func conditionOf(o map[string]any, conditionType string) condition {
	for _, item := range list(o, "status", "conditions") {
		c, ok := item.(map[string]any)
		if ok && str(c, "type") == conditionType {
			return condition{
				status:  str(c, "status"),
				reason:  str(c, "reason"),
				message: str(c, "message"),
			}
		}
	}
	return condition{}
}

// String returns reason and message, fit for a message.
func (c condition) String() string {
	return join(": ", clean(c.reason, maxReason), clean(c.message, maxMessage))
}

// join joins the parts that are not empty.
func join(separator string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), separator)
}

// brackets returns the detail of a clause; nothing if there is none.
func brackets(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

// clean makes text from outside fit for a message: one line, printable, and at most limit
// bytes before the mark of the cut.
func clean(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r) || r == unicode.ReplacementChar:
			return '?'
		}
		return r
	}, text.Clip(s, limit))
	return strings.Join(strings.Fields(s), " ")
}

// quote returns a name in quotes, fit for a message.
func quote(name string) string { return strconv.Quote(clean(name, maxName)) }
