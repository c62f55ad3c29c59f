// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dnstest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// TestRecursive asks as an ACME server does: over TCP, with CNAMEs followed by the recursive name server.
func TestRecursive(t *testing.T) {
	n := Start(t)
	n.AddZone("example.com.", 2, nil).Add("_acme-challenge.example.com. 60 IN CNAME x.example.net.", "www.example.com. 60 IN A 127.0.0.1")
	n.AddZone("example.net.", 1, nil).Add("x.example.net. 60 IN TXT one", "x.example.net. 60 IN TXT two")
	for _, test := range []struct {
		name  string
		kind  uint16
		rcode int
		want  []string
	}{
		{"_acme-challenge.example.com.", dns.TypeTXT, dns.RcodeSuccess, []string{"CNAME", "TXT", "TXT"}},
		{"_acme-challenge.example.com.", dns.TypeCNAME, dns.RcodeSuccess, []string{"CNAME"}},
		{"WWW.example.com.", dns.TypeA, dns.RcodeSuccess, []string{"A"}},
		{"www.example.com.", dns.TypeTXT, dns.RcodeSuccess, nil},
		{"absent.example.com.", dns.TypeA, dns.RcodeNameError, nil},
		{"example.org.", dns.TypeSOA, dns.RcodeNameError, nil},
		{"example.com.", dns.TypeNS, dns.RcodeSuccess, []string{"NS", "NS"}},
		{"ns3.example.net.", dns.TypeAAAA, dns.RcodeNameError, nil},
		{"ns1.example.net.", dns.TypeAAAA, dns.RcodeSuccess, []string{"AAAA"}},
	} {
		answer, _, err := (&dns.Client{Net: "tcp"}).Exchange((&dns.Msg{}).SetQuestion(test.name, test.kind), n.Recursive)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, rr := range answer.Answer {
			got = append(got, dns.TypeToString[rr.Header().Rrtype])
		}
		if diff := cmp.Diff(test.want, got); diff != "" || answer.Rcode != test.rcode {
			t.Errorf("%s %s: rcode %d, answer (-want, +got):\n%s", dns.TypeToString[test.kind], test.name, answer.Rcode, diff)
		}
	}
	if n.Asked() != 9 {
		t.Errorf("asked %d times, want 9", n.Asked())
	}
}
