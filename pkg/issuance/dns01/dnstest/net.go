// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package dnstest runs name servers on loopback in the test's process: zones with several servers each, which take
// dynamic updates signed with TSIG, and a recursive name server that knows all zones. They have addresses of the blocks
// for documentation at port 53, as real ones have; Net.Dial leads there. Nothing leaves the machine.
package dnstest

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/miekg/dns"
)

// Net is all there is of DNS for one test.
type Net struct {
	// Recursive is the recursive name server, on loopback: for Resolver.Nameservers, and for ACME servers.
	Recursive string

	t     testing.TB
	mu    sync.Mutex
	zones map[string]*Zone
	// ports lead from the addresses in the zones to those on loopback.
	ports map[string]*Server
	asked int
}

// Start starts a recursive name server, which ends with the test.
func Start(t testing.TB) *Net {
	t.Helper()
	n := &Net{t: t, zones: map[string]*Zone{}, ports: map[string]*Server{}}
	n.Recursive = listen(t, dns.HandlerFunc(n.recurse), nil)
	return n
}

// Dial connects to a name server by its address in the zones, or by one on loopback.
func (n *Net) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	n.mu.Lock()
	server := n.ports[address]
	n.mu.Unlock()
	switch {
	case server != nil && server.isDown():
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	case server != nil:
		address = server.Address
	case !strings.HasPrefix(address, "127.0.0.1:"):
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ENETUNREACH}
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// Asked is how many questions the recursive name server has got.
func (n *Net) Asked() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.asked
}

// recurse answers from the zones' primaries and follows CNAMEs.
func (n *Net) recurse(w dns.ResponseWriter, q *dns.Msg) {
	n.mu.Lock()
	n.asked++
	n.mu.Unlock()
	m := (&dns.Msg{}).SetReply(q)
	m.RecursionAvailable = true
	name := q.Question[0].Name
	for range 16 {
		zone := n.zoneOf(name)
		if zone == nil {
			m.Rcode = dns.RcodeNameError
			break
		}
		part := zone.answer(nil, name, q.Question[0].Qtype)
		m.Rcode, m.Ns = part.Rcode, part.Ns
		m.Answer = append(m.Answer, part.Answer...)
		if len(part.Answer) == 0 || part.Answer[0].Header().Rrtype != dns.TypeCNAME || q.Question[0].Qtype == dns.TypeCNAME {
			break
		}
		name = part.Answer[0].(*dns.CNAME).Target
	}
	_ = w.WriteMsg(m)
}

// zoneOf is the nearest zone above name.
func (n *Net) zoneOf(name string) *Zone {
	n.mu.Lock()
	defer n.mu.Unlock()
	name = dns.CanonicalName(name)
	for _, at := range dns.Split(name) {
		if z := n.zones[name[at:]]; z != nil {
			return z
		}
	}
	return nil
}

// listen serves DNS over UDP and TCP on one port of loopback, and returns the address.
func listen(t testing.TB, handler dns.Handler, secrets map[string]string) string {
	t.Helper()
	tcp, udp, err := ports()
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range []*dns.Server{{Listener: tcp}, {PacketConn: udp}} {
		started, ended := make(chan struct{}), make(chan struct{})
		server.Handler, server.TsigSecret = handler, secrets
		server.NotifyStartedFunc = func() { close(started) }
		server.MsgAcceptFunc = accept
		go func() {
			defer close(ended)
			_ = server.ActivateAndServe()
		}()
		<-started
		t.Cleanup(func() {
			_ = server.Shutdown()
			<-ended
		})
	}
	return tcp.Addr().String()
}

func ports() (tcp net.Listener, udp net.PacketConn, err error) {
	for range 20 { // the port may be taken for one of the two
		if tcp, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, nil, err
		}
		if udp, err = net.ListenPacket("udp", tcp.Addr().String()); err == nil {
			return tcp, udp, nil
		}
		_ = tcp.Close()
	}
	return nil, nil, fmt.Errorf("finding a port that is free for TCP and UDP: %w", err)
}

// accept lets updates in, which the library keeps out by default.
func accept(h dns.Header) dns.MsgAcceptAction {
	const response = 1 << 15
	if h.Bits&response != 0 {
		return dns.MsgIgnore
	}
	if h.Qdcount != 1 {
		return dns.MsgReject
	}
	return dns.MsgAccept
}
