// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/ca"
	"github.com/tollgate-dev/tollgate/pkg/issuance/target"
)

// origin is where the certificate of a TLSCertificate comes from, and who else wants its Secret.
type origin struct {
	// issuer as it is; nil if there is none.
	issuer v1alpha1.Issuer
	// ready: it can be used; why says what is missing otherwise.
	ready bool
	why   string
	// authority is the state of an internal CA; nil if the issuer is none, or has not begun.
	authority *ca.State
	// authorityVersion is the resourceVersion of that state.
	authorityVersion string
	// rival is the TLSCertificate that has the Secret, or comes first; "" if there is none.
	rival string
	// orphan: the Secret was made for a TLSCertificate that is gone.
	orphan bool
}

// origin reads the issuer and, where the Secret is not cert's, who else asks for it.
func (r *Reconciler) origin(ctx context.Context, cert *v1alpha1.TLSCertificate, s *corev1.Secret) (origin, error) {
	issuer, why, err := r.issuer(ctx, cert)
	if err != nil {
		return origin{}, err
	}
	by := origin{issuer: issuer, why: why, ready: why == ""}
	if issuer != nil && issuer.GetSpec().CA != nil {
		if by.authority, by.authorityVersion, err = r.authority(ctx, issuer); err != nil {
			return origin{}, err
		}
	}
	// Before an issuance began, nobody else asked for a Secret that is not there yet.
	if s == nil && r.Orders.Running(cert.Namespace, cert.Name) {
		return by, nil
	}
	if s == nil || !target.Owned(s, cert) {
		if by.rival, by.orphan, err = r.rival(ctx, cert, s); err != nil {
			return origin{}, err
		}
	}
	return by, nil
}

// supersededAt is when another CA took over from the one that signed the leaf; zero if none has.
func (b origin) supersededAt(leaf *x509.Certificate) time.Time {
	if b.authority == nil || leaf == nil || leaf.CheckSignatureFrom(b.authority.Signing.Certificate()) == nil {
		return time.Time{}
	}
	return b.authority.SignsSince
}

// anchors is what ca.crt of the Secret has to hold; nil if that is not for the issuer to say.
func (b origin) anchors(s *corev1.Secret, cert *v1alpha1.TLSCertificate) []byte {
	if b.authority == nil || s.Annotations[v1alpha1.IssuerAnnotation] != target.IssuerRef(cert) {
		return nil
	}
	return b.authority.Bundle()
}

// rival returns the other TLSCertificate that has the Secret or, if there is no Secret, the oldest one that asks for it. orphan
// says that the Secret was made for one that no longer is. It asks the API server itself: two that issue into one Secret would
// replace each other's certificates for ever.
func (r *Reconciler) rival(ctx context.Context, cert *v1alpha1.TLSCertificate, s *corev1.Secret) (rival string, orphan bool, err error) {
	holder := ""
	if s != nil {
		if holder = s.Annotations[v1alpha1.CertificateNameAnnotation]; holder == "" || holder == cert.Name {
			return "", false, nil
		}
	}
	options := []client.ListOption{client.InNamespace(cert.Namespace)}
	if r.selectable {
		options = append(options, client.MatchingFields{secretIndex: cert.Spec.SecretName})
	}
	var list v1alpha1.TLSCertificateList
	if err := r.Reader.List(ctx, &list, options...); err != nil {
		return "", false, fmt.Errorf("listing the TLSCertificates that ask for Secret %s: %w", cert.Spec.SecretName, err)
	}
	list.Items = slices.DeleteFunc(list.Items, func(c v1alpha1.TLSCertificate) bool {
		return c.Spec.SecretName != cert.Spec.SecretName || c.DeletionTimestamp != nil || c.Name == cert.Name
	})
	if s != nil {
		if slices.ContainsFunc(list.Items, func(c v1alpha1.TLSCertificate) bool { return c.Name == holder }) {
			return holder, false, nil
		}
		return "", target.Orphaned(s), nil
	}
	if len(list.Items) == 0 {
		return "", false, nil
	}
	older := func(a, b v1alpha1.TLSCertificate) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	}
	if oldest := slices.MinFunc(list.Items, older); older(oldest, *cert) < 0 {
		return oldest.Name, false, nil
	}
	return "", false, nil
}
