// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"context"
	"fmt"

	"github.com/miekg/dns"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// rfc2136 changes zones by dynamic update (RFC 2136), signed with TSIG (RFC 8945), over TCP.
type rfc2136 struct {
	spec    *v1alpha1.RFC2136Solver
	address string
	o       Options
}

func newRFC2136(spec *v1alpha1.RFC2136Solver, o Options) (*rfc2136, error) {
	address, err := hostPort(spec.Nameserver)
	if err != nil {
		return nil, mark(ErrConfiguration, fmt.Errorf("reading dns01.rfc2136.nameserver: %w", err))
	}
	if _, known := tsigAlgorithms[spec.TSIGAlgorithm]; !known && spec.TSIGAlgorithm != "" {
		return nil, mark(ErrConfiguration, fmt.Errorf("reading dns01.rfc2136.tsigAlgorithm: %q is not known; use HMACSHA256", spec.TSIGAlgorithm))
	}
	if (spec.TSIGKeyName == "") != (spec.TSIGSecretRef == nil) {
		return nil, mark(ErrConfiguration, fmt.Errorf("reading dns01.rfc2136: set both tsigKeyName and tsigSecretRef, or neither"))
	}
	if _, ok := dns.IsDomainName(spec.TSIGKeyName); spec.TSIGKeyName != "" && !ok {
		return nil, mark(ErrConfiguration, fmt.Errorf("reading dns01.rfc2136.tsigKeyName: %q is not a domain name, as names of keys are", spec.TSIGKeyName))
	}
	return &rfc2136{spec: spec, address: address, o: o}, nil
}

// Present implements Solver. Adding a value that is there already changes nothing (RFC 2136 section 3.4.2.2).
func (s *rfc2136) Present(ctx context.Context, r Record) error {
	return s.update(ctx, r, "adding", (*dns.Msg).Insert)
}

// CleanUp implements Solver. It names the value, so that the others stay (RFC 2136 section 2.5.4).
func (s *rfc2136) CleanUp(ctx context.Context, r Record) error {
	return s.update(ctx, r, "removing", (*dns.Msg).Remove)
}

func (s *rfc2136) update(ctx context.Context, r Record, doing string, change func(*dns.Msg, []dns.RR)) error {
	key, err := s.key(ctx)
	if err != nil {
		return err
	}
	m := &dns.Msg{}
	m.SetUpdate(r.Zone)
	change(m, []dns.RR{&dns.TXT{
		Hdr: dns.RR_Header{Name: r.FQDN, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: r.seconds()},
		Txt: []string{r.Value},
	}})
	client := &dns.Client{Timeout: s.o.Timeout}
	if key != nil {
		m.SetTsig(key.name, key.wire, tsigFudge, s.o.Clock.Now().Unix())
		client.TsigProvider = key
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	answer, err := s.o.Resolver.exchange(ctx, client, "tcp", s.address, m)
	u := update{zone: r.Zone, fqdn: r.FQDN, server: s.address, key: key, now: s.o.Clock.Now()}
	if err := u.outcome(answer, err); err != nil {
		return fmt.Errorf("%s TXT record %s in zone %s at name server %s: %w", doing, r.FQDN, r.Zone, s.address, err)
	}
	return nil
}

// key reads the key; nil if updates are not signed.
func (s *rfc2136) key(ctx context.Context) (*tsigKey, error) {
	if s.spec.TSIGSecretRef == nil {
		return nil, nil
	}
	const field = "dns01.rfc2136.tsigSecretRef"
	encoded, err := s.o.secret(ctx, field, *s.spec.TSIGSecretRef)
	if err != nil {
		return nil, err
	}
	secret, err := decodeTSIGSecret(encoded)
	if err != nil {
		return nil, mark(ErrCredentials, fmt.Errorf("reading %s, key %q of Secret %q: %w", field, s.spec.TSIGSecretRef.Key, s.spec.TSIGSecretRef.Name, err))
	}
	algorithm := s.spec.TSIGAlgorithm
	if algorithm == "" {
		algorithm = defaultAlgorithm
	}
	return &tsigKey{name: dns.CanonicalName(s.spec.TSIGKeyName), tsigAlgorithm: tsigAlgorithms[algorithm], secret: secret}, nil
}
