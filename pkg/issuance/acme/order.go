// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/mholt/acmez/v3/acme"
	"k8s.io/klog/v2"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

// check refuses, before anything is asked of the CA, what could not lead to a certificate.
func (t *task) check(ctx context.Context) error {
	if len(t.Certificate.Spec.URIs) > 0 {
		return &Failure{Reason: v1alpha1.ReasonFailed, Message: "ACME servers sign no URIs; remove spec.uris, or name an issuer with spec.ca in spec.issuerRef"}
	}
	if p := t.Certificate.Spec.PrivateKey; p != nil && p.Algorithm == pki.Ed25519 {
		return &Failure{Reason: v1alpha1.ReasonFailed, Message: "ACME servers take no Ed25519 keys; set spec.privateKey.algorithm to ECDSA or RSA"}
	}
	for _, name := range identifierStrings(t.Certificate) {
		i, err := Choose(t.spec.Solvers, t.Certificate.Labels, name)
		if err != nil {
			return &Failure{Reason: v1alpha1.ReasonFailed, Message: err.Error()}
		}
		if s := t.spec.Solvers[i].HTTP01; s != nil {
			if err := t.Presenter.CheckSolver(s); err != nil {
				return &Failure{Reason: v1alpha1.ReasonFailed, Message: err.Error()}
			}
		}
	}
	if t.profile == "" {
		return nil
	}
	offered, err := t.Clients.Profiles(ctx, t.spec)
	if err != nil {
		return err
	}
	if _, ok := offered[t.profile]; ok {
		return nil
	}
	f := &Failure{Reason: v1alpha1.ReasonProfileUnsupported, Message: fmt.Sprintf("ACME server %s does not offer profile %q", t.spec.Server, t.profile)}
	if len(offered) == 0 {
		f.Message += ", nor any other; remove profile from the TLSCertificate or the issuer"
	} else {
		f.Message += fmt.Sprintf("; set profile of the TLSCertificate or the issuer to one of %s", list(slices.Sorted(maps.Keys(offered))))
	}
	return f
}

// placeOrder asks the CA for an order, in place of the certificate that is there if the CA knows renewal information.
func (t *task) placeOrder(ctx context.Context) error {
	if t.record.Attempt >= maxOrders {
		if err := t.discard(ctx); err != nil {
			return err
		}
		return &Failure{Reason: v1alpha1.ReasonFailed, Message: fmt.Sprintf(
			"ACME server %s: none of %d orders led to a certificate for our key; see the controller's log", t.spec.Server, maxOrders)}
	}
	replaces, err := t.predecessorID(ctx)
	if err != nil {
		return err
	}
	order, err := t.newOrder(ctx, replaces)
	if err != nil {
		return err
	}
	if err := t.effect("order placed"); err != nil {
		return err
	}
	t.record.OrderURL, t.record.AccountURI, t.record.Replaces = order.Location, t.account.Location, order.Replaces
	t.record.Attempt++
	t.record.Challenges = nil
	t.status.OrderURL = order.Location
	unread := t.readAhead(ctx, &order)
	if err := t.record.save(ctx, t.Writer, t.account.PrivateKey); err != nil {
		return err
	}
	t.notify(OrderPlaced, "Order", fmt.Sprintf("Placed order %s at %s", order.Location, t.spec.Server))
	if err := t.effect("record written"); err != nil {
		return err
	}
	return unread
}

// fewNames is how many authorizations are read before the record of an order is written, so that the answers are in it at once. A
// process that ends between the order and its record leaves a pending order behind for which nothing is issued; with more names the
// record is written first, so that this time stays short.
const fewNames = 5

// readAhead takes what the server has said of a new order for a look at it, and adds its answers to the record. What fails is returned
// when the record is written.
func (t *task) readAhead(ctx context.Context, order *acme.Order) error {
	if order.Status != acme.StatusPending || len(order.Authorizations) > fewNames {
		return nil
	}
	t.live = t.unknown()
	t.live.Order = order
	if err := t.lookAtNames(ctx); err != nil {
		return err
	}
	d := Decide(t.record, t.live, t.Clock.Now())
	if d.Step == StepPresent {
		if http := ofType(d.Challenges, challengeHTTP01); len(http) > 0 {
			t.record.Challenges = answersTo(http)
		}
	}
	t.looked = true
	return nil
}

// newOrder places the order, without replaces if the CA wants none. The guard is asked first for orders without: those
// with are outside CAs' limits.
func (t *task) newOrder(ctx context.Context, replaces string) (acme.Order, error) {
	want := acme.Order{Profile: t.profile, Replaces: replaces}
	for _, name := range t.Certificate.Spec.DNSNames {
		want.Identifiers = append(want.Identifiers, acme.Identifier{Type: "dns", Value: name})
	}
	for _, ip := range t.Certificate.Spec.IPAddresses {
		want.Identifiers = append(want.Identifiers, acme.Identifier{Type: "ip", Value: ip})
	}
	if replaces == "" {
		if err := t.guard(ctx, ""); err != nil {
			var f *Failure
			if errors.As(err, &f) {
				f.unplaced = true
			}
			return acme.Order{}, err
		}
	}
	var order acme.Order
	err := t.call(ctx, "placing the order", func(ctx context.Context) (err error) {
		order, err = t.client.NewOrder(ctx, t.account, want)
		return err
	})
	if replaces != "" && refusesReplaces(err) {
		klog.FromContext(ctx).Info("Placing the order without replaces", "replaces", replaces, "reason", err.Error())
		return t.newOrder(ctx, "")
	}
	return order, err
}

// refusesReplaces reports whether an order may have been refused for the certificate that it is to replace. Servers
// differ in what they answer: alreadyReplaced (409), malformed, unauthorized, even serverInternal.
func refusesReplaces(err error) bool {
	var f *Failure
	if !errors.As(err, &f) || f.problem == "" || f.UnknownAccount || f.Reason == v1alpha1.ReasonRateLimited {
		return false
	}
	switch f.problem {
	case acme.ProblemTypeRejectedIdentifier, acme.ProblemTypeUnsupportedIdentifier, acme.ProblemTypeCAA, acme.ProblemTypeUserActionRequired, acme.ProblemTypeBadNonce:
		return false
	}
	return true
}

// Profiles returns the certificate profiles that a server offers, by name, with its descriptions; none if it knows no
// profiles. They are at most clientLifetime old. An error is a *Failure.
func (c *Clients) Profiles(ctx context.Context, spec *v1alpha1.ACMEIssuer) (map[string]string, error) {
	directory, _, err := c.directory(ctx, spec)
	if err != nil || directory.Meta == nil {
		return nil, err
	}
	return maps.Clone(directory.Meta.Profiles), nil
}

// directory returns the server's directory, and the client that asks whatever it names. An error is a *Failure.
func (c *Clients) directory(ctx context.Context, spec *v1alpha1.ACMEIssuer) (acme.Directory, *http.Client, error) {
	k, err := c.provisioned(ctx, spec)
	if err != nil {
		return acme.Directory{}, nil, err
	}
	return *k.transport.directory.Load(), k.HTTPClient, nil
}
