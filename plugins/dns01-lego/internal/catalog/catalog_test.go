// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"regexp"
	"strings"
	"testing"
)

func TestLookup(t *testing.T) {
	for _, tc := range []struct{ name, want, fault string }{
		{name: "cloudflare", want: "cloudflare"},
		{name: "rfc2136", want: "dnsupdate"},
		{name: "acme-dns", want: "acmedns"},
		{name: "cloudfare", fault: `there is no provider "cloudfare"; did you mean "cloudflare"?`},
		{name: "Route53", fault: `there is no provider "Route53"; did you mean "route53"?`},
		{name: "qqqqqqqqqq", fault: "there is no provider \"qqqqqqqqqq\"; `dns01-lego list` shows all"},
		{name: "exec", fault: `provider "exec" is not offered: it runs programs; write an exec plugin instead`},
		{name: "manual", fault: `provider "manual" is not offered: it asks a person at a terminal`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, err := Load().Lookup(tc.name)
			if tc.fault != "" {
				if err == nil || err.Error() != tc.fault {
					t.Fatalf("got error %v, want %s", err, tc.fault)
				}
				return
			}
			if err != nil || p.Name != tc.want {
				t.Fatalf("got %q, %v, want %q", p.Name, err, tc.want)
			}
		})
	}
}

// Keys become names of variables and of files, and must not leave a folder.
func TestKeys(t *testing.T) {
	key := regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)
	if n := len(Load().Providers); n < 200 {
		t.Errorf("there are only %d providers", n)
	}
	for _, p := range Load().Providers {
		seen := map[string]bool{}
		for _, s := range p.Settings {
			if !key.MatchString(s.Key) {
				t.Errorf("%s: the key %q is no variable", p.Name, s.Key)
			}
			if seen[s.Key] {
				t.Errorf("%s has %s twice", p.Name, s.Key)
			}
			seen[s.Key] = true
			if strings.HasSuffix(s.Key, "_FILE") && s.File == NoFile {
				t.Errorf("%s: %s names a file", p.Name, s.Key)
			}
		}
	}
}
