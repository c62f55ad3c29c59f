// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"errors"
	"fmt"

	"github.com/mholt/acmez/v3/acme"
	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
	"github.com/tollgate-dev/tollgate/pkg/issuance/target"
)

// errOtherKey says that the certificate of the order was made for a key that is not ours.
var errOtherKey = errors.New("the certificate was issued for another key")

// download fetches the certificate and puts it in place.
func (t *task) download(ctx context.Context) (*corev1.Secret, error) {
	var chains []acme.Certificate
	err := t.call(ctx, "fetching the certificate", func(ctx context.Context) (err error) {
		chains, err = t.client.GetCertificateChain(ctx, t.account, t.live.Order.Certificate)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := t.effect("downloaded"); err != nil {
		return nil, err
	}
	chainPEM, err := t.verify(chains)
	if err != nil {
		var f *Failure
		if errors.As(err, &f) && !f.Transient {
			return nil, errors.Join(t.discard(ctx), err)
		}
		return nil, err
	}
	key, err := pki.EncodeKey(t.record.key)
	if err != nil {
		return nil, err
	}
	s, err := target.WriteOver(ctx, t.Writer, t.Certificate, t.Secret, target.Pair{ChainPEM: chainPEM, KeyPEM: key}, t.Clock.Now())
	if err != nil {
		return nil, err
	}
	if err := t.effect("target written"); err != nil {
		return nil, err
	}
	return s, t.discard(ctx)
}

// verify checks that the certificate is for our key, covers all names and is valid, and returns the preferred chain.
func (t *task) verify(downloaded []acme.Certificate) ([]byte, error) {
	refuse := func(format string, args ...any) ([]byte, error) {
		return nil, &Failure{Reason: v1alpha1.ReasonFailed, Message: fmt.Sprintf("ACME server %s: refusing the certificate: ", t.spec.Server) + fmt.Sprintf(format, args...)}
	}
	if len(downloaded) == 0 {
		return refuse("the server sent none")
	}
	var pems [][]byte
	for _, c := range downloaded {
		pems = append(pems, c.ChainPEM)
	}
	chains, pems, err := parseChains(pems)
	if err != nil {
		// The answer was cut short, or garbled on its way. The order stays valid, so the certificate is fetched again.
		return nil, &Failure{Transient: true, Reason: v1alpha1.ReasonServerUnreachable, Message: fmt.Sprintf("ACME server %s: reading the certificate that it sent: %v", t.spec.Server, err)}
	}
	leaf := chains[0][0]
	if !pki.SamePublicKey(leaf.PublicKey, t.record.key.Public()) {
		return nil, errOtherKey
	}
	if missing := pki.Uncovered(leaf, t.Certificate.Spec.DNSNames, t.Certificate.Spec.IPAddresses); len(missing) > 0 {
		return refuse("it does not cover %s", list(missing))
	}
	if !t.Clock.Now().Before(leaf.NotAfter) {
		return refuse("it ended at %s already; check the clocks", leaf.NotAfter.UTC())
	}
	i, roots, ok := preferChain(chains, t.spec.PreferredChain)
	if !ok {
		t.warn(ChainNotOffered, "Issue", fmt.Sprintf("ACME server %s offers no chain of %q, the default one is used; correct preferredChain of the issuer, the server has %s",
			t.spec.Server, t.spec.PreferredChain, list(roots)))
	}
	return pems[i], nil
}
