// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package allow

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

func TestCheck(t *testing.T) {
	team := func(name string) metav1.LabelSelector {
		return metav1.LabelSelector{MatchLabels: map[string]string{"team": name}}
	}
	shop := labels.Set{"team": "shop"}
	tests := []struct {
		name     string
		rules    []v1alpha1.AllowRule
		dnsNames []string
		ips      []string
		uris     []string
		denied   []string
	}{
		{name: "no rules", dnsNames: []string{"a.example.com"}, denied: []string{"a.example.com"}},
		{name: "exact", rules: []v1alpha1.AllowRule{{DNSNames: []string{"A.example.com."}}}, dnsNames: []string{"a.example.com", "b.example.com"}, denied: []string{"b.example.com"}},
		{name: "one label", rules: []v1alpha1.AllowRule{{DNSNames: []string{"*.example.com"}}},
			dnsNames: []string{"a.example.com", "*.example.com", "example.com", "a.b.example.com", "*.b.example.com", "aexample.com"},
			denied:   []string{"example.com", "a.b.example.com", "*.b.example.com", "aexample.com"}},
		{name: "any depth", rules: []v1alpha1.AllowRule{{DNSNames: []string{"**.example.com"}}},
			dnsNames: []string{"a.example.com", "a.b.example.com", "*.example.com", "*.b.example.com", "example.com", "aexample.com", ".example.com"},
			denied:   []string{"example.com", "aexample.com", ".example.com"}},
		{name: "a wildcard needs more than an exact name", rules: []v1alpha1.AllowRule{{DNSNames: []string{"a.example.com"}}}, dnsNames: []string{"*.example.com"}, denied: []string{"*.example.com"}},
		{name: "malformed patterns", rules: []v1alpha1.AllowRule{{DNSNames: []string{"", "*.", "**.", "*", "**"}}}, dnsNames: []string{"a.example.com", "com"}, denied: []string{"a.example.com", "com"}},
		{name: "other namespace", rules: []v1alpha1.AllowRule{{NamespaceSelector: team("bank"), DNSNames: []string{"**.com"}}}, dnsNames: []string{"a.com"}, denied: []string{"a.com"}},
		{name: "rules add up", rules: []v1alpha1.AllowRule{
			{NamespaceSelector: team("shop"), DNSNames: []string{"a.com"}}, {DNSNames: []string{"b.com"}},
		}, dnsNames: []string{"a.com", "b.com"}},
		{name: "addresses", rules: []v1alpha1.AllowRule{{IPRanges: []string{"10.0.0.0/8", "2001:db8::/32", "nonsense"}}},
			ips: []string{"10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1", "192.0.2.1", "x"}, denied: []string{"192.0.2.1", "x"}},
		{name: "DNS rules allow no addresses", rules: []v1alpha1.AllowRule{{DNSNames: []string{"10.1.2.3", "**.2.3"}}}, ips: []string{"10.1.2.3"}, denied: []string{"10.1.2.3"}},
		{name: "exact URI", rules: []v1alpha1.AllowRule{{URIs: []string{"spiffe://example.org/ns/shop/sa/web", "urn:shop:web"}}},
			uris:   []string{"spiffe://example.org/ns/shop/sa/web", "urn:shop:web", "spiffe://example.org/ns/shop/sa/web/x", "spiffe://EXAMPLE.org/ns/shop/sa/web"},
			denied: []string{"spiffe://example.org/ns/shop/sa/web/x", "spiffe://EXAMPLE.org/ns/shop/sa/web"}},
		{name: "URIs below a path", rules: []v1alpha1.AllowRule{{URIs: []string{"spiffe://example.org/ns/shop/*"}}},
			uris: []string{
				"spiffe://example.org/ns/shop/web", "spiffe://example.org/ns/shop/sa/web",
				"spiffe://example.org/ns/shop", "spiffe://example.org/ns/shop/", "spiffe://example.org/ns/shopping/web", "spiffe://example.com/ns/shop/web",
				"spiffe://example.org/ns/shop/../bank", "spiffe://example.org/ns/shop/%2e%2e/bank", "spiffe://example.org/ns/shop//web",
				"spiffe://example.org/ns/shop/web?a", "spiffe://example.org/ns/shop/web#a", `spiffe://example.org/ns/shop/..\bank`,
			},
			denied: []string{
				"spiffe://example.org/ns/shop", "spiffe://example.org/ns/shop/", "spiffe://example.org/ns/shopping/web", "spiffe://example.com/ns/shop/web",
				"spiffe://example.org/ns/shop/../bank", "spiffe://example.org/ns/shop/%2e%2e/bank", "spiffe://example.org/ns/shop//web",
				"spiffe://example.org/ns/shop/web?a", "spiffe://example.org/ns/shop/web#a", `spiffe://example.org/ns/shop/..\bank`,
			}},
		{name: "malformed URI patterns", rules: []v1alpha1.AllowRule{{URIs: []string{"", "*", "/*", "spiffe://*", "spiffe:///*", "spiffe://*/*", "spiffe://example.org*"}}},
			uris: []string{"spiffe://example.org/a", "/a"}, denied: []string{"spiffe://example.org/a", "/a"}},
		{name: "DNS rules allow no URIs", rules: []v1alpha1.AllowRule{{DNSNames: []string{"**.org", "spiffe://example.org/a"}}},
			uris: []string{"spiffe://example.org/a"}, denied: []string{"spiffe://example.org/a"}},
		{name: "URI of another namespace", rules: []v1alpha1.AllowRule{{NamespaceSelector: team("bank"), URIs: []string{"spiffe://example.org/*"}}},
			uris: []string{"spiffe://example.org/a"}, denied: []string{"spiffe://example.org/a"}},
		{name: "bad selector fails closed", rules: []v1alpha1.AllowRule{{
			NamespaceSelector: metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Is"}}},
			DNSNames:          []string{"a.com"},
		}}, dnsNames: []string{"a.com"}, denied: []string{"a.com"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Check(tt.rules, shop, tt.dnsNames, tt.ips, tt.uris)
			var denied *Denied
			if errors.As(err, &denied) != (tt.denied != nil) {
				t.Fatalf("Check: %v, want denied %v", err, tt.denied)
			}
			if denied != nil {
				if diff := cmp.Diff(tt.denied, denied.Names); diff != "" {
					t.Errorf("denied names (-want, +got):\n%s", diff)
				}
			}
		})
	}
}
