// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"
)

// FuzzParse checks what callers rely on: no panic, sorted unique valid names within the
// limits, names in normal form, and errors of bounded length on one line per annotation.
func FuzzParse(f *testing.F) {
	for _, seed := range [][2]string{
		{"auto", `[{"secretName":"web-tls","dnsNames":["www.example.com"]}]`},
		{"web-tls, api-tls", "- secretName: web-tls\n  dnsNames: ['*.bücher.example', 192.0.2.1]\n"},
		{",", "a: &a [*a]"},
		{"auto,auto", "- {secretName: a, usage: client}\n---\n- {}"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, require, requirements string) {
		d, err := Parse(annotated(RequireTLSAnnotation, require, RequirementsAnnotation, requirements))
		if err != nil {
			if len(err.Error()) > 2000 || !strings.Contains(err.Error(), "tollgate.dev/") {
				t.Errorf("unhelpful error of %d bytes: %.300s", len(err.Error()), err)
			}
			return
		}
		if len(d.Requirements) > MaxSecrets {
			t.Errorf("%d requirements", len(d.Requirements))
		}
		for i, r := range d.Requirements {
			if len(validation.IsDNS1123Subdomain(r.SecretName)) > 0 || i > 0 && d.Requirements[i-1].SecretName >= r.SecretName {
				t.Errorf("requirement %d has name %q: invalid, out of order or repeated", i, r.SecretName)
			}
			if !slices.IsSorted(r.DNSNames) {
				t.Errorf("names are not sorted: %q", r.DNSNames)
			}
			for _, name := range r.DNSNames {
				if again, err := NormalizeName(name); err != nil || again != name {
					t.Errorf("NormalizeName(%q) = %q, %v, want the same name", name, again, err)
				}
			}
		}
	})
}
