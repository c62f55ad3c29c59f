// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// maxCNAMEs that are followed from one name. Resolvers of CAs follow about as many.
const maxCNAMEs = 10

// Checker finds out where the TXT record of a challenge belongs, and when all name servers serve it.
type Checker struct {
	// Resolver asks the name servers.
	Resolver Resolver
	// RecursiveOnly asks only the recursive name servers for TXT records, in clusters from which the zone's own name
	// servers cannot be reached. These cache what they have not found, for as long as the zone's SOA record says.
	RecursiveOnly bool
}

// NewChecker returns a Checker that asks the zones' own name servers.
func NewChecker(r Resolver) *Checker { return &Checker{Resolver: r} }

// Resolve returns where the TXT record for a domain (or wildcard) belongs, and the zone it is in, both absolute: CNAMEs
// are followed from _acme-challenge.<domain>; the zone is the nearest name above that has a SOA record.
func (c *Checker) Resolve(ctx context.Context, domain string) (fqdn, zone string, err error) {
	name := dns.CanonicalName(challengeLabel + "." + strings.TrimPrefix(domain, "*."))
	if domain == "" || !recordName.MatchString(name) {
		return "", "", mark(ErrConfiguration, fmt.Errorf("looking up where the TXT record for %q belongs: it is not a domain name", domain))
	}
	if fqdn, err = c.follow(ctx, name); err != nil {
		return "", "", fmt.Errorf("following CNAMEs from %s: %w", name, err)
	}
	if zone, err = c.zone(ctx, fqdn); err != nil {
		return "", "", fmt.Errorf("looking up the zone of %s: %w", fqdn, err)
	}
	return fqdn, zone, nil
}

// follow returns the end of the chain of CNAMEs that begins at name. (For DNAMEs, name servers make up CNAMEs.)
func (c *Checker) follow(ctx context.Context, name string) (string, error) {
	chain := []string{name}
	for {
		answer, err := c.Resolver.lookup(ctx, name, dns.TypeCNAME)
		if err != nil {
			return "", err
		}
		found := records[*dns.CNAME](answer, name)
		if len(found) == 0 {
			return name, nil
		}
		name = dns.CanonicalName(found[0].Target)
		if !recordName.MatchString(name) {
			return "", mark(ErrConfiguration, fmt.Errorf("the CNAME record at %s leads to %q, which no TXT record is written at; correct it", chain[len(chain)-1], name))
		}
		if slices.Contains(chain, name) {
			return "", mark(ErrConfiguration, fmt.Errorf("CNAME records lead in a circle (%s); correct them", strings.Join(append(chain, name), " -> ")))
		}
		if len(chain) > maxCNAMEs {
			return "", mark(ErrConfiguration, fmt.Errorf("there are more than %d CNAME records in a row; shorten the chain, since CAs do not follow it either", maxCNAMEs))
		}
		chain = append(chain, name)
	}
}

// zone returns the nearest of name and the names above it that has a SOA record.
func (c *Checker) zone(ctx context.Context, name string) (string, error) {
	for _, at := range dns.Split(name) {
		candidate := name[at:]
		answer, err := c.Resolver.lookup(ctx, candidate, dns.TypeSOA)
		if err != nil {
			return "", err
		}
		if len(records[*dns.SOA](answer, candidate)) > 0 {
			return candidate, nil
		}
	}
	return "", mark(ErrConfiguration, fmt.Errorf("no name above it has a SOA record; register the domain, or give the controller recursive name servers that know it"))
}
