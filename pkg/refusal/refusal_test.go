// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package refusal

import (
	"strings"
	"testing"
	"unicode"
)

func TestWho(t *testing.T) {
	for message, want := range map[string]string{
		`secrets is forbidden: User "system:serviceaccount:tollgate-system:tollgate-controller" cannot list resource "secrets"`: "ServiceAccount tollgate-system/tollgate-controller",
		`User "jane" cannot list`:                             `user "jane"`,
		"User \"ja\nne\" cannot list":                         `user "ja\nne"`,
		`User "system:serviceaccount:a:b:c" cannot list`:      `user "system:serviceaccount:a:b:c"`,
		`User "system:serviceaccount:a" cannot list`:          `user "system:serviceaccount:a"`,
		`denied by policy`:                                    "",
		`User "" cannot list`:                                 "",
		`User "` + strings.Repeat("x", 300) + `" cannot list`: `user "` + strings.Repeat("x", 253) + `..."`,
	} {
		if got := Who(message); got != want {
			t.Errorf("Who(%q) = %q, want %q", message, got, want)
		}
	}
}

func FuzzWho(f *testing.F) {
	f.Add(`User "jane" cannot list`)
	f.Add("User \"system:serviceaccount:a:b\"")
	f.Fuzz(func(t *testing.T, message string) {
		who := Who(message)
		if len(who) > 8*maxUser { // Quoting may write ten bytes for one.
			t.Errorf("%d bytes", len(who))
		}
		for _, r := range who {
			if unicode.IsControl(r) {
				t.Errorf("Who(%q) has a control character", message)
			}
		}
	})
}
