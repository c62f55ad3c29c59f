// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

func TestValue(t *testing.T) {
	// The SHA-256 of the empty string, in base64url: FIPS 180-4 has the digest.
	if got, want := Value(""), "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"; got != want {
		t.Errorf("Value = %q, want %q", got, want)
	}
}

func TestRecordsThatAreRefused(t *testing.T) {
	s, err := New(&v1alpha1.DNS01Solver{RFC2136: &v1alpha1.RFC2136Solver{Nameserver: "192.0.2.1"}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Record){
		"not absolute":  func(r *Record) { r.FQDN = "_acme-challenge.example.com" },
		"no zone":       func(r *Record) { r.Zone = "" },
		"other zone":    func(r *Record) { r.Zone = "example.org." },
		"newline":       func(r *Record) { r.FQDN = "a\n.example.com." },
		"escape":        func(r *Record) { r.FQDN = `a\.b.example.com.` },
		"wildcard":      func(r *Record) { r.FQDN = "*.example.com." },
		"long":          func(r *Record) { r.FQDN = strings.Repeat("a.", 130) + "example.com." },
		"no value":      func(r *Record) { r.Value = "" },
		"quote":         func(r *Record) { r.Value = `a"b` },
		"a long value":  func(r *Record) { r.Value = strings.Repeat("a", 256) },
		"line in value": func(r *Record) { r.Value = "a\nb" },
	} {
		r := record("value")
		change(&r)
		for _, do := range []func() error{
			func() error { return s.Present(t.Context(), r) },
			func() error { return s.CleanUp(t.Context(), r) },
		} {
			if err := do(); err == nil || !strings.HasPrefix(err.Error(), "checking the TXT record: ") {
				t.Errorf("%s: error %v, want one of the check", name, err)
			}
		}
	}
}

func TestRecordNumbersAndNames(t *testing.T) {
	for ttl, want := range map[time.Duration]uint32{0: 60, -1: 60, time.Second: 1, 1500 * time.Millisecond: 2, time.Hour: 3600, 1e6 * time.Hour: 86400} {
		if got := (Record{TTL: ttl}).seconds(); got != want {
			t.Errorf("TTL %v = %d s, want %d", ttl, got, want)
		}
	}
	for name, want := range map[string]string{"_acme-challenge.www.example.com.": "www.example.com", "x.acme.example.net.": "x.acme.example.net"} {
		if got := (Record{FQDN: name}).parent(); got != want {
			t.Errorf("parent of %s = %s, want %s", name, got, want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	ref := &v1alpha1.SecretKeyReference{Name: "s", Key: "k"}
	for _, test := range []struct {
		name string
		spec *v1alpha1.DNS01Solver
		o    Options
		want string
	}{
		{"nothing", nil, Options{}, "choosing the dns01 solver: there is none; set rfc2136, webhook or exec"},
		{"empty", &v1alpha1.DNS01Solver{}, Options{}, "choosing the dns01 solver: it is empty; set rfc2136, webhook or exec"},
		{"address", &v1alpha1.DNS01Solver{RFC2136: &v1alpha1.RFC2136Solver{Nameserver: "a b"}}, Options{},
			`reading dns01.rfc2136.nameserver: "a b" is neither an IP address nor a host name`},
		{"algorithm", &v1alpha1.DNS01Solver{RFC2136: &v1alpha1.RFC2136Solver{Nameserver: "ns", TSIGAlgorithm: "HMACMD5"}}, Options{},
			`reading dns01.rfc2136.tsigAlgorithm: "HMACMD5" is not known; use HMACSHA256`},
		{"half a key", &v1alpha1.DNS01Solver{RFC2136: &v1alpha1.RFC2136Solver{Nameserver: "ns", TSIGSecretRef: ref}}, Options{},
			"reading dns01.rfc2136: set both tsigKeyName and tsigSecretRef, or neither"},
		{"plain HTTP", &v1alpha1.DNS01Solver{Webhook: &v1alpha1.WebhookSolver{URL: "http://x/"}}, Options{}, "reading dns01.webhook.url: it must be https://host/path"},
		{"no host", &v1alpha1.DNS01Solver{Webhook: &v1alpha1.WebhookSolver{URL: "https:///x"}}, Options{}, "reading dns01.webhook.url: it must be https://host/path"},
		{"user in URL", &v1alpha1.DNS01Solver{Webhook: &v1alpha1.WebhookSolver{URL: "https://u:p@x/"}}, Options{},
			"reading dns01.webhook.url: it holds credentials; put them into the Secret that authorizationSecretRef names"},
		{"bundle", &v1alpha1.DNS01Solver{Webhook: &v1alpha1.WebhookSolver{URL: "https://x/", CABundle: []byte("x")}}, Options{},
			"reading dns01.webhook.caBundle: it holds no certificate in PEM; encode the PEM file in base64 once"},
		{"plugins not allowed", &v1alpha1.DNS01Solver{Exec: &v1alpha1.ExecSolver{Plugin: "p"}}, Options{PluginDir: "/p"},
			`choosing plugin "p": this issuer may not use plugins; use a ClusterCertIssuer, or permit plugins to CertIssuers with a flag of tollgate-controller`},
		{"no folder", &v1alpha1.DNS01Solver{Exec: &v1alpha1.ExecSolver{Plugin: "p"}}, Options{AllowExec: true},
			`choosing plugin "p": tollgate-controller has no folder of plugins; give it one with a flag`},
		{"path", &v1alpha1.DNS01Solver{Exec: &v1alpha1.ExecSolver{Plugin: "../bin/sh"}}, Options{AllowExec: true, PluginDir: "/p"},
			`choosing plugin "../bin/sh": the name may have small letters, digits, and "-_." inside`},
	} {
		_, err := New(test.spec, test.o)
		if err == nil || err.Error() != test.want || !errors.Is(err, ErrConfiguration) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
}
