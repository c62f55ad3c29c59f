// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dnstest

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/miekg/dns"
	"k8s.io/utils/clock"
)

// handler is what a server does with messages.
type handler struct {
	zone    *Zone
	server  *Server
	primary bool
}

// ServeDNS implements dns.Handler.
func (h *handler) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	h.server.mu.Lock()
	if q.Opcode == dns.OpcodeQuery && q.RecursionDesired {
		h.server.recurse++
	}
	rcode, truncate, frozen := h.server.rcode, h.server.truncate, h.server.frozen
	h.server.mu.Unlock()
	_, udp := w.RemoteAddr().(*net.UDPAddr)
	m := (&dns.Msg{}).SetReply(q)
	switch {
	case rcode != dns.RcodeSuccess:
		m.Rcode = rcode
	case q.Opcode == dns.OpcodeUpdate:
		h.signed(w, q, m)
	case udp && truncate:
		m.Truncated = true
	default:
		part := h.zone.answer(frozen, q.Question[0].Name, q.Question[0].Qtype)
		m.Authoritative, m.Rcode, m.Answer, m.Ns = true, part.Rcode, part.Answer, part.Ns
	}
	_ = w.WriteMsg(m)
}

// signed checks TSIG (RFC 8945 section 5.2), then updates the zone.
func (h *handler) signed(w dns.ResponseWriter, q, m *dns.Msg) {
	tsig, key := q.IsTsig(), h.zone.key
	if tsig == nil {
		if m.Rcode = dns.RcodeRefused; key == nil {
			m.Rcode = h.update(q)
		}
		return
	}
	now := clock.RealClock{}.Now().Unix()
	m.SetTsig(tsig.Hdr.Name, tsig.Algorithm, 300, now)
	answer := m.IsTsig()
	status := w.TsigStatus()
	switch {
	case key == nil, errors.Is(status, dns.ErrSecret), dns.CanonicalName(tsig.Algorithm) != dns.CanonicalName(key.Algorithm):
		answer.Error = dns.RcodeBadKey
	case errors.Is(status, dns.ErrTime):
		answer.Error, answer.OtherLen, answer.OtherData = dns.RcodeBadTime, 6, fmt.Sprintf("%012x", now)
	case status != nil:
		answer.Error = dns.RcodeBadSig
	default:
		m.Rcode = h.update(q)
		return
	}
	m.Rcode = dns.RcodeNotAuth
}

// update does what RFC 2136 section 3.4 says of records.
func (h *handler) update(q *dns.Msg) int {
	z := h.zone
	z.mu.Lock()
	defer z.mu.Unlock()
	if !h.primary || dns.CanonicalName(q.Question[0].Name) != z.Origin {
		return dns.RcodeNotAuth
	}
	for _, rr := range q.Ns {
		if !dns.IsSubDomain(z.Origin, rr.Header().Name) {
			return dns.RcodeNotZone
		}
		if z.refuse != "" && dns.CanonicalName(rr.Header().Name) == z.refuse {
			return dns.RcodeRefused
		}
	}
	for _, rr := range q.Ns {
		z.apply(rr)
	}
	z.updates++
	return dns.RcodeSuccess
}

func (z *Zone) apply(rr dns.RR) {
	class := rr.Header().Class
	same := func(other dns.RR) bool {
		a, b := dns.Copy(rr), dns.Copy(other)
		a.Header().Class = b.Header().Class
		return dns.IsDuplicate(a, b)
	}
	switch class {
	case dns.ClassNONE:
		z.rrs = slices.DeleteFunc(z.rrs, same)
	case dns.ClassANY:
		z.rrs = slices.DeleteFunc(z.rrs, func(other dns.RR) bool {
			return strings.EqualFold(other.Header().Name, rr.Header().Name) && (rr.Header().Rrtype == dns.TypeANY || rr.Header().Rrtype == other.Header().Rrtype)
		})
	default:
		cname := func(other dns.RR) bool {
			return other.Header().Rrtype == dns.TypeCNAME && strings.EqualFold(other.Header().Name, rr.Header().Name)
		}
		if !slices.ContainsFunc(z.rrs, same) && !slices.ContainsFunc(z.rrs, cname) {
			z.rrs = append(slices.Clip(z.rrs), rr)
		}
	}
}

// answer is that of a server which has frozen, or all that the zone has.
func (z *Zone) answer(frozen []dns.RR, name string, kind uint16) *dns.Msg {
	z.mu.Lock()
	rrs := slices.Clone(z.rrs)
	z.mu.Unlock()
	if frozen != nil {
		rrs = frozen
	}
	m := &dns.Msg{}
	if !dns.IsSubDomain(z.Origin, name) {
		m.Rcode = dns.RcodeRefused
		return m
	}
	exists := false
	for _, rr := range rrs {
		h := rr.Header()
		exists = exists || dns.IsSubDomain(name, h.Name)
		if strings.EqualFold(h.Name, name) && (h.Rrtype == kind || h.Rrtype == dns.TypeCNAME) {
			m.Answer = append(m.Answer, dns.Copy(rr))
		}
	}
	if len(m.Answer) == 0 {
		m.Ns = []dns.RR{dns.Copy(rrs[0])} // the SOA record
	}
	if !exists {
		m.Rcode = dns.RcodeNameError
	}
	return m
}
