// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// maxPatterns is how many patterns of a kind a rule may have.
const maxPatterns = 1000

// allowRules permit the names of the Certificates in their namespaces, and nothing else. (The pattern of a wildcard name also
// permits single names that the wildcard covers.)
func allowRules(certificates []*certificate) []v1alpha1.AllowRule {
	byNamespace := map[string]*v1alpha1.AllowRule{}
	var namespaces []string
	for _, cert := range certificates {
		if cert.isCA {
			continue
		}
		ns := cert.ref.Namespace
		all := byNamespace[ns]
		if all == nil {
			all = &v1alpha1.AllowRule{}
			byNamespace[ns], namespaces = all, append(namespaces, ns)
		}
		all.DNSNames = append(all.DNSNames, cert.to.Spec.DNSNames...)
		all.URIs = append(all.URIs, cert.to.Spec.URIs...)
		for _, text := range cert.to.Spec.IPAddresses {
			if addr, err := netip.ParseAddr(text); err == nil {
				addr = addr.Unmap()
				all.IPRanges = append(all.IPRanges, netip.PrefixFrom(addr, addr.BitLen()).String())
			}
		}
	}
	slices.Sort(namespaces)
	var rules []v1alpha1.AllowRule
	for _, ns := range namespaces {
		rules = append(rules, split(ns, byNamespace[ns])...)
	}
	return rules
}

// split makes as many rules of the patterns as their limit demands.
func split(namespace string, all *v1alpha1.AllowRule) []v1alpha1.AllowRule {
	dns, ips, uris := unique(all.DNSNames), unique(all.IPRanges), unique(all.URIs)
	var rules []v1alpha1.AllowRule
	for len(dns)+len(ips)+len(uris) > 0 {
		rule := v1alpha1.AllowRule{
			NamespaceSelector: metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespace}},
		}
		rule.DNSNames, dns = cut(dns)
		rule.IPRanges, ips = cut(ips)
		rule.URIs, uris = cut(uris)
		rules = append(rules, rule)
	}
	return rules
}

func cut(all []string) (first, rest []string) {
	n := min(len(all), maxPatterns)
	return all[:n:n], all[n:]
}

func unique(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}
