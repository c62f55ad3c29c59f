// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"encoding/base64"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	_ "github.com/tollgate-dev/tollgate/test/seed"
)

func TestMask(t *testing.T) {
	const token = "v1.0-e7f9c2aa41"
	json := `{"provider":"cloudflare","settings":{"CF_API_TOKEN":"` + token + `","RETRIES":5,"ACCOUNT":123456789012345678901234}}`
	for _, test := range []struct{ name, said, config, want string }{
		{"nothing said", "", json, ""},
		{"only space", " \n\t\n", json, ""},
		{"nothing to hide", "no such zone", json, "no such zone"},
		{"first line", "\n  one\ntwo", json, "one"},
		{"no configuration", "login " + token, "", "login " + token},
		{"value", "login with " + token + " refused", json, "login with *** refused"},
		{"keys stay", "CF_API_TOKEN is not set", json, "CF_API_TOKEN is not set"},
		{"part", "token begins with v1.0-e7f", json, "token begins with ***"},
		{"short part", "token begins with v1.0", json, "token begins with v1.0"},
		{"twice", token + token, json, "***"},
		{"inside", "x" + token + "y", json, "x***y"},
		{"short value as word", "tried 5 times, 25 s", json, "tried *** times, 25 s"},
		{"long number", "account 123456789012345678901234", json, "account ***"},
		{"base64", "header " + base64.StdEncoding.EncodeToString([]byte(token)), json, "header ***"},
		{"basic authentication", "header Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+token)), json, "header Basic dXNlcjp***"},
		{"base64 of more", base64.StdEncoding.EncodeToString([]byte("x" + token + "yz")), json, "eH***Xl6"},
		{"hex", "header 76312e302d6537663963326161343100", json, "header ***00"},
		{"URL", "GET /?q=a%2Bb%2Fc%3Dd%26e", `{"k":"a+b/c=d&e"}`, "GET /?q=***"},
		{"quoted", `got "a\"b\"c\"d"`, `{"k":"a\"b\"c\"d"}`, `got "***"`},
		{"YAML", "refused: " + token, "provider: x\ntoken: " + token + "\n", "refused: ***"},
		{"lines", "refused: " + token, "# comment\nTOKEN=" + token + "\nUSER='bob smith'\n", "refused: ***"},
		{"keys of lines stay", "TOKEN of bob smith is missing", "TOKEN=" + token + "\nUSER='bob smith'\n", "TOKEN of *** is missing"},
		{"one word", "got hunter2!", "hunter2!\n", "got ***"},
		{"padding", "got c2VjcmV0dG9rZW4=", "c2VjcmV0dG9rZW4=\n", "got ***"},
		{"many lines", "key MHcCAQEE bad", "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIIJ\n-----END EC PRIVATE KEY-----\n", "key *** bad"},
		{"control characters", "a\x1b[1mb\x00c", json, "a [1mb c"},
		{"not UTF-8", "a\xff\xfeb", json, "a?b"},
		{"long", strings.Repeat("word ", 1000), json, strings.Repeat("word ", 101) + "word..."},
	} {
		if got := mask([]byte(test.said), []byte(test.config)); got != test.want {
			t.Errorf("%s: mask = %q, want %q", test.name, got, test.want)
		}
	}
}

// TestMaskHidesEveryValue puts values between other words.
func TestMaskHidesEveryValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringMatching(`[A-Za-z0-9+/_.~-]{6,60}={0,2}`).Draw(t, "value")
		before := rapid.StringMatching(`[ -~]{0,40}`).Draw(t, "before")
		after := rapid.StringMatching(`[ -~]{0,40}`).Draw(t, "after")
		config := rapid.SampledFrom([]string{`{"k":"V"}`, "k: \"V\"\n", "K=V\n", "V", "[x]\nk = V\nV\n", `["V"]`}).Draw(t, "config")
		got := mask([]byte(before+value+after), []byte(strings.ReplaceAll(config, "V", value)))
		for i := range len(value) - minRun + 1 {
			if strings.Contains(got, value[i:i+minRun]) {
				t.Fatalf("mask = %q shows %q of the value", got, value[i:i+minRun])
			}
		}
	})
}

// TestMaskHidesValuesInBase64 encodes values with other bytes around, which move them against the characters.
func TestMaskHidesValuesInBase64(t *testing.T) {
	const secret = "hunter2-token"
	for before := range 7 {
		for after := range 7 {
			said := base64.StdEncoding.EncodeToString([]byte("before"[:before] + secret + "behind"[:after]))
			got := mask([]byte(said), []byte(secret))
			// The characters that hold bits of the secret alone; of the others at most two are left at either end.
			from, to := (8*before+5)/6, 8*(before+len(secret))/6
			if left := strings.Replace(got, masked, "", 1); len(left) > len(said)-(to-from)+2 || !strings.Contains(got, masked) {
				t.Errorf("%d bytes before, %d after: mask(%q) = %q", before, after, said, got)
			}
		}
	}
}

func FuzzMask(f *testing.F) {
	f.Add([]byte("refused: abcdefgh"), []byte(`{"k":"abcdefgh"}`))
	f.Add([]byte("\xff\x00\n\n"), []byte("- a: &x [1]\n- *x"))
	f.Add([]byte("a"), []byte("="))
	f.Fuzz(func(t *testing.T, said, config []byte) {
		got := mask(said, config)
		if len(got) > maxLine || !utf8.ValidString(got) || strings.ContainsAny(got, "\n\r\x00\x1b") {
			t.Errorf("mask = %q", got)
		}
	})
}
