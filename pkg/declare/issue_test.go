// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

func TestParseIssue(t *testing.T) {
	internal := IssuerRef{Name: "internal", Kind: "CertIssuer"}
	tests := map[string]struct {
		value string
		want  []IssueRequest
	}{
		"JSON, the kind is CertIssuer by default": {
			`[{"secretName":"web-tls","dnsNames":["www.example.com"],"issuerRef":{"name":"internal"}}]`,
			[]IssueRequest{{SecretName: "web-tls", DNSNames: []string{"www.example.com"}, IssuerRef: internal}},
		},
		"YAML, everything, in normal form, sorted and unique": {
			"---\n- secretName: web-tls\n  dnsNames: [WWW.example.com., '*.bücher.example', www.example.com]\n  ipAddresses: ['2001:DB8:0::1', 192.0.2.1, '::ffff:192.0.2.1']\n" +
				"  uris: [spiffe://example.org/web]\n  usages: [server auth, client auth]\n  issuerRef: {name: le, kind: ClusterCertIssuer}\n",
			[]IssueRequest{{
				SecretName: "web-tls", DNSNames: []string{"*.xn--bcher-kva.example", "www.example.com"}, IPAddresses: []string{"192.0.2.1", "2001:db8::1"},
				URIs: []string{"spiffe://example.org/web"}, Usages: []string{"client auth", "server auth"},
				IssuerRef: IssuerRef{Name: "le", Kind: "ClusterCertIssuer"},
			}},
		},
		"sorted by Secret": {
			`[{"secretName":"b","ipAddresses":["::1"],"issuerRef":{"name":"internal"}},{"secretName":"a","uris":["spiffe://a/b"],"issuerRef":{"name":"internal","kind":"CertIssuer"}}]`,
			[]IssueRequest{
				{SecretName: "a", URIs: []string{"spiffe://a/b"}, IssuerRef: internal},
				{SecretName: "b", IPAddresses: []string{"::1"}, IssuerRef: internal},
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			pod := annotated(IssueTLSAnnotation, tt.value)
			got, err := ParseIssue(pod)
			if err != nil {
				t.Fatalf("ParseIssue() = %v", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("unexpected requests (-want, +got):\n%s", diff)
			}
			if !IssueDeclared(pod) || Declared(pod) {
				t.Error("the annotation asks for certificates and holds nothing")
			}
		})
	}
	if got, err := ParseIssue(annotated(RequireTLSAnnotation, "web-tls")); got != nil || err != nil {
		t.Errorf("without the annotation: %v, %v", got, err)
	}
	if IssueDeclared(&corev1.Pod{}) {
		t.Error("a pod without annotations asks for certificates")
	}
}

func TestParseIssueFaults(t *testing.T) {
	const issue = "annotation " + IssueTLSAnnotation + ": "
	const item = `{"secretName":"a","dnsNames":["a.example"],"issuerRef":{"name":"ca"}}`
	valid := func(field, value string) string {
		return `[{"secretName":"a","uris":["spiffe://a/b"],"issuerRef":{"name":"ca"},"` + field + `":` + value + `}]`
	}
	for name, tt := range map[string]struct{ value, want string }{
		"empty":             {" ", issue + "value is empty; " + issueForm},
		"no list":           {"web-tls", issue + "got a string; " + issueForm},
		"empty list":        {"[]", issue + "list is empty; " + issueForm},
		"two documents":     {"[" + item + "]\n---\n[]", issue + "value holds more than one YAML document; " + issueForm},
		"anchor":            {"- &a {}", issue + "line 1 contains an ampersand"},
		"too long":          {strings.Repeat("x", MaxAnnotationBytes+1), issue + "value is 16385 bytes long; at most 16384 are allowed"},
		"too many":          {"[" + strings.Repeat(item+",", MaxSecrets) + item + "]", issue + "list has 51 items; at most 50 are allowed"},
		"item is no object": {`["web-tls"]`, issue + "item 1: got a string, want an object; valid fields are secretName, dnsNames, ipAddresses, uris, usages, issuerRef"},
		"twice":             {"[" + item + "," + item + "]", issue + `item 2: secretName "a" is already in item 1; put all names of its certificate into one item`},
		"unknown field":     {valid("dnsName", `"x"`), issue + `item 1: unknown field "dnsName" (did you mean "dnsNames"?); valid fields are secretName, dnsNames, ipAddresses, uris, usages, issuerRef`},
		"no secretName":     {`[{"dnsNames":["a.example"],"issuerRef":{"name":"ca"}}]`, issue + "item 1: secretName is missing; name the Secret that shall receive the certificate"},
		"bad secretName":    {`[{"secretName":"A_b","dnsNames":["a.example"],"issuerRef":{"name":"ca"}}]`, issue + `item 1: secretName: "A_b"` + badName},
		"no issuerRef":      {`[{"secretName":"a","dnsNames":["a.example"]}]`, issue + `item 1: issuerRef is missing; name who signs, such as {"name": "letsencrypt", "kind": "ClusterCertIssuer"}`},
		"issuerRef a name":  {`[{"secretName":"a","dnsNames":["a.example"],"issuerRef":"ca"}]`, issue + `item 1: issuerRef: got a string, want an object, such as {"name": "letsencrypt", "kind": "ClusterCertIssuer"}`},
		"issuer unnamed":    {`[{"secretName":"a","dnsNames":["a.example"],"issuerRef":{}}]`, issue + "item 1: issuerRef: name is missing; name a CertIssuer of the pod's namespace, or a ClusterCertIssuer with its kind"},
		"bad issuer name":   {`[{"secretName":"a","dnsNames":["a.example"],"issuerRef":{"name":""}}]`, issue + `item 1: issuerRef: name: "" is not a valid name; want at most 253`},
		"bad issuer kind":   {`[{"secretName":"a","dnsNames":["a.example"],"issuerRef":{"name":"ca","kind":"ClusterIssuer"}}]`, issue + `item 1: issuerRef: kind: "ClusterIssuer" is not one of "CertIssuer", "ClusterCertIssuer"`},
		"issuer group":      {`[{"secretName":"a","dnsNames":["a.example"],"issuerRef":{"name":"ca","group":"x"}}]`, issue + `item 1: issuerRef: unknown field "group"; valid fields are name, kind`},
		"no names":          {`[{"secretName":"a","dnsNames":[],"issuerRef":{"name":"ca"}}]`, issue + "item 1: no names; list at least one under dnsNames, ipAddresses or uris"},
		"IP as DNS name":    {valid("dnsNames", `["192.0.2.1"]`), issue + `item 1: dnsNames[0]: "192.0.2.1" is an IP address; list it under ipAddresses`},
		"bad DNS name":      {valid("dnsNames", `["a b"]`), issue + `item 1: dnsNames[0]: "a b" is not a DNS name or a wildcard such as *.example.com`},
		"long label":        {valid("dnsNames", `["`+strings.Repeat("a", 64)+`.example"]`), "has a label of 64 bytes; at most 63 are allowed between two dots"},
		"long name":         {valid("dnsNames", `["*.`+strings.Repeat("a.", 125)+`aa"]`), "is 254 bytes long; a DNS name has at most 253"},
		"bad IP":            {valid("ipAddresses", `["a.example"]`), issue + `item 1: ipAddresses[0]: "a.example" is not an IP address`},
		"bad URI":           {`[{"secretName":"a","uris":["a.example"],"issuerRef":{"name":"ca"}}]`, issue + `item 1: uris[0]: "a.example" is not an absolute URI`},
		"bad usage":         {valid("usages", `["server"]`), issue + `item 1: usages[0]: "server" is not one of "client auth", "server auth"`},
		"two faults":        {`[{"secretName":5,"dnsNames":"a","issuerRef":{"name":"ca"}}]`, "2 faults: (1) " + issue + "item 1: secretName: got a number, want a string in quotes; (2) " + issue + "item 1: dnsNames: got a string, want a list of strings"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseIssue(annotated(IssueTLSAnnotation, tt.value))
			if err == nil || got != nil {
				t.Fatalf("ParseIssue() = %v, %v, want an error", got, err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
			checkMessage(t, err)
		})
	}
}

func TestParseIssueAtTheLimits(t *testing.T) {
	var items, names []string
	for i := range MaxSecrets {
		items = append(items, fmt.Sprintf(`{"secretName":"s%d","dnsNames":["a.example"],"issuerRef":{"name":"ca"}}`, i))
	}
	for i := range MaxDNSNames {
		names = append(names, fmt.Sprintf(`"%d.example"`, i))
	}
	for _, value := range []string{
		"[" + strings.Join(items, ",") + "]",
		`[{"secretName":"s","dnsNames":[` + strings.Join(names, ",") + `],"issuerRef":{"name":"ca"}}]`,
		`[{"secretName":"s","dnsNames":["*.` + strings.Repeat("a.", 125) + `a"],"issuerRef":{"name":"ca"}}]`,
		`[{"secretName":"s","dnsNames":["` + strings.Repeat("a", 63) + `.example"],"issuerRef":{"name":"ca"}}]`,
	} {
		if _, err := ParseIssue(annotated(IssueTLSAnnotation, value)); err != nil {
			t.Errorf("ParseIssue(%.80s...) = %v", value, err)
		}
	}
}
