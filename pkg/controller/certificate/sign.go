// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/ca"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
	"github.com/tollgate-dev/tollgate/pkg/issuance/target"
)

func (r *Reconciler) issueCA(ctx context.Context, cert *v1alpha1.TLSCertificate, s *corev1.Secret, by origin, i inspection) (time.Duration, error) {
	if by.authority == nil {
		r.condition(cert, v1alpha1.ConditionIssuing, true, v1alpha1.ReasonWaitingForIssuer,
			fmt.Sprintf("%s %s is being prepared", by.issuer.Kind(), by.issuer.GetName()))
		return shortly, nil
	}
	pair, err := r.sign(cert, s, by)
	if errors.Is(err, ca.ErrExpiresTooSoon) && !i.verdict.Ready {
		r.condition(cert, v1alpha1.ConditionReady, false, v1alpha1.ReasonCAExpiresTooSoon, err.Error())
	}
	if err != nil {
		return r.fail(cert, err)
	}
	written, err := target.WriteOver(ctx, r.Writer, cert, s, pair, r.Clock.Now())
	if err != nil {
		return r.fail(cert, err)
	}
	cert.Status.NextAttemptTime = nil
	return r.issued(cert, written, by)
}

// sign makes a certificate of the issuer's CA for a key.
func (r *Reconciler) sign(cert *v1alpha1.TLSCertificate, s *corev1.Secret, by origin) (target.Pair, error) {
	spec, now := by.issuer.GetSpec().CA, r.Clock.Now()
	refuse := func(err error) (target.Pair, error) { return target.Pair{}, &refusal{issuer: by.issuer, err: err} }
	authority := by.authority.Signing
	if err := authority.Usable(now); err != nil {
		return refuse(err)
	}
	duration, err := leafDuration(cert, spec)
	if err != nil {
		return refuse(err)
	}
	want, err := pki.KeySpecFor(cert.Spec.PrivateKey)
	if err != nil {
		return refuse(err)
	}
	key := target.KeptKey(cert, s)
	if key == nil {
		if key, err = want.New(); err != nil {
			return refuse(fmt.Errorf("making the private key: %w", err))
		}
	}
	leaf, err := authority.Sign(ca.Request{
		DNSNames: cert.Spec.DNSNames, IPAddresses: cert.Spec.IPAddresses, URIs: cert.Spec.URIs, Usages: cert.Spec.Usages,
		PublicKey: key.Public(), Duration: duration, Backdate: ca.BackdateOf(spec),
	}, now)
	if err != nil {
		return refuse(err)
	}
	keyPEM, err := pki.EncodeKey(key)
	if err != nil {
		return refuse(err)
	}
	return target.Pair{ChainPEM: authority.Bundle(leaf), KeyPEM: keyPEM, RootPEM: by.authority.Bundle()}, nil
}

// leafDuration is spec.duration, or the default, within the issuer's limits.
func leafDuration(cert *v1alpha1.TLSCertificate, spec *v1alpha1.CAIssuer) (time.Duration, error) {
	most := ca.DefaultDuration
	if spec.MaxDuration != nil {
		most = spec.MaxDuration.Duration
	}
	if cert.Spec.Duration == nil {
		return max(min(ca.DefaultDuration, most), ca.MinDuration), nil
	}
	d := cert.Spec.Duration.Duration
	if d < ca.MinDuration || d > most {
		return 0, fmt.Errorf("checking spec.duration: %s is not between %s and the issuer's maxDuration %s; change it", d, ca.MinDuration, most)
	}
	return d, nil
}
