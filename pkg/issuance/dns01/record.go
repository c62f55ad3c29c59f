// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// challengeLabel is the first label of the names of dns-01 challenges (RFC 8555 section 8.4).
const challengeLabel = "_acme-challenge"

// Record is one value of the TXT records at a name.
type Record struct {
	// FQDN of the record, absolute, after CNAMEs were followed: what Checker.Resolve returns.
	FQDN string
	// Zone that FQDN is in, absolute: what Checker.Resolve returns.
	Zone string
	// Value of the record: what Value returns.
	Value string
	// TTL of the record, rounded up to seconds. Default: DefaultTTL.
	TTL time.Duration
	// Domain that the certificate is for. It does not matter to the record; plugins are told.
	Domain string
	// Token of the challenge. It does not matter to the record.
	Token string
	// KeyAuthorization that Value is made of (RFC 8555 section 8.1). It is no secret. Plugins are told, for those that hash it themselves.
	KeyAuthorization string
	// State that PresentState returned, for CleanUp.
	State string
}

var (
	// recordName leaves out what would need escaping in a zone file, an environment or a URL. A CNAME can lead anywhere.
	recordName = regexp.MustCompile(`^([A-Za-z0-9_-]{1,63}\.)+$`)
	// recordValue is one string (RFC 1035 section 3.3: at most 255 bytes) of base64 or base64url.
	recordValue = regexp.MustCompile(`^[A-Za-z0-9_+/=-]{1,255}$`)
)

func (r Record) validate() error {
	for _, name := range []string{r.FQDN, r.Zone} {
		if !recordName.MatchString(name) || len(name) > 254 {
			return mark(ErrConfiguration, fmt.Errorf("checking the TXT record: %q is not an absolute name of letters, digits, %q and %q", name, "-", "_"))
		}
	}
	if !dns.IsSubDomain(r.Zone, r.FQDN) {
		return mark(ErrConfiguration, fmt.Errorf("checking the TXT record: %s is not in zone %s", r.FQDN, r.Zone))
	}
	if !recordValue.MatchString(r.Value) {
		return fmt.Errorf("checking the TXT record: the value for %s is not base64 of 1 to 255 characters", r.FQDN)
	}
	return nil
}

// seconds of the TTL.
func (r Record) seconds() uint32 {
	ttl := r.TTL
	if ttl <= 0 {
		ttl = DefaultTTL
	}
	return uint32((min(ttl, 24*time.Hour) + time.Second - 1) / time.Second)
}

// parent is the name that the record is a challenge for, without final dot: for kube-cert-manager's plugins "the domain
// where the TXT record must be created", by which they find the zone. After a CNAME that is not the certificate's domain.
func (r Record) parent() string {
	return strings.TrimSuffix(strings.TrimPrefix(r.FQDN, challengeLabel+"."), ".")
}

// checked keeps records that are not well formed from a solver.
type checked struct{ Solver }

// PresentState implements Stateful.
func (c checked) PresentState(ctx context.Context, r Record) (string, error) {
	if err := r.validate(); err != nil {
		return "", err
	}
	if s, ok := c.Solver.(Stateful); ok {
		return s.PresentState(ctx, r)
	}
	return "", c.Solver.Present(ctx, r)
}

// Present implements Solver.
func (c checked) Present(ctx context.Context, r Record) error {
	if err := r.validate(); err != nil {
		return err
	}
	return c.Solver.Present(ctx, r)
}

// CleanUp implements Solver.
func (c checked) CleanUp(ctx context.Context, r Record) error {
	if err := r.validate(); err != nil {
		return err
	}
	return c.Solver.CleanUp(ctx, r)
}
