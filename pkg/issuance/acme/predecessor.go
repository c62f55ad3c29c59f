// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"net"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
	"github.com/tollgate-dev/tollgate/pkg/issuance/target"
)

// predecessor returns the certificate that is in the target Secret now, if it was written for this TLSCertificate and
// came from the same issuer; nil if there is none.
func (t *task) predecessor(ctx context.Context) (*x509.Certificate, error) {
	s, err := t.targetSecret(ctx)
	if s == nil || err != nil {
		return nil, err
	}
	if !target.Owned(s, t.Certificate) || s.Annotations[v1alpha1.IssuerAnnotation] != target.IssuerRef(t.Certificate) {
		return nil, nil
	}
	chain, err := pki.ParseChain(s.Data[corev1.TLSCertKey])
	if err != nil {
		return nil, nil //nolint:nilerr // what cannot be read is replaced by no order in particular
	}
	if s.Annotations[v1alpha1.FingerprintAnnotation] != pki.Fingerprint(chain[0]) {
		return nil, nil // somebody put it there
	}
	return chain[0], nil
}

// targetSecret reads the target Secret; nil if there is none.
func (t *task) targetSecret(ctx context.Context) (*corev1.Secret, error) {
	s := &corev1.Secret{}
	err := t.Reader.Get(ctx, client.ObjectKey{Namespace: t.Certificate.Namespace, Name: t.Certificate.Spec.SecretName}, s)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading Secret %s: %w", t.Certificate.Spec.SecretName, err)
	}
	return s, nil
}

// keptKey returns the key that spec.privateKey.rotationPolicy keeps; nil if a new one is to be made.
func (t *task) keptKey(ctx context.Context) (crypto.Signer, error) {
	s, err := t.targetSecret(ctx)
	if err != nil {
		return nil, err
	}
	return target.KeptKey(t.Certificate, s), nil
}

// predecessorID returns what the order is to replace: RFC 9773 section 5 wants the same account and a name in common.
// Whether the account is the same is left to the CA, which refuses the order if not.
func (t *task) predecessorID(ctx context.Context) (string, error) {
	directory, _, err := t.Clients.directory(ctx, t.spec)
	if err != nil || directory.RenewalInfo == "" {
		return "", err
	}
	leaf, err := t.predecessor(ctx)
	if err != nil || leaf == nil || !shareName(leaf, t.Certificate) {
		return "", err
	}
	return CertificateID(leaf), nil
}

func shareName(leaf *x509.Certificate, cert *v1alpha1.TLSCertificate) bool {
	return slices.ContainsFunc(cert.Spec.DNSNames, func(name string) bool { return slices.Contains(leaf.DNSNames, name) }) ||
		slices.ContainsFunc(cert.Spec.IPAddresses, func(text string) bool {
			return slices.ContainsFunc(leaf.IPAddresses, net.ParseIP(text).Equal)
		})
}
