// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// rank says how well a solver fits a name; of two the greater one is used.
type rank struct {
	// exact: the selector has the name itself.
	exact bool
	// zone is the length of the longest zone of the selector that the name is in.
	zone int
	// labels is how many labels the selector asks for.
	labels int
}

func (r rank) beats(other rank) bool {
	switch {
	case r.exact != other.exact:
		return r.exact
	case r.zone != other.zone:
		return r.zone > other.zone
	}
	return r.labels > other.labels
}

// Choose returns the index of the solver for a name: a DNS name, "*." and a DNS name, or an IP address. labels are those
// of the TLSCertificate. Of several that fit, one that selects the name itself beats one that selects its zone, a longer
// zone beats a shorter one, any of these beats one that selects no names, and more labels beat fewer; then the first in
// the list is taken. Wildcards can be validated by dns-01 alone, addresses by http-01 alone (RFC 8555 section 7.1.3 and
// RFC 8738 section 7). The error says what to add.
func Choose(solvers []v1alpha1.Solver, labels map[string]string, name string) (int, error) {
	best, bestRank := -1, rank{}
	selected := false // by a solver that cannot answer for such a name
	for i, s := range solvers {
		r, ok := fit(s.Selector, labels, name)
		if !ok {
			continue
		}
		if !answers(s, name) {
			selected = true
			continue
		}
		if best < 0 || r.beats(bestRank) {
			best, bestRank = i, r
		}
	}
	if best < 0 {
		return -1, noSolver(name, selected)
	}
	return best, nil
}

// SolverFor returns the issuer's solver for a name of the TLSCertificate; nil if none fits.
func SolverFor(spec *v1alpha1.ACMEIssuer, cert *v1alpha1.TLSCertificate, name string) *v1alpha1.Solver {
	i, err := Choose(spec.Solvers, cert.Labels, name)
	if err != nil {
		return nil
	}
	return &spec.Solvers[i]
}

// usesDNS reports whether any name may be answered for by dns-01.
func usesDNS(spec *v1alpha1.ACMEIssuer) bool {
	return slices.ContainsFunc(spec.Solvers, func(s v1alpha1.Solver) bool { return s.DNS01 != nil })
}

// answers reports whether the CA takes what the solver offers for such a name.
func answers(s v1alpha1.Solver, name string) bool {
	switch {
	case isWildcard(name):
		return s.DNS01 != nil
	case isAddress(name):
		return s.HTTP01 != nil
	}
	return s.HTTP01 != nil || s.DNS01 != nil
}

// fit reports whether a selector selects the name, and how well. What is set has to fit; addresses have no zone.
func fit(s *v1alpha1.SolverSelector, labels map[string]string, name string) (rank, bool) {
	r := rank{}
	if s == nil {
		return r, true
	}
	for key, value := range s.MatchLabels {
		if got, ok := labels[key]; !ok || got != value {
			return r, false
		}
	}
	r.labels = len(s.MatchLabels)
	name = canonicalName(name)
	if len(s.DNSNames) > 0 {
		r.exact = slices.ContainsFunc(s.DNSNames, func(n string) bool { return canonicalName(n) == name })
		if !r.exact {
			return r, false
		}
	}
	if len(s.DNSZones) > 0 {
		for _, zone := range s.DNSZones {
			if zone = canonicalName(zone); !isAddress(name) && (name == zone || strings.HasSuffix(name, "."+zone)) {
				r.zone = max(r.zone, len(zone))
			}
		}
		if r.zone == 0 {
			return r, false
		}
	}
	return r, true
}

// noSolver says what is missing; selected: a solver selects the name but is of the wrong kind for it.
func noSolver(name string, selected bool) error {
	kind, advice := "", "add a solver without selector to spec.acme.solvers of the issuer, or the name to dnsNames or dnsZones of a selector"
	switch {
	case isWildcard(name):
		kind = " (wildcard names are validated by dns-01 alone)"
		advice = "add a solver with dns01 whose selector has " + strings.TrimPrefix(name, "*.") + " in dnsZones to spec.acme.solvers of the issuer, or remove the name from spec.dnsNames"
	case isAddress(name):
		kind = " (addresses are validated by http-01 alone)"
		advice = "add a solver with http01 whose selector has neither dnsNames nor dnsZones to spec.acme.solvers of the issuer, or remove the address from spec.ipAddresses"
	case selected:
		kind = " (the one that selects it has neither http01 nor dns01)"
	}
	return fmt.Errorf("no solver of the issuer fits %s%s; %s", name, kind, advice)
}

func isWildcard(name string) bool { return strings.HasPrefix(name, "*.") }

func isAddress(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil
}

// canonicalName is the name as it is compared: lower case, no final dot.
func canonicalName(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }
