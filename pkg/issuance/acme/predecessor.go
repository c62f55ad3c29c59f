// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"crypto/x509"
	"net"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
	"github.com/tollgate-dev/tollgate/pkg/issuance/target"
)

// predecessor returns the certificate that is in the target Secret now, if it was written for this TLSCertificate and
// came from the same issuer; nil if there is none.
func (t *task) predecessor() *x509.Certificate {
	s := t.Secret
	if s == nil || !target.Owned(s, t.Certificate) || s.Annotations[v1alpha1.IssuerAnnotation] != target.IssuerRef(t.Certificate) {
		return nil
	}
	chain, err := pki.ParseChain(s.Data[corev1.TLSCertKey])
	if err != nil {
		return nil // what cannot be read is replaced by no order in particular
	}
	if s.Annotations[v1alpha1.FingerprintAnnotation] != pki.Fingerprint(chain[0]) {
		return nil // somebody put it there
	}
	return chain[0]
}

// predecessorID returns what the order is to replace: RFC 9773 section 5 wants the same account and a name in common.
// Whether the account is the same is left to the CA, which refuses the order if not.
func (t *task) predecessorID(ctx context.Context) (string, error) {
	directory, _, err := t.Clients.directory(ctx, t.spec)
	if err != nil || directory.RenewalInfo == "" {
		return "", err
	}
	leaf := t.predecessor()
	if leaf == nil || !shareName(leaf, t.Certificate) {
		return "", nil
	}
	return CertificateID(leaf), nil
}

func shareName(leaf *x509.Certificate, cert *v1alpha1.TLSCertificate) bool {
	return slices.ContainsFunc(cert.Spec.DNSNames, func(name string) bool { return slices.Contains(leaf.DNSNames, name) }) ||
		slices.ContainsFunc(cert.Spec.IPAddresses, func(text string) bool {
			return slices.ContainsFunc(leaf.IPAddresses, net.ParseIP(text).Equal)
		})
}
