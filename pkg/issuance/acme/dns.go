// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/klog/v2"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/dns01"
)

const (
	// dnsTimeout bounds one call of a solver, and all removals of one round. Solvers have shorter bounds of their own.
	dnsTimeout = 150 * time.Second
	// checkTimeout bounds one round of questions to the name servers of a zone.
	checkTimeout = 15 * time.Second
	// propagationTimeout is the default of spec.acme.solvers[].dns01.propagationTimeout.
	propagationTimeout = 10 * time.Minute
	// challengeTTL is what the TXT records may be cached for. The value of a challenge is asked for once.
	challengeTTL = time.Minute
)

// Checker asks the DNS.
type Checker interface {
	// Resolve returns the name at which the CA will find the TXT record of domain, aliases followed, and its zone.
	Resolve(ctx context.Context, domain string) (fqdn, zone string, err error)
	// Propagated reports whether all name servers of the zone have the value; waiting says which does not yet.
	Propagated(ctx context.Context, fqdn, zone, value string) (ok bool, waiting string, err error)
}

// solver returns the solver of an entry.
func (e *Executor) solver(x dnsEntry, issuer v1alpha1.Issuer, secretNamespace string) (dns01.Solver, error) {
	if e.DNS01 == nil {
		return nil, errors.New("this controller runs without dns-01 solvers")
	}
	return e.DNS01(&x.Solver, issuer, secretNamespace)
}

// presentDNS makes the TXT records of the challenges that the CA was not asked about yet, once in this process.
func (t *task) presentDNS(ctx context.Context, challenges []Pending) error {
	for _, c := range challenges {
		x := t.record.entry(c)
		if x == nil || !t.unasked(c) {
			continue
		}
		if _, done := t.run.presented[x.Value]; done {
			continue
		}
		s, err := t.solver(*x, t.Issuer, t.SecretNamespace)
		if err == nil {
			err = t.presentOne(ctx, s, x)
		}
		if err != nil {
			return dnsFailure(fmt.Sprintf("making the TXT record %s for %s", x.FQDN, c.Name), err)
		}
		t.run.presented[x.Value] = t.Clock.Now()
		if err := t.effect("txt presented"); err != nil {
			return err
		}
	}
	return nil
}

// presentOne makes one TXT record and writes down what the solver needs to remove it.
func (t *task) presentOne(ctx context.Context, s dns01.Solver, x *dnsEntry) error {
	ctx, cancel := context.WithTimeout(ctx, dnsTimeout)
	defer cancel()
	stateful, ok := s.(dns01.Stateful)
	if !ok {
		return s.Present(ctx, x.record())
	}
	state, err := stateful.PresentState(ctx, x.record())
	if err != nil || state == "" {
		return err
	}
	return t.journal.remember(ctx, t.Writer, x.Seal, state)
}

// dnsPoll returns when to ask the name servers again.
func (t *task) dnsPoll() time.Duration {
	if t.Clock.Since(t.record.Started) > patience {
		return dnsLater
	}
	return dnsFirst
}

// dnsFailure classifies what went wrong with the DNS. The order is kept: nothing was refused by the CA. What nobody has to
// change something for is tried again as if a server did not answer.
func dnsFailure(doing string, err error) *Failure {
	f := &Failure{Reason: v1alpha1.ReasonFailed, Message: doing + ": " + bound(err.Error())}
	f.Transient = !errors.Is(err, dns01.ErrCredentials) && !errors.Is(err, dns01.ErrConfiguration)
	if errors.Is(err, dns01.ErrCredentials) {
		f.Reason = v1alpha1.ReasonBadDNSCredentials
		f.Message += "; correct the Secret that spec.acme.solvers of the issuer names"
	}
	return f
}

// unpropagated returns what the DNS lacks before the CA can be asked; "" if it lacks nothing. Zones are waited for as
// long as propagationTimeout says: then the CA is asked all the same, since it may see what this controller cannot.
func (t *task) unpropagated(ctx context.Context, challenges []Pending) string {
	if t.Checker == nil {
		return ""
	}
	for _, c := range challenges {
		x := t.record.entry(c)
		if x == nil || !t.unasked(c) || t.run.propagated[x.Value] {
			continue
		}
		waiting := t.lacking(ctx, x)
		if waiting != "" {
			timeout := propagationTimeout
			if d := c.Solver.DNS01.PropagationTimeout; d != nil {
				timeout = d.Duration
			}
			until := t.run.presented[x.Value].Add(timeout)
			if t.Clock.Now().Before(until) {
				return fmt.Sprintf("waiting until %s for the TXT record %s of %s: %s", until.UTC().Format(time.RFC3339), x.FQDN, c.Name, waiting)
			}
			t.warn(PropagationTimedOut, "Validate", fmt.Sprintf(
				"TXT record %s of %s: %s when propagationTimeout was over; the CA is asked all the same", x.FQDN, c.Name, waiting))
		}
		t.run.propagated[x.Value] = true
	}
	return ""
}

// lacking asks the name servers once.
func (t *task) lacking(ctx context.Context, x *dnsEntry) string {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	ok, waiting, err := t.Checker.Propagated(ctx, x.FQDN, x.Zone, x.Value)
	switch {
	case err != nil:
		klog.FromContext(ctx).V(2).Info("Asking the name servers", "fqdn", x.FQDN, "zone", x.Zone, "err", err)
		return "asking the name servers failed: " + bound(err.Error())
	case ok:
		return ""
	case waiting == "":
		return "a name server does not have it yet"
	}
	return waiting
}

// maker is what makes the record: how long it is waited for is no part of that.
func maker(c Pending) v1alpha1.DNS01Solver {
	s := *c.Solver.DNS01
	s.PropagationTimeout = nil
	return s
}

// recordDNS writes down which TXT records are about to be made, before any of them is.
func (t *task) recordDNS(ctx context.Context, challenges []Pending) error {
	var add []dnsEntry
	for _, c := range challenges {
		if c.Type != challengeDNS01 || t.record.entry(c) != nil {
			continue
		}
		fqdn, zone, err := t.resolve(ctx, c)
		if err != nil {
			return dnsFailure("finding the DNS zone for the TXT record of "+c.Name, err)
		}
		x := dnsEntry{
			FQDN: fqdn, Zone: zone, Value: c.DNS01KeyAuthorization(), Domain: c.Identifier.Value, Token: c.Token,
			KeyAuthorization: c.KeyAuthorization, Solver: maker(c),
			IssuerKind: t.Issuer.Kind(), IssuerName: t.Issuer.GetName(), AccountSecret: t.spec.PrivateKeySecretRef.Name,
		}
		add = append(add, x)
	}
	if len(add) == 0 {
		return nil
	}
	t.journal.release(t.Clock.Now(), func(x dnsEntry) bool {
		return slices.ContainsFunc(t.record.DNS, func(used dnsEntry) bool { return used.Seal == x.Seal }) &&
			slices.ContainsFunc(challenges, func(c Pending) bool { return (&Record{DNS: []dnsEntry{x}}).entry(c) != nil })
	})
	if err := t.journal.add(ctx, t.Writer, t.account.PrivateKey, add); err != nil {
		return err
	}
	t.record.DNS = t.journal.inUse(t.Issuer, t.account.PrivateKey)
	return t.effect("txt recorded")
}

func (t *task) resolve(ctx context.Context, c Pending) (fqdn, zone string, err error) {
	if t.Checker == nil {
		return c.DNS01TXTRecordName() + ".", "", nil
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	return t.Checker.Resolve(ctx, c.Identifier.Value)
}
