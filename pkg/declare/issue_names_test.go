// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAskedNamesAreRequired: the pods of a rollout that adds a name wait until the certificate has it.
func TestAskedNamesAreRequired(t *testing.T) {
	issue := `[{"secretName":"web-tls","dnsNames":["b.example"],"ipAddresses":["192.0.2.1"],"uris":["spiffe://a/b"],"issuerRef":{"name":"ca"}},
		{"secretName":"other-tls","dnsNames":["o.example"],"issuerRef":{"name":"ca"}}]`
	d, err := Parse(annotated(RequireTLSAnnotation, "web-tls, api-tls", IssueTLSAnnotation, issue,
		RequirementsAnnotation, `[{"secretName":"web-tls","dnsNames":["a.example","b.example"]}]`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Requirement{
		{SecretName: "api-tls"},
		{SecretName: "web-tls", DNSNames: []string{"192.0.2.1", "a.example", "b.example"}, URIs: []string{"spiffe://a/b"}},
	}
	if diff := cmp.Diff(want, d.Requirements); diff != "" {
		t.Errorf("unexpected requirements (-want, +got):\n%s", diff)
	}
	if d, err := Parse(annotated(IssueTLSAnnotation, issue)); err != nil || len(d.Requirements) > 0 {
		t.Errorf("the annotation alone: %+v, %v, want no requirement", d, err)
	}
	if _, err := Parse(annotated(RequireTLSAnnotation, "web-tls", IssueTLSAnnotation, "web-tls")); err == nil || !strings.Contains(err.Error(), "annotation "+IssueTLSAnnotation+": got a string") {
		t.Errorf("a malformed annotation: %v", err)
	}
}
