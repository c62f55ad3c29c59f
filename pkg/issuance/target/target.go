// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package target writes the Secret that a TLSCertificate asks for, unless it belongs to somebody else.
package target

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

// certManagerAnnotation marks Secrets that cert-manager writes.
const certManagerAnnotation = "cert-manager.io/certificate-name"

// ErrOwnedByOther says that the Secret is not this TLSCertificate's to write.
var ErrOwnedByOther = errors.New("the Secret belongs to somebody else")

// Pair is a certificate and its key.
type Pair struct {
	// ChainPEM is the certificate, followed by those that signed it.
	ChainPEM []byte
	// KeyPEM is the private key.
	KeyPEM []byte
	// RootPEM are the CAs to trust, for ca.crt; empty if they are public.
	RootPEM []byte
}

// Owned reports whether s is the Secret that was written for cert.
func Owned(s *corev1.Secret, cert *v1alpha1.TLSCertificate) bool {
	return s.Type == corev1.SecretTypeTLS &&
		s.Annotations[v1alpha1.CertificateNameAnnotation] == cert.Name &&
		s.Annotations[certManagerAnnotation] == ""
}

// IssuerRef returns the reference of cert as kind/name.
func IssuerRef(cert *v1alpha1.TLSCertificate) string {
	kind := cert.Spec.IssuerRef.Kind
	if kind == "" {
		kind = v1alpha1.KindCertIssuer
	}
	return kind + "/" + cert.Spec.IssuerRef.Name
}

// Write reads cert's Secret, and does what WriteOver does.
func Write(ctx context.Context, reader client.Reader, writer client.Writer, cert *v1alpha1.TLSCertificate, p Pair, now time.Time) (*corev1.Secret, error) {
	s := &corev1.Secret{}
	err := reader.Get(ctx, client.ObjectKey{Namespace: cert.Namespace, Name: cert.Spec.SecretName}, s)
	if apierrors.IsNotFound(err) {
		return WriteOver(ctx, writer, cert, nil, p, now)
	}
	if err != nil {
		return nil, fmt.Errorf("reading Secret %s: %w", cert.Spec.SecretName, err)
	}
	return WriteOver(ctx, writer, cert, s, p, now)
}

// WriteOver puts the pair into cert's Secret in one atomic write, and returns it as written. there is the Secret as it was read from
// the API server, nil if there was none. It returns ErrOwnedByOther if it is not cert's; a Secret that somebody has changed since is a
// Conflict or AlreadyExists error.
func WriteOver(ctx context.Context, writer client.Writer, cert *v1alpha1.TLSCertificate, there *corev1.Secret, p Pair, now time.Time) (*corev1.Secret, error) {
	chain, err := pki.ParseChain(p.ChainPEM)
	if err != nil {
		return nil, err
	}
	if there != nil && !Owned(there, cert) {
		return nil, ErrOwnedByOther
	}
	s := there.DeepCopy()
	if there == nil {
		s = &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: cert.Namespace, Name: cert.Spec.SecretName},
			Type:       corev1.SecretTypeTLS,
		}
	}
	s.Labels = merge(s.Labels, map[string]string{v1alpha1.ManagedLabel: "true"})
	s.Annotations = merge(s.Annotations, map[string]string{
		v1alpha1.CertificateNameAnnotation: cert.Name,
		v1alpha1.IssuerAnnotation:          IssuerRef(cert),
		v1alpha1.FingerprintAnnotation:     pki.Fingerprint(chain[0]),
		v1alpha1.IssuedAtAnnotation:        now.UTC().Format(time.RFC3339),
	})
	decorate(s, cert)
	if s.Data == nil {
		s.Data = map[string][]byte{}
	}
	s.Data[corev1.TLSCertKey] = p.ChainPEM
	s.Data[corev1.TLSPrivateKeyKey] = p.KeyPEM
	delete(s.Data, corev1.ServiceAccountRootCAKey)
	if len(p.RootPEM) > 0 {
		s.Data[corev1.ServiceAccountRootCAKey] = p.RootPEM
	}
	if there != nil {
		err = writer.Update(ctx, s)
	} else {
		err = writer.Create(ctx, s)
	}
	if err != nil {
		return nil, fmt.Errorf("writing Secret %s: %w", cert.Spec.SecretName, err)
	}
	return s, nil
}

func merge(into, from map[string]string) map[string]string {
	if into == nil {
		into = map[string]string{}
	}
	maps.Copy(into, from)
	return into
}
