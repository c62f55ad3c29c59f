// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/dns01/dnstest"
)

const (
	goodSecret  = "c2VjcmV0LW9mLXRoZS1rZXktdGhhdC1pcy1sb25nLWVub3VnaA=="
	otherSecret = "YW5vdGhlci1zZWNyZXQtdGhhdC1pcy1hbHNvLWxvbmctZW5vdWdo"
	fqdn        = "_acme-challenge.www.example.com."
)

// secretsOf reads keys from a map.
func secretsOf(m map[string]string) func(context.Context, v1alpha1.SecretKeyReference) ([]byte, error) {
	return func(_ context.Context, ref v1alpha1.SecretKeyReference) ([]byte, error) {
		if s, ok := m[ref.Name+"/"+ref.Key]; ok {
			return []byte(s), nil
		}
		return nil, fmt.Errorf("secret %q has no key %q", ref.Name, ref.Key)
	}
}

func record(value string) Record {
	return Record{FQDN: fqdn, Zone: "example.com.", Value: value, Domain: "www.example.com"}
}

func TestRFC2136AddsAndRemovesOneValue(t *testing.T) {
	for api, wire := range map[string]string{
		"": dns.HmacSHA256, "HMACSHA1": dns.HmacSHA1, "HMACSHA224": dns.HmacSHA224, "HMACSHA256": dns.HmacSHA256,
		"HMACSHA384": dns.HmacSHA384, "HMACSHA512": dns.HmacSHA512, "unsigned": "",
	} {
		t.Run(api, func(t *testing.T) {
			n := dnstest.Start(t)
			spec := &v1alpha1.RFC2136Solver{}
			var key *dnstest.Key
			if api != "unsigned" {
				key = &dnstest.Key{Name: "tollgate.", Algorithm: wire, Secret: goodSecret}
				spec.TSIGKeyName, spec.TSIGAlgorithm = "Tollgate", api
				spec.TSIGSecretRef = &v1alpha1.SecretKeyReference{Name: "tsig", Key: "key"}
			}
			zone := n.AddZone("example.com.", 1, key)
			spec.Nameserver = zone.Primary()
			s, err := New(&v1alpha1.DNS01Solver{RFC2136: spec}, Options{
				Resolver: Resolver{Dial: n.Dial}, Secret: secretsOf(map[string]string{"tsig/key": " " + goodSecret + "\n"})})
			if err != nil {
				t.Fatal(err)
			}
			ctx := t.Context()
			zone.Add(fqdn + " 60 IN TXT theirs")
			for _, step := range []struct {
				name string
				do   func(context.Context, Record) error
				arg  string
				want []string
			}{
				{"present", s.Present, "one", []string{"one", "theirs"}},
				{"present again", s.Present, "one", []string{"one", "theirs"}},
				{"present another", s.Present, "two", []string{"one", "theirs", "two"}},
				{"clean up", s.CleanUp, "one", []string{"theirs", "two"}},
				{"clean up again", s.CleanUp, "one", []string{"theirs", "two"}},
				{"clean up another", s.CleanUp, "two", []string{"theirs"}},
			} {
				if err := step.do(ctx, record(step.arg)); err != nil {
					t.Fatalf("%s: %v", step.name, err)
				}
				if diff := cmp.Diff(step.want, zone.TXT(fqdn)); diff != "" {
					t.Fatalf("%s: values (-want, +got):\n%s", step.name, diff)
				}
			}
		})
	}
}

func TestRFC2136Refusals(t *testing.T) {
	const doing = "adding TXT record " + fqdn + " in zone example.com. at name server ADDRESS: "
	for _, test := range []struct {
		name    string
		change  func(*v1alpha1.RFC2136Solver, *dnstest.Zone, *Options, *Record)
		want    string
		is      error
		isNever error
	}{
		{"unknown key", func(s *v1alpha1.RFC2136Solver, _ *dnstest.Zone, _ *Options, _ *Record) { s.TSIGKeyName = "other" },
			doing + `the name server does not know TSIG key "other." with algorithm hmac-sha256. (BADKEY); check tsigKeyName and tsigAlgorithm`, ErrCredentials, ErrConfiguration},
		{"wrong algorithm", func(s *v1alpha1.RFC2136Solver, _ *dnstest.Zone, _ *Options, _ *Record) {
			s.TSIGAlgorithm = "HMACSHA512"
		},
			doing + `the name server does not know TSIG key "tollgate." with algorithm hmac-sha512. (BADKEY); check tsigKeyName and tsigAlgorithm`, ErrCredentials, ErrConfiguration},
		{"wrong secret", func(s *v1alpha1.RFC2136Solver, _ *dnstest.Zone, _ *Options, _ *Record) { s.TSIGSecretRef.Key = "other" },
			doing + `the name server has another secret for TSIG key "tollgate." (BADSIG); check tsigSecretRef`, ErrCredentials, ErrConfiguration},
		{"clock ahead", func(_ *v1alpha1.RFC2136Solver, _ *dnstest.Zone, o *Options, _ *Record) {
			o.Clock = clocktesting.NewFakePassiveClock(time.Now().Add(2 * time.Hour))
		}, doing + `the name server's clock is 2h0m0s behind the controller's (BADTIME); set the clocks of both machines`, ErrConfiguration, ErrCredentials},
		{"clock behind", func(_ *v1alpha1.RFC2136Solver, _ *dnstest.Zone, o *Options, _ *Record) {
			o.Clock = clocktesting.NewFakePassiveClock(time.Now().Add(-20 * time.Minute))
		}, doing + `the name server's clock is 20m0s ahead of the controller's (BADTIME); set the clocks of both machines`, ErrConfiguration, ErrCredentials},
		{"not signed", func(s *v1alpha1.RFC2136Solver, _ *dnstest.Zone, _ *Options, _ *Record) {
			s.TSIGKeyName, s.TSIGSecretRef = "", nil
		}, doing + `the name server refused (REFUSED); let it accept unsigned updates of ` + fqdn + ` from the controller's address, or set tsigKeyName and tsigSecretRef`, ErrCredentials, ErrConfiguration},
		{"policy", func(_ *v1alpha1.RFC2136Solver, z *dnstest.Zone, _ *Options, _ *Record) { z.Refuse(fqdn) },
			doing + `the name server refused (REFUSED); its update policy must let key "tollgate." change TXT records at ` + fqdn, ErrCredentials, ErrConfiguration},
		{"another zone", func(_ *v1alpha1.RFC2136Solver, _ *dnstest.Zone, _ *Options, r *Record) { r.Zone = "www.example.com." },
			strings.Replace(doing, "zone example.com.", "zone www.example.com.", 1) + `the name server is not authoritative for zone www.example.com. (NOTAUTH); set nameserver to the primary of that zone, or correct the zone's SOA record`, ErrConfiguration, ErrCredentials},
		{"secondary", func(s *v1alpha1.RFC2136Solver, z *dnstest.Zone, _ *Options, _ *Record) {
			s.Nameserver = z.Servers[1].Address
		},
			doing + `the name server is not authoritative for zone example.com. (NOTAUTH); set nameserver to the primary of that zone, or correct the zone's SOA record`, ErrConfiguration, ErrCredentials},
		{"no updates", func(_ *v1alpha1.RFC2136Solver, z *dnstest.Zone, _ *Options, _ *Record) {
			z.Servers[0].Fail(dns.RcodeNotImplemented)
		},
			doing + `the name server does not take dynamic updates (NOTIMP); set nameserver to one that does`, ErrConfiguration, ErrCredentials},
		{"failing", func(_ *v1alpha1.RFC2136Solver, z *dnstest.Zone, _ *Options, _ *Record) {
			z.Servers[0].Fail(dns.RcodeServerFailure)
		},
			doing + `the name server failed (SERVFAIL); its log says why, for example that the zone's file cannot be written`, nil, ErrConfiguration},
		{"no such Secret", func(s *v1alpha1.RFC2136Solver, _ *dnstest.Zone, _ *Options, _ *Record) {
			s.TSIGSecretRef.Key = "absent"
		},
			`reading dns01.rfc2136.tsigSecretRef: secret "tsig" has no key "absent"`, ErrCredentials, ErrConfiguration},
		{"empty Secret", func(s *v1alpha1.RFC2136Solver, _ *dnstest.Zone, _ *Options, _ *Record) { s.TSIGSecretRef.Key = "empty" },
			`reading dns01.rfc2136.tsigSecretRef: key "empty" of Secret "tsig" is empty; put the value there`, ErrCredentials, ErrConfiguration},
		{"key clause", func(s *v1alpha1.RFC2136Solver, _ *dnstest.Zone, _ *Options, _ *Record) {
			s.TSIGSecretRef.Key = "clause"
		},
			`reading dns01.rfc2136.tsigSecretRef, key "clause" of Secret "tsig": it looks like a whole key clause of a name server's configuration; put only the base64 of its secret there`, ErrCredentials, ErrConfiguration},
		{"not base64", func(s *v1alpha1.RFC2136Solver, _ *dnstest.Zone, _ *Options, _ *Record) { s.TSIGSecretRef.Key = "text" },
			`reading dns01.rfc2136.tsigSecretRef, key "text" of Secret "tsig": it is not base64; put the key there as the name server's configuration has it`, ErrCredentials, ErrConfiguration},
		{"nobody there", func(s *v1alpha1.RFC2136Solver, _ *dnstest.Zone, _ *Options, _ *Record) { s.Nameserver = "198.51.100.1" },
			strings.Replace(doing, "ADDRESS", "198.51.100.1:53", 1) + `network is unreachable; check that the name server answers over TCP there and that network policies permit it`, nil, ErrConfiguration},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := dnstest.Start(t)
			zone := n.AddZone("example.com.", 2, &dnstest.Key{Name: "tollgate.", Algorithm: dns.HmacSHA256, Secret: goodSecret})
			spec := &v1alpha1.RFC2136Solver{Nameserver: zone.Primary(), TSIGKeyName: "tollgate",
				TSIGSecretRef: &v1alpha1.SecretKeyReference{Name: "tsig", Key: "key"}}
			r := record("value")
			o := Options{Resolver: Resolver{Dial: n.Dial}, Secret: secretsOf(map[string]string{"tsig/key": goodSecret, "tsig/other": otherSecret,
				"tsig/empty": " \n", "tsig/text": "p4ssw0rd!", "tsig/clause": `key "k" { algorithm hmac-sha256; secret "` + goodSecret + `"; };`})}
			test.change(spec, zone, &o, &r)
			s, err := New(&v1alpha1.DNS01Solver{RFC2136: spec}, o)
			if err != nil {
				t.Fatal(err)
			}
			err = s.Present(t.Context(), r)
			if diff := cmp.Diff(strings.Replace(test.want, "ADDRESS", spec.Nameserver, 1), fmt.Sprint(err)); diff != "" {
				t.Errorf("error (-want, +got):\n%s", diff)
			}
			if test.is != nil && !errors.Is(err, test.is) || errors.Is(err, test.isNever) {
				t.Errorf("%v is marked wrongly", err)
			}
			if got := zone.TXT(fqdn); got != nil {
				t.Errorf("values = %q, want none", got)
			}
		})
	}
}

// TestRFC2136Timeout asks a server that takes connections and says nothing.
func TestRFC2136Timeout(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s, err := New(&v1alpha1.DNS01Solver{RFC2136: &v1alpha1.RFC2136Solver{Nameserver: l.Addr().String()}}, Options{Timeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Present(t.Context(), record("value"))
	if want := "no answer in time; check"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
}

// TestRFC2136Impostor talks to a server that says yes without the key, as somebody on the way could.
func TestRFC2136Impostor(t *testing.T) {
	for _, test := range []struct {
		name, want string
		key        *dnstest.Key
		reply      func(w dns.ResponseWriter, m *dns.Msg)
	}{
		{name: "unsigned", want: "the answer is not signed and cannot be trusted", reply: func(w dns.ResponseWriter, m *dns.Msg) { _ = w.WriteMsg(m) }},
		{name: "signed with another key", want: "the answer is not signed with key", reply: func(w dns.ResponseWriter, m *dns.Msg) {
			m.SetTsig("tollgate.", dns.HmacSHA256, 300, time.Now().Unix())
			wire, _, _ := dns.TsigGenerate(m, otherSecret, "", false)
			_, _ = w.Write(wire)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			server := &dns.Server{Listener: l, MsgAcceptFunc: func(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept },
				Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) { test.reply(w, (&dns.Msg{}).SetReply(q)) })}
			ended := make(chan struct{})
			go func() { defer close(ended); _ = server.ActivateAndServe() }()
			t.Cleanup(func() { l.Close(); <-ended })
			s, err := New(&v1alpha1.DNS01Solver{RFC2136: &v1alpha1.RFC2136Solver{Nameserver: l.Addr().String(), TSIGKeyName: "tollgate",
				TSIGSecretRef: &v1alpha1.SecretKeyReference{Name: "tsig", Key: "key"}}}, Options{Secret: secretsOf(map[string]string{"tsig/key": goodSecret})})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Present(t.Context(), record("value")); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}
