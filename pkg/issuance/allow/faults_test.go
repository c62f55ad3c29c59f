// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package allow

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

func TestFaults(t *testing.T) {
	selector := func(key string, operator metav1.LabelSelectorOperator, values ...string) v1alpha1.AllowRule {
		return v1alpha1.AllowRule{NamespaceSelector: metav1.LabelSelector{
			MatchExpressions: []metav1.LabelSelectorRequirement{{Key: key, Operator: operator, Values: values}},
		}}
	}
	for name, tt := range map[string]struct {
		rule v1alpha1.AllowRule
		want string // "": there is none
	}{
		"fine": {v1alpha1.AllowRule{
			DNSNames: []string{"example.com", "*.example.com", "**.example.com", "A.example.com.", "localhost", "xn--bcher-kva.example"},
			IPRanges: []string{"10.0.0.0/8", "10.1.2.3/8", "192.0.2.7/32", "2001:db8::/32"},
			URIs:     []string{"spiffe://example.org/*", "spiffe://example.org/ns/shop/*", "spiffe://example.org", "urn:shop:web", "https://example.org/a?b"},
		}, ""},
		"empty name":            {v1alpha1.AllowRule{DNSNames: []string{""}}, `spec.allow[0].dnsNames[0] "" permits nothing: want a name`},
		"bare wildcard":         {v1alpha1.AllowRule{DNSNames: []string{"*"}}, `dnsNames[0] "*"`},
		"half a wildcard":       {v1alpha1.AllowRule{DNSNames: []string{"a*.example.com"}}, `dnsNames[0]`},
		"wildcard inside":       {v1alpha1.AllowRule{DNSNames: []string{"a.*.example.com"}}, `dnsNames[0]`},
		"three stars":           {v1alpha1.AllowRule{DNSNames: []string{"***.example.com"}}, `dnsNames[0]`},
		"URL":                   {v1alpha1.AllowRule{DNSNames: []string{"https://example.com"}}, `dnsNames[0]`},
		"two in one":            {v1alpha1.AllowRule{DNSNames: []string{"a.example.com,b.example.com"}}, `dnsNames[0]`},
		"other script":          {v1alpha1.AllowRule{DNSNames: []string{"bücher.example"}}, `dnsNames[0]`},
		"long label":            {v1alpha1.AllowRule{DNSNames: []string{strings.Repeat("a", 64) + ".example.com"}}, `dnsNames[0]`},
		"long name":             {v1alpha1.AllowRule{DNSNames: []string{strings.Repeat("a.", 127) + "example.com"}}, `dnsNames[0]`},
		"address among names":   {v1alpha1.AllowRule{DNSNames: []string{"192.0.2.7"}}, "put addresses into ipRanges"},
		"the second":            {v1alpha1.AllowRule{DNSNames: []string{"a.com", "*"}}, `dnsNames[1]`},
		"address without mask":  {v1alpha1.AllowRule{IPRanges: []string{"192.0.2.7"}}, `spec.allow[0].ipRanges[0] "192.0.2.7" permits nothing: want a range such as`},
		"mask too long":         {v1alpha1.AllowRule{IPRanges: []string{"192.0.2.0/33"}}, `ipRanges[0]`},
		"mask in dots":          {v1alpha1.AllowRule{IPRanges: []string{"10.0.0.0/255.0.0.0"}}, `ipRanges[0]`},
		"from to":               {v1alpha1.AllowRule{IPRanges: []string{"10.0.0.1-10.0.0.9"}}, `ipRanges[0]`},
		"mapped":                {v1alpha1.AllowRule{IPRanges: []string{"::ffff:10.0.0.0/104"}}, `ipRanges[0]`},
		"empty range":           {v1alpha1.AllowRule{IPRanges: []string{""}}, `ipRanges[0]`},
		"empty URI":             {v1alpha1.AllowRule{URIs: []string{""}}, `spec.allow[0].uris[0] "" permits nothing: want a URI`},
		"no scheme":             {v1alpha1.AllowRule{URIs: []string{"example.org/*"}}, `uris[0]`},
		"no host":               {v1alpha1.AllowRule{URIs: []string{"spiffe:///*"}}, `uris[0]`},
		"star for a host":       {v1alpha1.AllowRule{URIs: []string{"spiffe://*"}}, `uris[0]`},
		"star without slash":    {v1alpha1.AllowRule{URIs: []string{"spiffe://example.org/a*"}}, `uris[0]`},
		"star inside":           {v1alpha1.AllowRule{URIs: []string{"spiffe://example.org/*/sa/web"}}, `uris[0]`},
		"unknown operator":      {selector("team", "Is", "shop"), `spec.allow[0].namespaceSelector selects nothing: "Is" is not a valid label selector operator`},
		"operator with no list": {selector("team", metav1.LabelSelectorOpIn), "spec.allow[0].namespaceSelector selects nothing: "},
		"list for nothing":      {selector("team", metav1.LabelSelectorOpExists, "shop"), "values set must be empty"},
		"key":                   {selector("a team", metav1.LabelSelectorOpExists), "a team"},
		"value":                 {v1alpha1.AllowRule{NamespaceSelector: metav1.LabelSelector{MatchLabels: map[string]string{"team": "a team"}}}, "a team"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Faults([]v1alpha1.AllowRule{tt.rule})
			if tt.want == "" && len(got) > 0 || tt.want != "" && (len(got) != 1 || !strings.Contains(got[0], tt.want)) {
				t.Errorf("Faults = %q, want %q", got, tt.want)
			}
		})
	}
}
