// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package allow decides whether spec.allow of a ClusterCertIssuer permits a namespace certain names.
package allow

import (
	"fmt"
	"net/netip"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// Denied is the error of Check: names that no rule permits.
type Denied struct {
	// Names that are not permitted, in the order asked.
	Names []string
	// Selected is how many rules select the namespace.
	Selected int
	// Invalid describes rules that permit nothing because they are malformed.
	Invalid []string
}

// Error implements error.
func (d *Denied) Error() string {
	msg := fmt.Sprintf("%s not permitted in this namespace by spec.allow (%d rules select it); ask whoever runs the issuer to add a rule",
		quoteList(d.Names), d.Selected)
	if len(d.Invalid) > 0 {
		msg += "; rules that are ignored: " + strings.Join(d.Invalid, ", ")
	}
	return msg
}

// Check returns nil if for each name, each IP address and each URI there is a rule that selects the namespace's labels
// and permits it, else a *Denied. A malformed rule, pattern or range permits nothing.
func Check(rules []v1alpha1.AllowRule, namespace labels.Set, dnsNames, ipAddresses, uris []string) error {
	d := &Denied{}
	var selected []v1alpha1.AllowRule
	for i, r := range rules {
		selector, err := metav1.LabelSelectorAsSelector(&r.NamespaceSelector)
		if err != nil {
			d.Invalid = append(d.Invalid, fmt.Sprintf("allow[%d].namespaceSelector: %v", i, err))
			continue
		}
		if selector.Matches(namespace) {
			selected = append(selected, r)
		}
	}
	d.Selected = len(selected)
	for _, name := range dnsNames {
		if !anyRule(selected, func(r v1alpha1.AllowRule) bool { return anyOf(r.DNSNames, name, matchDNS) }) {
			d.Names = append(d.Names, name)
		}
	}
	for _, ip := range ipAddresses {
		if !anyRule(selected, func(r v1alpha1.AllowRule) bool { return anyOf(r.IPRanges, ip, matchIP) }) {
			d.Names = append(d.Names, ip)
		}
	}
	for _, uri := range uris {
		if !anyRule(selected, func(r v1alpha1.AllowRule) bool { return anyOf(r.URIs, uri, matchURI) }) {
			d.Names = append(d.Names, uri)
		}
	}
	if len(d.Names) == 0 {
		return nil
	}
	return d
}

// matchDNS reports whether pattern permits name: an exact name itself; "*.base" any one label before base,
// the label "*" included; "**.base" one or more labels before base.
func matchDNS(pattern, name string) bool {
	pattern, name = canonical(pattern), canonical(name)
	if base, ok := strings.CutPrefix(pattern, "**."); ok {
		return base != "" && len(name) > len(base)+1 && strings.HasSuffix(name, "."+base)
	}
	if base, ok := strings.CutPrefix(pattern, "*."); ok {
		label, rest, found := strings.Cut(name, ".")
		return base != "" && found && label != "" && rest == base
	}
	return pattern != "" && pattern == name
}

// matchIP reports whether the CIDR range holds the address.
func matchIP(cidr, address string) bool {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(address)
	return err == nil && prefix.Contains(addr.Unmap())
}

func canonical(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }

func anyRule(rules []v1alpha1.AllowRule, permits func(v1alpha1.AllowRule) bool) bool {
	for _, r := range rules {
		if permits(r) {
			return true
		}
	}
	return false
}

func anyOf(patterns []string, name string, match func(pattern, name string) bool) bool {
	for _, p := range patterns {
		if match(p, name) {
			return true
		}
	}
	return false
}

func quoteList(names []string) string {
	const most = 3
	shown := names[:min(len(names), most)]
	list := strings.Join(shown, ", ")
	if more := len(names) - len(shown); more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	if len(names) == 1 {
		return list + " is"
	}
	return list + " are"
}
