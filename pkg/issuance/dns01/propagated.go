// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

const (
	// maxServers of a zone, and maxAddresses of a server, that are asked. The root has 13 with two addresses each; a zone
	// that somebody else writes may name thousands.
	maxServers   = 16
	maxAddresses = 4
	// maxNamed bounds how many servers a message names.
	maxNamed = 3
)

// server is one name server of a zone.
type server struct {
	name      string
	addresses []string
}

// verdict of one server: exactly one of the three.
type verdict struct {
	has, lacks bool
	// failure says why the server did not answer at all.
	failure string
}

// Propagated reports whether all name servers of the zone, asked directly, have value among the TXT records at fqdn. If
// not, waiting says which of them are waited for. An error says that the name servers could not be found out.
//
// A server counts by the addresses at which it answers: one with an IPv6 address is no obstacle to a cluster without IPv6.
func (c *Checker) Propagated(ctx context.Context, fqdn, zone, value string) (ok bool, waiting string, err error) {
	fqdn, zone = dns.CanonicalName(fqdn), dns.CanonicalName(zone)
	servers, err := c.servers(ctx, zone)
	if err != nil {
		return false, "", fmt.Errorf("looking up the name servers of zone %s: %w", zone, err)
	}
	verdicts := make([]verdict, len(servers))
	var wg sync.WaitGroup
	for i := range servers {
		wg.Go(func() { verdicts[i] = c.askServer(ctx, servers[i], fqdn, value) })
	}
	wg.Wait()
	if ctx.Err() != nil {
		return false, "", fmt.Errorf("asking the name servers of zone %s: %w", zone, ctx.Err())
	}
	waiting = waitingFor(servers, verdicts, fqdn, zone)
	return waiting == "", waiting, nil
}

// waitingFor is empty if all servers have the value.
func waitingFor(servers []server, verdicts []verdict, fqdn, zone string) string {
	var lacking, failing []string
	for i, v := range verdicts {
		switch {
		case v.lacks:
			lacking = append(lacking, servers[i].name)
		case !v.has:
			failing = append(failing, fmt.Sprintf("%s (%s)", servers[i].name, v.failure))
		}
	}
	var parts []string
	if len(lacking) > 0 {
		parts = append(parts, fmt.Sprintf("waiting until %s of zone %s serve TXT record %s", some(lacking), zone, fqdn))
	}
	if len(failing) > 0 {
		parts = append(parts, fmt.Sprintf("waiting for an answer of %s of zone %s to TXT %s", some(failing), zone, fqdn))
	}
	return strings.Join(parts, "; ")
}

// some joins the first few names.
func some(names []string) string {
	if len(names) > maxNamed {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxNamed], ", "), len(names)-maxNamed)
	}
	return strings.Join(names, ", ")
}

// servers returns who has to serve the record, by name.
func (c *Checker) servers(ctx context.Context, zone string) ([]server, error) {
	if c.RecursiveOnly {
		addresses, err := c.Resolver.nameservers()
		var servers []server
		for _, a := range addresses {
			servers = append(servers, server{name: a, addresses: []string{a}})
		}
		return servers, err
	}
	answer, err := c.Resolver.lookup(ctx, zone, dns.TypeNS)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, ns := range records[*dns.NS](answer, zone) {
		names = append(names, dns.CanonicalName(ns.Ns))
	}
	if len(names) == 0 {
		return nil, errors.New("it has no NS record; is it still delegated?")
	}
	slices.Sort(names)
	names = slices.Compact(names)
	names = names[:min(len(names), maxServers)]
	servers := make([]server, len(names))
	failures := make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() {
			servers[i].name = name
			servers[i].addresses, failures[i] = c.addresses(ctx, name)
		})
	}
	wg.Wait()
	for _, err := range failures {
		if err != nil {
			return nil, err
		}
	}
	return servers, nil
}

// addresses returns host:port of a name server, IPv4 first.
func (c *Checker) addresses(ctx context.Context, host string) ([]string, error) {
	var ips []string
	v4, err := c.Resolver.lookup(ctx, host, dns.TypeA)
	if err != nil {
		return nil, err
	}
	for _, a := range records[*dns.A](v4, host) {
		ips = append(ips, a.A.String())
	}
	v6, err := c.Resolver.lookup(ctx, host, dns.TypeAAAA)
	if err != nil && len(ips) == 0 { // some resolvers answer AAAA with errors
		return nil, err
	}
	if err == nil {
		for _, a := range records[*dns.AAAA](v6, host) {
			ips = append(ips, a.AAAA.String())
		}
	}
	var addresses []string
	for _, ip := range ips[:min(len(ips), maxAddresses)] {
		addresses = append(addresses, net.JoinHostPort(ip, dnsPort))
	}
	return addresses, nil
}

// askServer asks all addresses of a server. One that answers without the value decides.
func (c *Checker) askServer(ctx context.Context, s server, fqdn, value string) verdict {
	v := verdict{failure: "it has no address"}
	results := make([]verdict, len(s.addresses))
	var wg sync.WaitGroup
	for i, address := range s.addresses {
		wg.Go(func() {
			answer, err := c.Resolver.ask(ctx, address, fqdn, dns.TypeTXT, c.RecursiveOnly)
			results[i] = judge(answer, err, fqdn, value)
		})
	}
	wg.Wait()
	for i, r := range results {
		switch {
		case r.lacks:
			return r
		case r.has:
			v = r
		case !v.has && i == 0:
			v = r
		}
	}
	return v
}

// judge reads the answer of one address.
func judge(answer *dns.Msg, err error, fqdn, value string) verdict {
	if err != nil {
		return verdict{failure: cause(err)}
	}
	if answer.Rcode != dns.RcodeSuccess && answer.Rcode != dns.RcodeNameError {
		return verdict{failure: "it answers " + rcode(answer.Rcode)}
	}
	for _, txt := range records[*dns.TXT](answer, fqdn) {
		if strings.Join(txt.Txt, "") == value {
			return verdict{has: true}
		}
	}
	return verdict{lacks: true}
}
