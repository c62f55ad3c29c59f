// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

func byHTTP(selector *v1alpha1.SolverSelector) v1alpha1.Solver {
	return v1alpha1.Solver{Selector: selector, HTTP01: &v1alpha1.HTTP01Solver{}}
}

func byDNS(selector *v1alpha1.SolverSelector) v1alpha1.Solver {
	return v1alpha1.Solver{Selector: selector, DNS01: &v1alpha1.DNS01Solver{}}
}

func names(n ...string) *v1alpha1.SolverSelector { return &v1alpha1.SolverSelector{DNSNames: n} }
func zones(z ...string) *v1alpha1.SolverSelector { return &v1alpha1.SolverSelector{DNSZones: z} }

func TestChoose(t *testing.T) {
	team := &v1alpha1.SolverSelector{MatchLabels: map[string]string{"team": "shop"}}
	labels := map[string]string{"team": "shop", "tier": "web"}
	for name, tt := range map[string]struct {
		solvers []v1alpha1.Solver
		name    string
		want    int
	}{
		"the only one":                           {[]v1alpha1.Solver{byHTTP(nil)}, "www.example.com", 0},
		"first of equals":                        {[]v1alpha1.Solver{byHTTP(nil), byDNS(nil)}, "www.example.com", 0},
		"an empty selector is none":              {[]v1alpha1.Solver{byHTTP(&v1alpha1.SolverSelector{}), byDNS(nil)}, "www.example.com", 0},
		"wildcard takes dns01":                   {[]v1alpha1.Solver{byHTTP(nil), byDNS(nil)}, "*.example.com", 1},
		"wildcard takes dns01 over an http zone": {[]v1alpha1.Solver{byHTTP(zones("example.com")), byDNS(nil)}, "*.example.com", 1},
		"address takes http01":                   {[]v1alpha1.Solver{byDNS(nil), byHTTP(nil)}, "192.0.2.7", 1},
		"address of version 6":                   {[]v1alpha1.Solver{byDNS(nil), byHTTP(nil)}, "2001:db8::1", 1},
		"zone beats none":                        {[]v1alpha1.Solver{byHTTP(nil), byDNS(zones("example.com"))}, "www.example.com", 1},
		"zone selects itself":                    {[]v1alpha1.Solver{byHTTP(nil), byDNS(zones("example.com"))}, "example.com", 1},
		"zone selects the wildcard":              {[]v1alpha1.Solver{byDNS(nil), byDNS(zones("example.com"))}, "*.example.com", 1},
		"zone ends at a label":                   {[]v1alpha1.Solver{byHTTP(nil), byDNS(zones("example.com"))}, "badexample.com", 0},
		"longer zone":                            {[]v1alpha1.Solver{byHTTP(zones("example.com")), byDNS(zones("eu.example.com", "org"))}, "a.eu.example.com", 1},
		"longest of one selector":                {[]v1alpha1.Solver{byHTTP(zones("eu.example.com")), byDNS(zones("com", "a.eu.example.com"))}, "a.eu.example.com", 1},
		"name beats zone":                        {[]v1alpha1.Solver{byDNS(zones("www.example.com")), byHTTP(names("www.example.com"))}, "www.example.com", 1},
		"name is not its children":               {[]v1alpha1.Solver{byDNS(nil), byHTTP(names("example.com"))}, "www.example.com", 0},
		"wildcard as a name":                     {[]v1alpha1.Solver{byDNS(zones("example.com")), byDNS(names("*.example.com"))}, "*.example.com", 1},
		"name does not select the wildcard":      {[]v1alpha1.Solver{byDNS(zones("example.com")), byDNS(names("example.com"))}, "*.example.com", 0},
		"case and final dot":                     {[]v1alpha1.Solver{byHTTP(nil), byDNS(zones("Example.COM."))}, "www.example.com", 1},
		"labels":                                 {[]v1alpha1.Solver{byHTTP(nil), byDNS(team)}, "www.example.com", 1},
		"zone beats labels":                      {[]v1alpha1.Solver{byHTTP(team), byDNS(zones("example.com"))}, "www.example.com", 1},
		"labels that do not fit": {[]v1alpha1.Solver{
			byDNS(&v1alpha1.SolverSelector{MatchLabels: map[string]string{"team": "bank"}, DNSNames: []string{"www.example.com"}}), byHTTP(nil)}, "www.example.com", 1},
		"all that is set has to fit": {[]v1alpha1.Solver{
			byDNS(&v1alpha1.SolverSelector{DNSNames: []string{"www.example.com"}, DNSZones: []string{"example.org"}}), byHTTP(nil)}, "www.example.com", 1},
		"an address is in no zone": {[]v1alpha1.Solver{byHTTP(zones("7")), byHTTP(nil)}, "192.0.2.7", 1},
		"an address as a name":     {[]v1alpha1.Solver{byHTTP(nil), byHTTP(names("192.0.2.7"))}, "192.0.2.7", 1},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Choose(tt.solvers, labels, tt.name)
			if err != nil || got != tt.want {
				t.Errorf("Choose(%s) = %d, %v, want %d", tt.name, got, err, tt.want)
			}
		})
	}
}

func TestNoSolverFits(t *testing.T) {
	for name, tt := range map[string]struct {
		solvers []v1alpha1.Solver
		name    string
		want    []string
	}{
		"wildcard":       {[]v1alpha1.Solver{byHTTP(nil)}, "*.example.com", []string{"*.example.com", "dns-01 alone", "example.com in dnsZones"}},
		"address":        {[]v1alpha1.Solver{byDNS(nil)}, "192.0.2.7", []string{"192.0.2.7", "http-01 alone", "spec.ipAddresses"}},
		"other zone":     {[]v1alpha1.Solver{byHTTP(zones("example.org"))}, "www.example.com", []string{"www.example.com", "without selector"}},
		"no solver":      {nil, "www.example.com", []string{"www.example.com", "spec.acme.solvers"}},
		"neither of two": {[]v1alpha1.Solver{{}}, "www.example.com", []string{"neither http01 nor dns01"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Choose(tt.solvers, nil, tt.name)
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("Choose(%s): %v, want %q", tt.name, err, want)
				}
			}
		})
	}
}
