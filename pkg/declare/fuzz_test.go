// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation"
)

// FuzzParse checks what callers rely on: no panic, sorted unique valid names within the
// limits, names in normal form, and errors of bounded length on one line.
func FuzzParse(f *testing.F) {
	for _, seed := range [][5]string{
		{"auto", `[{"secretName":"web-tls","dnsNames":["www.example.com"]}]`, "block", "false", "1h"},
		{"web-tls, api-tls", "- secretName: web-tls\n  dnsNames: ['*.bücher.example', 192.0.2.1]\n", "warn", "true", "15m"},
		{",", "a: &a [*a]", "", "", ""},
		{"auto,auto", "- {secretName: a, usage: client}\n---\n- {}", "x", "y", "-1s"},
		{"a", `[{"secretName":"a","ipAddresses":["::1"],"uris":["spiffe://a/b"],"minRemaining":"1h","trust":"configMap/a/b","requireChain":true,"allow":["WeakKey"]}]`, "", "", "9999h"},
		{"a", "- {secretName: a, <<: {usage: server}, ? [x] : y, !!binary YQ== : .nan}", "", "", "1ns"},
		{"a", `[null, 5, "x", [], {"secretName": null, "allow": [{}]}]`, "", "", "1e9h"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4])
	}
	f.Fuzz(func(t *testing.T, require, requirements, onExpired, allowTemporary, maxWait string) {
		d, err := Parse(createdPod(RequireTLSAnnotation, require, RequirementsAnnotation, requirements,
			OnExpiredAnnotation, onExpired, AllowTemporaryAnnotation, allowTemporary, MaxWaitAnnotation, maxWait))
		if err != nil {
			checkMessage(t, err)
			return
		}
		if len(d.Requirements) > MaxSecrets {
			t.Errorf("%d requirements", len(d.Requirements))
		}
		if wait := d.Deadline.Sub(created); wait <= 0 || wait > 720*time.Hour {
			t.Errorf("waits %s", wait)
		}
		for i := range d.Requirements {
			if i > 0 && d.Requirements[i-1].SecretName >= d.Requirements[i].SecretName {
				t.Errorf("requirement %d is out of order or repeated", i)
			}
			checkRequirement(t, &d.Requirements[i])
		}
	})
}

// checkRequirement wants what the fields of Requirement promise.
func checkRequirement(t *testing.T, r *Requirement) {
	t.Helper()
	if len(validation.IsDNS1123Subdomain(r.SecretName)) > 0 {
		t.Errorf("invalid Secret name %q", r.SecretName)
	}
	for _, list := range [][]string{r.DNSNames, r.URIs, r.Allow} {
		if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) || len(list) > MaxDNSNames {
			t.Errorf("%q is not sorted, has repetitions or is too long", list)
		}
	}
	for _, name := range r.DNSNames {
		if again, err := NormalizeName(name); err != nil || again != name {
			t.Errorf("NormalizeName(%q) = %q, %v, want the same name", name, again, err)
		}
	}
	for _, uri := range r.URIs {
		if u, err := url.Parse(uri); err != nil || !u.IsAbs() || u.String() != uri {
			t.Errorf("%q is not an absolute URI in normal form (%v)", uri, err)
		}
	}
	for _, reason := range r.Allow {
		if !slices.Contains(Allowable, reason) {
			t.Errorf("allows %q", reason)
		}
	}
	if r.MinRemaining < 0 || r.MinRemaining > 87600*time.Hour {
		t.Errorf("minRemaining is %s", r.MinRemaining)
	}
	if (r.Trust.Kind == TrustConfigMap) != (r.Trust.Key != "") || (r.Trust.Name == "") != (r.Trust.Kind == "" || r.Trust.Kind == TrustSecret) {
		t.Errorf("incomplete trust %+v", r.Trust)
	}
	if r.Usage != "" && r.Usage != UsageServer && r.Usage != UsageClient {
		t.Errorf("usage is %q", r.Usage)
	}
}

// checkMessage wants an error that can be shown: one line, not too long, and that says where.
func checkMessage(t *testing.T, err error) {
	t.Helper()
	message := err.Error()
	if len(message) > 4096 {
		t.Errorf("error has %d bytes: %.300s", len(message), message)
	}
	if !utf8.ValidString(message) || strings.ContainsFunc(message, func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Errorf("error is not one line of plain text: %q", message)
	}
	if !strings.Contains(message, "annotation tollgate.dev/") && !strings.HasPrefix(message, "pod declares ") {
		t.Errorf("error names no annotation: %s", message)
	}
}

func FuzzNormalizeName(f *testing.F) {
	for _, seed := range []string{"www.example.com.", "*.bücher.example", "::ffff:1.2.3.4", "fe80::1%eth0", "1.2.3", "xn--a", "r3---sn.example", "*.*.example"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, err := NormalizeName(s)
		if err != nil {
			return
		}
		if again, err := NormalizeName(name); err != nil || again != name {
			t.Errorf("NormalizeName(%q) = %q, and of that %q, %v", s, name, again, err)
		}
		if _, err := netip.ParseAddr(name); err != nil && len(validation.IsDNS1123Subdomain(strings.TrimPrefix(name, "*."))) > 0 {
			t.Errorf("NormalizeName(%q) = %q, which is no name", s, name)
		}
	})
}
