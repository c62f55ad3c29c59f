// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/tollgate-dev/tollgate/pkg/issuance/dns01/dnstest"
)

func checkerOf(n *dnstest.Net) *Checker {
	return NewChecker(Resolver{Nameservers: []string{n.Recursive}, Dial: n.Dial, Timeout: time.Minute})
}

func TestResolve(t *testing.T) {
	for _, test := range []struct {
		name, domain string
		records      []string // of example.com.
		zones        []string // beside it
		fqdn, zone   string
		err          string
	}{
		{name: "plain", domain: "www.example.com", fqdn: "_acme-challenge.www.example.com.", zone: "example.com."},
		{name: "apex", domain: "example.com", fqdn: "_acme-challenge.example.com.", zone: "example.com."},
		{name: "wildcard", domain: "*.example.com", fqdn: "_acme-challenge.example.com.", zone: "example.com."},
		{name: "capitals", domain: "WWW.Example.COM", fqdn: "_acme-challenge.www.example.com.", zone: "example.com."},
		{name: "zone below", domain: "a.b.example.com", zones: []string{"b.example.com."}, fqdn: "_acme-challenge.a.b.example.com.", zone: "b.example.com."},
		{name: "challenge is a zone", domain: "www.example.com", zones: []string{"_acme-challenge.www.example.com."},
			fqdn: "_acme-challenge.www.example.com.", zone: "_acme-challenge.www.example.com."},
		{name: "CNAME", domain: "www.example.com", records: []string{"_acme-challenge.www.example.com. 60 IN CNAME 1234.acme.example.net."}, zones: []string{"acme.example.net."},
			fqdn: "1234.acme.example.net.", zone: "acme.example.net."},
		{name: "two CNAMEs", domain: "www.example.com", zones: []string{"example.net."},
			records: []string{"_acme-challenge.www.example.com. 60 IN CNAME Middle.example.com.", "middle.example.com. 60 IN CNAME end.example.net."},
			fqdn:    "end.example.net.", zone: "example.net."},
		{name: "CNAME of the name itself does not matter", domain: "www.example.com", records: []string{"www.example.com. 60 IN CNAME host.example.net."}, zones: []string{"example.net."},
			fqdn: "_acme-challenge.www.example.com.", zone: "example.com."},
		{name: "circle", domain: "www.example.com",
			records: []string{"_acme-challenge.www.example.com. 60 IN CNAME b.example.com.", "b.example.com. 60 IN CNAME _acme-challenge.www.example.com."},
			err:     "following CNAMEs from _acme-challenge.www.example.com.: CNAME records lead in a circle (_acme-challenge.www.example.com. -> b.example.com. -> _acme-challenge.www.example.com.); correct them"},
		{name: "own circle", domain: "www.example.com", records: []string{"_acme-challenge.www.example.com. 60 IN CNAME _acme-challenge.www.example.com."},
			err: "following CNAMEs from _acme-challenge.www.example.com.: CNAME records lead in a circle (_acme-challenge.www.example.com. -> _acme-challenge.www.example.com.); correct them"},
		{name: "too long", domain: "www.example.com", records: chain(12),
			err: "following CNAMEs from _acme-challenge.www.example.com.: there are more than 10 CNAME records in a row; shorten the chain, since CAs do not follow it either"},
		{name: "long enough", domain: "www.example.com", records: chain(10), fqdn: "c10.example.com.", zone: "example.com."},
		{name: "unusable target", domain: "www.example.com", records: []string{`_acme-challenge.www.example.com. 60 IN CNAME a\032b.example.com.`},
			err: `following CNAMEs from _acme-challenge.www.example.com.: the CNAME record at _acme-challenge.www.example.com. leads to "a\\ b.example.com.", which no TXT record is written at; correct it`},
		{name: "not registered", domain: "www.example.org",
			err: "looking up the zone of _acme-challenge.www.example.org.: no name above it has a SOA record; register the domain, or give the controller recursive name servers that know it"},
		{name: "no name", domain: "a b", err: `looking up where the TXT record for "a b" belongs: it is not a domain name`},
		{name: "nothing", domain: "", err: `looking up where the TXT record for "" belongs: it is not a domain name`},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := dnstest.Start(t)
			n.AddZone("example.com.", 1, nil).Add(test.records...)
			for _, origin := range test.zones {
				n.AddZone(origin, 1, nil)
			}
			fqdn, zone, err := checkerOf(n).Resolve(t.Context(), test.domain)
			if err == nil != (test.err == "") || err != nil && err.Error() != test.err {
				t.Errorf("error (-want, +got):\n%s", cmp.Diff(test.err, fmt.Sprint(err)))
			}
			if fqdn != test.fqdn || zone != test.zone {
				t.Errorf("Resolve(%q) = %q, %q; want %q, %q", test.domain, fqdn, zone, test.fqdn, test.zone)
			}
		})
	}
}

// chain is a row of n CNAMEs.
func chain(n int) []string {
	records := []string{"_acme-challenge.www.example.com. 60 IN CNAME c1.example.com."}
	for i := 1; i < n; i++ {
		records = append(records, fmt.Sprintf("c%d.example.com. 60 IN CNAME c%d.example.com.", i, i+1))
	}
	return records
}

func TestResolveAsksTheNextNameserver(t *testing.T) {
	n := dnstest.Start(t)
	broken := n.AddZone("example.org.", 1, nil)
	broken.Servers[0].Fail(dns.RcodeServerFailure)
	n.AddZone("example.com.", 1, nil)
	c := checkerOf(n)
	c.Resolver.Nameservers = []string{"198.51.100.1", broken.Primary(), n.Recursive}
	if fqdn, zone, err := c.Resolve(t.Context(), "www.example.com"); err != nil || fqdn == "" || zone != "example.com." {
		t.Errorf("Resolve = %q, %q, %v", fqdn, zone, err)
	}
	c.Resolver.Nameservers = c.Resolver.Nameservers[:2]
	_, _, err := c.Resolve(t.Context(), "www.example.com")
	want := "following CNAMEs from _acme-challenge.www.example.com.: asking recursive name servers for CNAME _acme-challenge.www.example.com.: " +
		"198.51.100.1:53: network is unreachable; " + broken.Primary() + ": it answers SERVFAIL"
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Errorf("error (-want, +got):\n%s", diff)
	}
	c.Resolver.Nameservers = []string{"not a name"}
	if _, _, err := c.Resolve(t.Context(), "www.example.com"); err == nil || !strings.Contains(err.Error(), "reading the list of recursive name servers") {
		t.Errorf("error %v, want one about the list", err)
	}
}

func TestPropagated(t *testing.T) {
	const txt = fqdn + " 60 IN TXT "
	for _, test := range []struct {
		name    string
		servers int
		change  func(z *dnstest.Zone, c *Checker)
		waiting string
	}{
		{name: "all have it", servers: 3, change: func(z *dnstest.Zone, _ *Checker) { z.Add(txt+"value", txt+"other") }},
		{name: "in parts", servers: 1, change: func(z *dnstest.Zone, _ *Checker) { z.Add(txt + `"val" "ue"`) }},
		{name: "capitals", servers: 1, change: func(z *dnstest.Zone, _ *Checker) { z.Add(strings.ToUpper(fqdn) + " 60 IN TXT value") }},
		{name: "nobody has it", servers: 2, change: func(z *dnstest.Zone, _ *Checker) {},
			waiting: "waiting until ns1.example.com., ns2.example.com. of zone example.com. serve TXT record " + fqdn},
		{name: "another value", servers: 1, change: func(z *dnstest.Zone, _ *Checker) { z.Add(txt + "value2") },
			waiting: "waiting until ns1.example.com. of zone example.com. serve TXT record " + fqdn},
		{name: "one lags", servers: 3, change: func(z *dnstest.Zone, _ *Checker) { z.Servers[1].Lag(z, true); z.Add(txt + "value") },
			waiting: "waiting until ns2.example.com. of zone example.com. serve TXT record " + fqdn},
		{name: "it lagged", servers: 3, change: func(z *dnstest.Zone, _ *Checker) {
			z.Servers[1].Lag(z, true)
			z.Add(txt + "value")
			z.Servers[1].Lag(z, false)
		}},
		{name: "many", servers: 6, change: func(z *dnstest.Zone, _ *Checker) {},
			waiting: "waiting until ns1.example.com., ns2.example.com., ns3.example.com. and 3 more of zone example.com. serve TXT record " + fqdn},
		{name: "one down, one refusing, one lagging", servers: 4, change: func(z *dnstest.Zone, _ *Checker) {
			z.Servers[2].Lag(z, true)
			z.Add(txt + "value")
			z.Servers[0].Down(true)
			z.Servers[1].Fail(dns.RcodeRefused)
		}, waiting: "waiting until ns3.example.com. of zone example.com. serve TXT record " + fqdn +
			"; waiting for an answer of ns1.example.com. (connection refused), ns2.example.com. (it answers REFUSED) of zone example.com. to TXT " + fqdn},
		{name: "over TCP", servers: 1, change: func(z *dnstest.Zone, _ *Checker) { z.Servers[0].Truncate(true); z.Add(txt + "value") }},
		{name: "a server without address", servers: 1, change: func(z *dnstest.Zone, _ *Checker) {
			z.Add(txt+"value", "example.com. 60 IN NS lame.example.com.")
		}, waiting: "waiting for an answer of lame.example.com. (it has no address) of zone example.com. to TXT " + fqdn},
		{name: "no IPv6", servers: 2, change: func(z *dnstest.Zone, c *Checker) {
			z.Add(txt + "value")
			c.Resolver.Dial = without("[2001:", c.Resolver.Dial)
		}},
		{name: "one address lags", servers: 2, change: func(z *dnstest.Zone, c *Checker) {
			z.Servers[1].Lag(z, true)
			z.Add(txt + "value")
			dial := c.Resolver.Dial
			c.Resolver.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				return dial(ctx, network, strings.Replace(address, "[2001:db8::1]", "192.0.2.2", 1))
			}
		}, waiting: "waiting until ns1.example.com., ns2.example.com. of zone example.com. serve TXT record " + fqdn},
		{name: "only IPv6", servers: 2, change: func(z *dnstest.Zone, c *Checker) {
			z.Add(txt + "value")
			c.Resolver.Dial = without("192.0.2.", c.Resolver.Dial)
		}},
		{name: "only the recursive server", servers: 2, change: func(z *dnstest.Zone, c *Checker) {
			z.Add(txt + "value")
			c.RecursiveOnly = true
			z.Servers[0].Down(true)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := dnstest.Start(t)
			c := checkerOf(n)
			zone := n.AddZone("example.com.", test.servers, nil)
			test.change(zone, c)
			ok, waiting, err := c.Propagated(t.Context(), fqdn, "example.com.", "value")
			if err != nil || ok != (test.waiting == "") {
				t.Errorf("Propagated = %v, %v", ok, err)
			}
			if diff := cmp.Diff(test.waiting, waiting); diff != "" {
				t.Errorf("waiting (-want, +got):\n%s", diff)
			}
			if got := zone.Servers[0].RecursionAsked(); got != 0 {
				t.Errorf("%d questions wanted recursion", got)
			}
		})
	}
}

func without(prefix string, dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, prefix) {
			address = "198.51.100.1:53" // unreachable
		}
		return dial(ctx, network, address)
	}
}

func TestPropagatedCannotAsk(t *testing.T) {
	n := dnstest.Start(t)
	n.AddZone("example.com.", 1, nil)
	c := checkerOf(n)
	_, _, err := c.Propagated(t.Context(), "x.example.net.", "example.net.", "value")
	if want := "looking up the name servers of zone example.net.: it has no NS record; is it still delegated?"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if ok, _, err := c.Propagated(ctx, fqdn, "example.com.", "value"); err == nil || ok {
		t.Errorf("Propagated with a context that has ended = %v, %v", ok, err)
	}
}

// FuzzJudge feeds what servers may send. A value that is not in the message is never seen.
func FuzzJudge(f *testing.F) {
	for _, rrs := range []string{fqdn + " 60 IN TXT value", fqdn + ` 60 IN TXT "va" "lue"`, fqdn + " 60 IN CNAME example.net."} {
		m := (&dns.Msg{}).SetQuestion(fqdn, dns.TypeTXT)
		rr, err := dns.NewRR(rrs)
		if err != nil {
			f.Fatal(err)
		}
		m.Answer = []dns.RR{rr}
		wire, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wire)
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		m := &dns.Msg{}
		if m.Unpack(wire) != nil {
			return
		}
		v := judge(m, nil, fqdn, "value")
		if v.has && !strings.Contains(m.String(), "va") {
			t.Errorf("judge sees the value in %s", m)
		}
		if v.has == v.lacks && v.failure == "" {
			t.Errorf("judge = %+v: no verdict", v)
		}
	})
}
