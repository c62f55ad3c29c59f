// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dnstest

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// Key signs updates.
type Key struct {
	// Name, for example "tollgate.".
	Name string
	// Algorithm, for example dns.HmacSHA256.
	Algorithm string
	// Secret in base64.
	Secret string
}

// Zone is a zone with its name servers.
type Zone struct {
	// Origin of the zone, for example "example.com.".
	Origin string
	// Servers of the zone. The first is the primary, which takes updates.
	Servers []*Server

	key     *Key
	mu      sync.Mutex
	rrs     []dns.RR
	updates int
	refuse  string
}

// Server is a name server of a zone.
type Server struct {
	// Name in the NS record, for example "ns1.example.com.".
	Name string
	// Address on loopback, as host:port.
	Address string

	mu       sync.Mutex
	frozen   []dns.RR
	down     bool
	rcode    int
	truncate bool
	recurse  int
}

// AddZone adds a zone with a number of name servers, which have an IPv4 and an IPv6 address each. With a key, updates
// must be signed.
func (n *Net) AddZone(origin string, servers int, key *Key) *Zone {
	n.t.Helper()
	origin = dns.CanonicalName(origin)
	z := &Zone{Origin: origin, key: key}
	z.Add(fmt.Sprintf("%s 60 IN SOA ns1.%s hostmaster.%s 1 3600 600 86400 60", origin, origin, origin))
	secrets := map[string]string{}
	if key != nil {
		secrets[dns.CanonicalName(key.Name)] = key.Secret
	}
	for i := range servers {
		s := &Server{Name: fmt.Sprintf("ns%d.%s", i+1, origin)}
		s.Address = listen(n.t, &handler{zone: z, server: s, primary: i == 0}, secrets)
		n.mu.Lock()
		id := len(n.ports)/2 + 1
		v4, v6 := fmt.Sprintf("192.0.2.%d", id), fmt.Sprintf("2001:db8::%x", id)
		n.ports[net.JoinHostPort(v4, "53")], n.ports[net.JoinHostPort(v6, "53")] = s, s
		n.mu.Unlock()
		z.Add(fmt.Sprintf("%s 60 IN NS %s", origin, s.Name), fmt.Sprintf("%s 60 IN A %s", s.Name, v4), fmt.Sprintf("%s 60 IN AAAA %s", s.Name, v6))
		z.Servers = append(z.Servers, s)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.zones[origin] = z
	return z
}

// Primary is the address on loopback that takes updates.
func (z *Zone) Primary() string { return z.Servers[0].Address }

// Add adds records in the form of zone files.
func (z *Zone) Add(records ...string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, r := range records {
		rr, err := dns.NewRR(r)
		if err != nil {
			panic(err)
		}
		z.rrs = append(z.rrs, rr)
	}
}

// Delete removes all records of a name.
func (z *Zone) Delete(name string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.rrs = slices.DeleteFunc(z.rrs, func(rr dns.RR) bool { return strings.EqualFold(rr.Header().Name, name) })
}

// TXT returns the values at a name, sorted, as the primary has them.
func (z *Zone) TXT(name string) []string {
	z.mu.Lock()
	defer z.mu.Unlock()
	var values []string
	for _, rr := range z.rrs {
		if txt, ok := rr.(*dns.TXT); ok && strings.EqualFold(txt.Hdr.Name, name) {
			values = append(values, strings.Join(txt.Txt, ""))
		}
	}
	slices.Sort(values)
	return values
}

// Updates is how many updates the primary has done.
func (z *Zone) Updates() int {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.updates
}

// Refuse makes the primary refuse updates of a name, as an update policy does. Empty refuses none.
func (z *Zone) Refuse(name string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.refuse = dns.CanonicalName(name)
}

// Lag makes the server keep serving what the zone has now, until it is called with false.
func (s *Server) Lag(z *Zone, lag bool) {
	z.mu.Lock()
	now := slices.Clone(z.rrs)
	z.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.frozen = nil; lag {
		s.frozen = now
	}
}

// Down makes the server refuse connections.
func (s *Server) Down(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// Fail makes the server answer everything with a response code; dns.RcodeSuccess ends that.
func (s *Server) Fail(rcode int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rcode = rcode
}

// Truncate makes the server give no records over UDP, only the flag that says so.
func (s *Server) Truncate(truncate bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.truncate = truncate
}

// RecursionAsked is how many questions wanted recursion, which is not for a zone's own name servers.
func (s *Server) RecursionAsked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.recurse
}

func (s *Server) isDown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.down
}
