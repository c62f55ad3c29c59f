// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		want     *Config
		fault    string
	}{
		{
			name: "YAML", in: "provider: p\nsettings:\n  A: x\n  B: 0123\n  C: true\n  D: 1e3\n  E: ''\nnameservers: [192.0.2.1, 'ns.test:5353', '2001:db8::1']\n",
			want: &Config{Provider: "p", Settings: map[string]string{"A": "x", "B": "0123", "C": "true", "D": "1e3", "E": ""}, Nameservers: []string{"192.0.2.1:53", "ns.test:5353", "[2001:db8::1]:53"}},
		},
		{name: "JSON", in: `{"provider":"p","settings":{"A":"x\ny"}}`, want: &Config{Provider: "p", Settings: map[string]string{"A": "x\ny"}}},
		{name: "files", in: "provider: p\nfiles:\n  A: |\n    line\n  B: !!binary AAEC\n", want: &Config{Provider: "p", Files: map[string]string{"A": "line\n", "B": "\x00\x01\x02"}}},
		{name: "no settings", in: "provider: p", want: &Config{Provider: "p"}},
		{name: "empty", in: "", fault: "the configuration is empty; it needs provider and settings"},
		{name: "a text", in: "hello", fault: "the configuration is not a mapping"},
		{name: "neither", in: "a: [secret", fault: "the configuration is neither YAML nor JSON; see `dns01-lego help`"},
		{name: "no provider", in: "settings: {}", fault: "provider is not set"},
		{name: "unknown field", in: "provider: p\nenv: {}", fault: `unknown field "env"; the fields are provider, settings, files and nameservers`},
		{name: "twice", in: "provider: p\nprovider: q", fault: `the configuration has "provider" twice`},
		{name: "setting twice", in: "provider: p\nsettings: {A: x, A: y}", fault: `settings has "A" twice`},
		{name: "null", in: "provider: p\nsettings: {A: }", fault: "settings.A is not a text"},
		{name: "nested", in: "provider: p\nsettings: {A: [x]}", fault: "settings.A is not a text"},
		{name: "alias", in: "provider: &a p\nsettings: {A: *a}", fault: "settings.A is not a text"},
		{name: "NUL", in: `{"provider":"p","settings":{"A":"\u0000"}}`, fault: "settings.A holds a NUL"},
		{name: "bad base64", in: "provider: p\nfiles: {A: !!binary '*'}", fault: "files.A is not base64"},
		{name: "bad nameserver", in: "provider: p\nnameservers: [':53']", fault: `nameservers has ":53", which is neither host nor host:port`},
		{name: "nameservers no list", in: "provider: p\nnameservers: x", fault: "nameservers is not a list"},
		{name: "too long", in: "provider: " + strings.Repeat("x", 1<<20), fault: "the configuration has more than 1 MiB"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Parse(strings.NewReader(tc.in))
			if tc.fault != "" {
				if err == nil || err.Error() != tc.fault {
					t.Fatalf("got error %v, want %s", err, tc.fault)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("(-want, +got)\n%s", d)
			}
		})
	}
}

func TestParseReadError(t *testing.T) {
	broken := errors.New("broken")
	if _, err := Parse(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// The configuration comes from whoever can write the Secret.
func FuzzParse(f *testing.F) {
	f.Add("provider: p\nsettings: {A: x}")
	f.Add("a: &a [*a]")
	f.Add("? {}\n: x")
	f.Fuzz(func(t *testing.T, in string) {
		c, err := Parse(strings.NewReader(in))
		if err == nil && c.Provider == "" {
			t.Error("accepted without a provider")
		}
	})
}
