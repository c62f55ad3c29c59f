// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// zone is a name server of example.com, example.net and auth.test that takes
// updates with TSIG.
type zone struct {
	addr    string
	mu      sync.Mutex
	updates []string
	txt     []string // values at _acme-challenge.example.com.
}

const (
	tsigName   = "key.test."
	tsigSecret = "c2VjcmV0LXNlY3JldC1zZWNyZXQ="
)

func serveDNS(t *testing.T, txt ...string) *zone {
	t.Helper()
	z := &zone{txt: txt}
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	z.addr = packets.LocalAddr().String()
	started := make(chan struct{})
	server := &dns.Server{PacketConn: packets, Handler: z, TsigSecret: map[string]string{tsigName: tsigSecret}, NotifyStartedFunc: func() { close(started) },
		// The default refuses updates.
		MsgAcceptFunc: func(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept }}
	go func() { _ = server.ActivateAndServe() }()
	<-started
	t.Cleanup(func() { _ = server.Shutdown() })
	return z
}

func (z *zone) ServeDNS(w dns.ResponseWriter, m *dns.Msg) {
	reply := new(dns.Msg).SetReply(m)
	q := m.Question[0]
	switch {
	case m.Opcode == dns.OpcodeUpdate:
		z.update(w, m, reply)
	case q.Qtype == dns.TypeCNAME && q.Name == "_acme-challenge.example.net.":
		reply.Answer = []dns.RR{rr("_acme-challenge.example.net. 60 CNAME abc.auth.test.")}
	case q.Qtype == dns.TypeSOA && slices.Contains([]string{"example.com.", "example.net.", "auth.test."}, q.Name):
		reply.Answer = []dns.RR{rr(q.Name + " 60 SOA ns.test. host.test. 1 2 3 4 5")}
	case q.Qtype == dns.TypeTXT && q.Name == "_acme-challenge.example.com.":
		for _, v := range z.txt {
			reply.Answer = append(reply.Answer, rr(q.Name+" 60 TXT "+v))
		}
	}
	_ = w.WriteMsg(reply)
}

func (z *zone) update(w dns.ResponseWriter, m, reply *dns.Msg) {
	if m.IsTsig() == nil || w.TsigStatus() != nil {
		reply.Rcode = dns.RcodeRefused
		return
	}
	reply.SetTsig(tsigName, dns.HmacSHA256, 300, int64(m.IsTsig().TimeSigned))
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, r := range m.Ns {
		z.updates = append(z.updates, strings.Join(strings.Fields(r.String()), " "))
	}
}

func rr(s string) dns.RR {
	r, err := dns.NewRR(s)
	if err != nil {
		panic(err)
	}
	return r
}

// The nameserver setting of dnsupdate is where updates go; nameservers of the
// configuration are where CNAMEs are looked up.
func TestDNSUpdate(t *testing.T) {
	for _, tc := range []struct {
		name, secret string
		env          []string
		code         int
		updates      []string
		stderr       string
	}{
		{
			name: "create", secret: tsigSecret,
			updates: []string{"_acme-challenge.example.com. 0 CLASS255 TXT", "_acme-challenge.example.com. 120 IN TXT \"" + txtValue + "\""},
		},
		{
			name: "delete", secret: tsigSecret, env: []string{"COMMAND=DELETE"},
			updates: []string{"_acme-challenge.example.com. 0 NONE TXT \"" + txtValue + "\""},
		},
		{
			name: "after a CNAME", secret: tsigSecret, env: []string{"IDENTIFIER=example.net", "DOMAIN=abc.auth.test", "FQDN=abc.auth.test."},
			updates: []string{"abc.auth.test. 0 CLASS255 TXT", "abc.auth.test. 120 IN TXT \"" + txtValue + "\""},
		},
		{
			name: "a CNAME that the caller did not follow", secret: tsigSecret, env: []string{"DOMAIN=example.net", "FQDN=_acme-challenge.example.net."},
			updates: []string{"_acme-challenge.example.net. 0 CLASS255 TXT", "_acme-challenge.example.net. 120 IN TXT \"" + txtValue + "\""},
		},
		{
			name: "another CNAME than the caller's", secret: tsigSecret, env: []string{"DOMAIN=*.example.net", "FQDN=def.auth.test."}, code: 1,
			stderr: "finding the record for example.net: its CNAMEs lead to abc.auth.test. here, but to def.auth.test. at the caller; set nameservers in the configuration to those that the caller asks",
		},
		{
			name: "wrong key", secret: "d3Jvbmc=", code: 1,
			stderr: "dnsupdate: failed to insert: DNS update failed: server [DNSUPDATE_NAMESERVER] replied REFUSED for INSERT example.com.",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			z := serveDNS(t)
			c := config(t, "rfc2136", map[string]string{
				"DNSUPDATE_NAMESERVER": z.addr, "DNSUPDATE_TSIG_KEY": tsigName, "DNSUPDATE_TSIG_ALGORITHM": dns.HmacSHA256, "DNSUPDATE_TSIG_SECRET": tc.secret,
			}, z.addr)
			code, stdout, stderr := run(t, c, tc.env...)
			if code != tc.code || stdout != "" || stderr != tc.stderr {
				t.Errorf("exit code %d, standard output %q, standard error\n%s, want %d and\n%s", code, stdout, stderr, tc.code, tc.stderr)
			}
			z.mu.Lock()
			defer z.mu.Unlock()
			if d := cmp.Diff(tc.updates, z.updates); d != "" {
				t.Errorf("updates (-want, +got)\n%s", d)
			}
		})
	}
}

// DigitalOcean's provider remembers the record's number, and needs it to clean up.
func TestState(t *testing.T) {
	z := serveDNS(t)
	api := serveHTTP(t, func(request string) (int, string) {
		if strings.HasPrefix(request, "DELETE ") {
			return http.StatusNoContent, ""
		}
		return http.StatusCreated, `{"domain_record":{"id":4711}}`
	})
	c := config(t, "digitalocean", map[string]string{"DO_AUTH_TOKEN": "s3cret-token", "DO_API_URL": api.URL}, z.addr)
	code, state, stderr := run(t, c)
	if want := `{"recordIDs":{"` + token + `":4711}}`; code != 0 || state != want {
		t.Fatalf("exit code %d, %s, printed %s, want %s", code, stderr, state, want)
	}
	if code, _, stderr := run(t, c, "COMMAND=DELETE", "STATE="+state); code != 0 {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	asked := api.requests()
	if got, want := asked[len(asked)-1], "DELETE /v2/domains/example.com/records/4711"; got != want {
		t.Errorf("asked %q, want %q", got, want)
	}
	code, _, stderr = run(t, c, "COMMAND=DELETE")
	if want := "digitalocean: unknown record ID for '_acme-challenge.example.com.'; this provider may need what its CREATE printed in STATE, which the caller did not give: delete the TXT record _acme-challenge.example.com. with the value " + txtValue + " by hand"; code != 1 || stderr != want {
		t.Errorf("exit code %d, standard error\n%s, want 1 and\n%s", code, stderr, want)
	}
}

// A CREATE that comes again after a crash is refused by many providers.
func TestCreateAgain(t *testing.T) {
	api := serveHTTP(t, func(string) (int, string) {
		return http.StatusUnprocessableEntity, `{"id":"exists","message":"exists"}`
	})
	settings := map[string]string{"DO_AUTH_TOKEN": "s3cret-token", "DO_API_URL": api.URL}
	there := serveDNS(t, "another-value", txtValue)
	if code, _, stderr := run(t, config(t, "digitalocean", settings, there.addr)); code != 0 {
		t.Errorf("the record is there, but: exit code %d: %s", code, stderr)
	}
	absent := serveDNS(t, "another-value")
	if code, _, _ := run(t, config(t, "digitalocean", settings, absent.addr)); code != 1 {
		t.Errorf("the record is not there, but: exit code %d", code)
	}
}
