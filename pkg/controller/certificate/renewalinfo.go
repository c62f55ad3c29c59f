// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

const (
	// askAgain is when a CA that says nothing of renewal is asked again: at least twice a day (Let's Encrypt's integration guide).
	askAgain = 6 * time.Hour
	// askAfterFailure is when it is asked again after it did not answer.
	askAfterFailure = time.Hour
)

// RenewalInformer asks CAs when they want certificates to be renewed (RFC 9773).
type RenewalInformer interface {
	// RenewalInfo asks about a leaf; nil if the CA offers no renewal information. Its nextCheck is within bounds.
	RenewalInfo(ctx context.Context, cert *v1alpha1.TLSCertificate, issuer v1alpha1.Issuer, leaf *x509.Certificate) (*v1alpha1.RenewalInfo, error)
}

// renewalInfo is what the CA has said of the certificate that the Secret holds; nil if that was of another.
func renewalInfo(cert *v1alpha1.TLSCertificate, leaf *x509.Certificate) *v1alpha1.RenewalInfo {
	if cert.Status.ACME == nil || cert.Status.ACME.RenewalInfo == nil || leaf == nil {
		return nil
	}
	if info := cert.Status.ACME.RenewalInfo; info.CertificateID != "" && info.CertificateID == acme.CertificateID(leaf) {
		return info
	}
	return nil
}

// ask asks the CA about the certificate in the Secret if that is due, and notes the answer in the status. What it said before
// stays while it does not answer.
func (r *Reconciler) ask(ctx context.Context, cert *v1alpha1.TLSCertificate, s *corev1.Secret, by origin, i inspection) bool {
	if r.RenewalInformer == nil || by.issuer == nil || by.issuer.GetSpec().ACME == nil || !by.ready || !i.owned || !i.verdict.Ready {
		return false
	}
	leaf, now := leafOf(s), r.Clock.Now()
	if leaf == nil || acme.CertificateID(leaf) == "" {
		return false
	}
	had := renewalInfo(cert, leaf)
	if had != nil && had.NextCheck != nil && now.Before(had.NextCheck.Time) {
		return false
	}
	got, err := r.RenewalInformer.RenewalInfo(ctx, cert, by.issuer, leaf)
	info := &v1alpha1.RenewalInfo{}
	switch {
	case err != nil:
		if had != nil {
			info = had.DeepCopy()
		}
		info.Message = truncate(fmt.Sprintf("asking when to renew: %v", err), maxMessage)
		info.NextCheck = timePtr(now.Add(askAfterFailure).Truncate(time.Second))
	case got != nil:
		info = got.DeepCopy()
	}
	if info.NextCheck == nil {
		info.NextCheck = timePtr(now.Add(askAgain).UTC().Truncate(time.Second))
	}
	info.CertificateID = acme.CertificateID(leaf)
	if cert.Status.ACME == nil {
		cert.Status.ACME = &v1alpha1.ACMECertificateStatus{}
	}
	cert.Status.ACME.RenewalInfo = info
	return true
}

// leafOf returns the first certificate of a Secret, nil if there is none.
func leafOf(s *corev1.Secret) *x509.Certificate {
	if s == nil {
		return nil
	}
	chain, err := pki.ParseChain(s.Data[corev1.TLSCertKey])
	if err != nil {
		return nil
	}
	return chain[0]
}
