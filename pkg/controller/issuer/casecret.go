// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/ca"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

// wanted reads the Secret that says who shall sign, and makes it if it is absent and the spec says so.
func (r *Reconciler) wanted(ctx context.Context, issuer v1alpha1.Issuer) (*corev1.Secret, *verdict, error) {
	spec := issuer.GetSpec().CA
	name := client.ObjectKey{Namespace: v1alpha1.SecretNamespace(issuer, r.Namespace), Name: spec.SecretName}
	s := &corev1.Secret{}
	err := r.Reader.Get(ctx, name, s)
	if apierrors.IsNotFound(err) {
		if spec.SelfSigned == nil {
			v := no(v1alpha1.ReasonCAUnusable, fmt.Sprintf(
				"Secret %s does not exist; create it with the CA's tls.crt and tls.key, or set spec.ca.selfSigned", name))
			return nil, &v, nil
		}
		s, err = r.selfSign(ctx, issuer, name)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading the CA from Secret %s: %w", name, err)
	}
	return s, nil, nil
}

// selfSign makes the CA and writes its Secret. If somebody else was faster, theirs counts.
func (r *Reconciler) selfSign(ctx context.Context, issuer v1alpha1.Issuer, name client.ObjectKey) (*corev1.Secret, error) {
	authority, err := r.newCA(issuer)
	if err != nil {
		return nil, err
	}
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name}, Type: corev1.SecretTypeTLS}
	if err := fill(s, issuer, authority); err != nil {
		return nil, err
	}
	err = r.Writer.Create(ctx, s)
	if apierrors.IsAlreadyExists(err) {
		s = &corev1.Secret{}
		err = r.Reader.Get(ctx, name, s)
	}
	return s, err
}

// newCA makes a self-signed CA as the spec says.
func (r *Reconciler) newCA(issuer v1alpha1.Issuer) (*ca.CA, error) {
	spec := issuer.GetSpec().CA
	commonName := spec.SelfSigned.CommonName
	if commonName == "" {
		commonName = issuer.GetName()[:min(len(issuer.GetName()), 64)] // ub-common-name of RFC 5280
	}
	var duration time.Duration
	if spec.SelfSigned.Duration != nil {
		duration = spec.SelfSigned.Duration.Duration
	}
	return ca.NewSelfSigned(commonName, duration, ca.BackdateOf(spec), r.Clock.Now())
}

// fill puts a CA that the controller made into its Secret.
func fill(s *corev1.Secret, issuer v1alpha1.Issuer, authority *ca.CA) error {
	data, err := authority.Data()
	if err != nil {
		return err
	}
	if s.Data == nil {
		s.Data = map[string][]byte{}
	}
	maps.Copy(s.Data, data)
	if s.Labels == nil {
		s.Labels = map[string]string{}
	}
	s.Labels[v1alpha1.ManagedLabel] = "true"
	if s.Annotations == nil {
		s.Annotations = map[string]string{}
	}
	s.Annotations[v1alpha1.IssuerAnnotation] = ca.IssuerName(issuer)
	s.Annotations[v1alpha1.FingerprintAnnotation] = authority.Fingerprint()
	return nil
}

// policyOf is what the spec says of rotation. Only a CA that the controller made is renewed: one that people have put into the
// Secret is theirs.
func policyOf(issuer v1alpha1.Issuer, s *corev1.Secret, wanted *ca.CA) ca.Policy {
	spec := issuer.GetSpec().CA
	p := ca.Policy{TrustPropagation: ca.DefaultTrustPropagation, Longest: ca.LongestLeaf(spec)}
	if spec.TrustPropagation != nil {
		p.TrustPropagation = max(0, spec.TrustPropagation.Duration)
	}
	made := s.Annotations[v1alpha1.IssuerAnnotation] == ca.IssuerName(issuer)
	fingerprint, said := s.Annotations[v1alpha1.FingerprintAnnotation]
	p.Renew = spec.SelfSigned != nil && made && (!said || fingerprint == pki.Fingerprint(wanted.Certificate()))
	return p
}
