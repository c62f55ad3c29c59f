// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/ca"
)

// prepareCA checks the CA's Secret, and makes it if it is absent and the spec says so. It never changes one.
func (r *Reconciler) prepareCA(ctx context.Context, issuer v1alpha1.Issuer) (verdict, error) {
	spec, now := issuer.GetSpec().CA, r.Clock.Now()
	name := client.ObjectKey{Namespace: v1alpha1.SecretNamespace(issuer, r.Namespace), Name: spec.SecretName}
	issuer.GetStatus().NotAfter = nil
	s := &corev1.Secret{}
	err := r.Reader.Get(ctx, name, s)
	if apierrors.IsNotFound(err) {
		if spec.SelfSigned == nil {
			return no(v1alpha1.ReasonCAUnusable, fmt.Sprintf(
				"Secret %s does not exist; create it with the CA's tls.crt and tls.key, or set spec.ca.selfSigned", name)), nil
		}
		s, err = r.selfSign(ctx, issuer, name)
	}
	if err != nil {
		return verdict{}, fmt.Errorf("reading the CA from Secret %s: %w", name, err)
	}
	authority, err := ca.Load(s, now)
	if errors.Is(err, ca.ErrExpiresTooSoon) {
		return no(v1alpha1.ReasonCAExpiresTooSoon, fmt.Sprintf("Secret %s: %v", name, err)), nil
	}
	if err != nil {
		return no(v1alpha1.ReasonCAUnusable, fmt.Sprintf("Secret %s: %v", name, err)), nil
	}
	end := authority.Certificate().NotAfter
	issuer.GetStatus().NotAfter = &metav1.Time{Time: end}
	v := yes(v1alpha1.ReasonCAReady, fmt.Sprintf("the CA %q can sign until %s", authority.Certificate().Subject, end.UTC().Format(time.RFC3339)))
	if last := end.Add(-ca.MinDuration).Add(time.Second); last.Before(now.Add(recheckReady)) {
		v.at = last
	}
	return v, nil
}

// selfSign makes the CA and writes its Secret. If somebody else was faster, theirs counts.
func (r *Reconciler) selfSign(ctx context.Context, issuer v1alpha1.Issuer, name client.ObjectKey) (*corev1.Secret, error) {
	spec := issuer.GetSpec().CA
	commonName := spec.SelfSigned.CommonName
	if commonName == "" {
		commonName = issuer.GetName()[:min(len(issuer.GetName()), 64)] // ub-common-name of RFC 5280
	}
	var duration time.Duration
	if spec.SelfSigned.Duration != nil {
		duration = spec.SelfSigned.Duration.Duration
	}
	backdate := ca.DefaultBackdate
	if spec.Backdate != nil {
		backdate = spec.Backdate.Duration
	}
	authority, err := ca.NewSelfSigned(commonName, duration, backdate, r.Clock.Now())
	if err != nil {
		return nil, err
	}
	data, err := authority.Data()
	if err != nil {
		return nil, err
	}
	s := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: name.Namespace, Name: name.Name,
			Labels:      map[string]string{v1alpha1.ManagedLabel: "true"},
			Annotations: map[string]string{v1alpha1.IssuerAnnotation: issuer.Kind() + "/" + issuer.GetName()},
		},
		Type: corev1.SecretTypeTLS,
		Data: data,
	}
	err = r.Writer.Create(ctx, s)
	if apierrors.IsAlreadyExists(err) {
		err = r.Reader.Get(ctx, name, s)
	}
	return s, err
}
