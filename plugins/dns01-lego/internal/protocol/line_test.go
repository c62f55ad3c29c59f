// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

func TestLineHidesValues(t *testing.T) {
	const user, password = "user", "a+secret/password"
	settings := map[string]string{"PASSWORD": password, "USER": user}
	basic := func(before, after string) string {
		return base64.StdEncoding.EncodeToString([]byte(before + password + after))
	}
	for _, test := range []struct{ name, said, want string }{
		{"nothing to hide", "no such zone", "no such zone"},
		{"value", "login " + password, "login [PASSWORD]"},
		{"short value", "no such user", "no such user"},
		{"query", "GET /?key=a%2Bsecret%2Fpassword&x", "GET /?key=[PASSWORD]&x"},
		{"base64", "key " + basic("", ""), "key [PASSWORD]"},
		{"basic authentication", "Basic " + basic("user:", ""), "Basic dXNlcjp[PASSWORD]"},
		{"one byte before", basic("x", ""), "eG[PASSWORD]"},
		{"two lines", "one\ntwo", "one two"},
	} {
		if got := line(errors.New(test.said), settings); got != test.want {
			t.Errorf("%s: line = %q, want %q", test.name, got, test.want)
		}
	}
}

// TestLineHidesValuesInsideBase64 has a value begin and end anywhere in what is encoded.
func TestLineHidesValuesInsideBase64(t *testing.T) {
	const password = "planted-password"
	for before := range 7 {
		for after := range 7 {
			said := base64.StdEncoding.EncodeToString([]byte("before"[:before] + password + "behind"[:after]))
			got := line(errors.New(said), map[string]string{"P": password})
			if !strings.Contains(got, "[P]") {
				t.Errorf("%d bytes before, %d after: %q", before, after, got)
			}
		}
	}
}
