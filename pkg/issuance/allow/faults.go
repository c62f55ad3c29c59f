// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package allow

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// dnsPattern are the patterns that can permit a name, in the form that canonical gives them.
var dnsPattern = regexp.MustCompile(`^(\*\*?\.)?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$`)

// Faults says what of the rules permits nothing because it is malformed, and what to write instead. CEL in the CRD cannot: a
// thousand rules of a thousand patterns are more than it may look at.
func Faults(rules []v1alpha1.AllowRule) []string {
	var out []string
	for i, r := range rules {
		if _, err := metav1.LabelSelectorAsSelector(&r.NamespaceSelector); err != nil {
			out = append(out, fmt.Sprintf("spec.allow[%d].namespaceSelector selects nothing: %v", i, err))
		}
		for _, list := range []struct {
			field    string
			patterns []string
			fault    func(string) string
		}{
			{"dnsNames", r.DNSNames, dnsFault}, {"ipRanges", r.IPRanges, rangeFault}, {"uris", r.URIs, uriFault},
		} {
			for j, p := range list.patterns {
				if want := list.fault(p); want != "" {
					out = append(out, fmt.Sprintf("spec.allow[%d].%s[%d] %.100q permits nothing: want %s", i, list.field, j, p, want))
				}
			}
		}
	}
	return out
}

func dnsFault(pattern string) string {
	name := canonical(pattern)
	if _, err := netip.ParseAddr(name); err == nil {
		return "a name; put addresses into ipRanges"
	}
	if len(name) > 255 || !dnsPattern.MatchString(name) {
		return `a name, or "*." or "**." before one, for example *.example.com`
	}
	return ""
}

func rangeFault(cidr string) string {
	// Addresses of certificates are compared as IPv4 where they can be: nothing is in a mapped range.
	if p, err := netip.ParsePrefix(cidr); err != nil || p.Addr().Is4In6() {
		return "a range such as 10.0.0.0/8 or 192.0.2.7/32"
	}
	return ""
}

func uriFault(pattern string) string {
	base, below := strings.CutSuffix(pattern, "/*")
	u, err := url.Parse(base)
	switch {
	case err != nil || strings.Contains(base, "*") || u.Scheme == "", below && u.Host == "", u.Host == "" && u.Opaque == "" && u.Path == "":
		return "a URI, or one with a host and /* at its end, for example spiffe://example.org/ns/shop/*"
	}
	return ""
}
