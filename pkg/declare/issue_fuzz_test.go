// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"
)

// What the API accepts in spec.dnsNames of a TLSCertificate.
var apiDNSName = regexp.MustCompile(`^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

// FuzzParseIssue checks what the controller relies on: no panic, valid names that the API
// accepts, sorted and unique, and errors of bounded length on one line.
func FuzzParseIssue(f *testing.F) {
	for _, seed := range []string{
		`[{"secretName":"web-tls","dnsNames":["www.example.com"],"issuerRef":{"name":"internal"}}]`,
		"- secretName: web-tls\n  dnsNames: ['*.bücher.example']\n  ipAddresses: [192.0.2.1, '::1']\n  uris: [spiffe://a/b]\n  usages: [client auth]\n  issuerRef: {name: le, kind: ClusterCertIssuer}\n",
		`[{"secretName":"a","dnsNames":["192.0.2.1"],"issuerRef":null},{"secretName":"a"}]`,
		`[null, 5, "x", [], {"secretName": null, "issuerRef": [{}], "usages": {}}]`,
		"- {secretName: a, <<: {usages: []}, ? [x] : y}",
		"a: &a [*a]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		requests, err := ParseIssue(annotated(IssueTLSAnnotation, value))
		if err != nil {
			checkMessage(t, err)
			return
		}
		if len(requests) == 0 || len(requests) > MaxSecrets {
			t.Errorf("%d requests", len(requests))
		}
		for i := range requests {
			if i > 0 && requests[i-1].SecretName >= requests[i].SecretName {
				t.Errorf("request %d is out of order or repeated", i)
			}
			checkIssueRequest(t, &requests[i])
		}
	})
}

// checkIssueRequest wants what the fields of IssueRequest promise.
func checkIssueRequest(t *testing.T, r *IssueRequest) {
	t.Helper()
	if len(validation.IsDNS1123Subdomain(r.SecretName)) > 0 || len(validation.IsDNS1123Subdomain(r.IssuerRef.Name)) > 0 {
		t.Errorf("invalid name of Secret %q or issuer %q", r.SecretName, r.IssuerRef.Name)
	}
	if !slices.Contains(IssuerKinds, r.IssuerRef.Kind) {
		t.Errorf("issuer of kind %q", r.IssuerRef.Kind)
	}
	for _, list := range [][]string{r.DNSNames, r.IPAddresses, r.URIs, r.Usages} {
		if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) || len(list) > MaxDNSNames {
			t.Errorf("%q is not sorted, has repetitions or is too long", list)
		}
	}
	if len(r.DNSNames)+len(r.IPAddresses)+len(r.URIs) == 0 {
		t.Error("no names")
	}
	for _, name := range r.DNSNames {
		if !apiDNSName.MatchString(name) || len(name) > 253 {
			t.Errorf("the API refuses DNS name %q", name)
		}
	}
	for _, ip := range r.IPAddresses {
		if addr, err := netip.ParseAddr(ip); err != nil || addr.String() != ip || addr.Zone() != "" {
			t.Errorf("%q is no IP address in canonical form (%v)", ip, err)
		}
	}
	for _, uri := range r.URIs {
		if u, err := url.Parse(uri); err != nil || !u.IsAbs() || len(uri) > 2048 {
			t.Errorf("%q is no absolute URI (%v)", uri, err)
		}
	}
	for _, usage := range r.Usages {
		if !slices.Contains(IssueUsages, usage) {
			t.Errorf("usage %q", usage)
		}
	}
}
