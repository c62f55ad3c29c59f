// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"bytes"
	"context"
	"crypto"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

// managedByLabel is the recommended label of who manages an object.
const managedByLabel = "app.kubernetes.io/managed-by"

// Sync repairs what is not the certificate itself in a Secret that is cert's: the managed label, spec.secretTemplate, the owner
// reference, and ca.crt unless anchorsPEM is nil. It returns the Secret as it is then, and writes only what differs. A Secret that
// somebody changes in the meantime is a Conflict error.
func Sync(ctx context.Context, writer client.Writer, cert *v1alpha1.TLSCertificate, s *corev1.Secret, anchorsPEM []byte) (*corev1.Secret, error) {
	after := s.DeepCopy()
	after.Labels = merge(after.Labels, map[string]string{v1alpha1.ManagedLabel: "true"})
	decorate(after, cert)
	if anchorsPEM != nil && !bytes.Equal(after.Data[corev1.ServiceAccountRootCAKey], anchorsPEM) {
		if after.Data == nil {
			after.Data = map[string][]byte{}
		}
		after.Data[corev1.ServiceAccountRootCAKey] = anchorsPEM
	}
	if equality.Semantic.DeepEqual(s, after) {
		return s, nil
	}
	if err := writer.Update(ctx, after); err != nil {
		return nil, fmt.Errorf("repairing Secret %s: %w", s.Name, err)
	}
	return after, nil
}

// Unowned reports whether nothing says that somebody else makes the Secret or sees to it: no annotation of an issuer, no owner,
// no managed-by label. A TLSCertificate that asks for such a Secret renews it when it is due.
func Unowned(s *corev1.Secret) bool {
	return s.Type == corev1.SecretTypeTLS && len(s.OwnerReferences) == 0 && s.Labels[managedByLabel] == "" &&
		s.Annotations[v1alpha1.CertificateNameAnnotation] == "" && s.Annotations[certManagerAnnotation] == ""
}

// Orphaned reports whether the Secret was written for some TLSCertificate and nobody else says that it is theirs. The caller has
// to know that this TLSCertificate is gone.
func Orphaned(s *corev1.Secret) bool {
	other := s.DeepCopy()
	delete(other.Annotations, v1alpha1.CertificateNameAnnotation)
	return s.Annotations[v1alpha1.CertificateNameAnnotation] != "" && Unowned(other)
}

// Claim marks an unowned Secret as cert's, without changing the certificate in it.
func Claim(ctx context.Context, writer client.Writer, cert *v1alpha1.TLSCertificate, s *corev1.Secret, fingerprint string, notBefore time.Time) (*corev1.Secret, error) {
	after := s.DeepCopy()
	after.Labels = merge(after.Labels, map[string]string{v1alpha1.ManagedLabel: "true"})
	after.Annotations = merge(after.Annotations, map[string]string{
		v1alpha1.CertificateNameAnnotation: cert.Name,
		v1alpha1.IssuerAnnotation:          IssuerRef(cert),
		v1alpha1.FingerprintAnnotation:     fingerprint,
		v1alpha1.IssuedAtAnnotation:        notBefore.UTC().Format(time.RFC3339),
	})
	if err := writer.Update(ctx, after); err != nil {
		return nil, fmt.Errorf("adopting Secret %s: %w", s.Name, err)
	}
	return after, nil
}

// KeptKey returns the key of the Secret if spec.privateKey.rotationPolicy is Never and the key is of the algorithm and size that
// spec.privateKey asks for; else nil: a new one has to be made. s may be nil.
func KeptKey(cert *v1alpha1.TLSCertificate, s *corev1.Secret) crypto.Signer {
	p := cert.Spec.PrivateKey
	if p == nil || p.RotationPolicy != pki.RotateNever || s == nil || !Owned(s, cert) {
		return nil
	}
	want, err := pki.KeySpecFor(p)
	if err != nil {
		return nil
	}
	key, err := pki.ParseKey(s.Data[corev1.TLSPrivateKeyKey])
	if err != nil || !want.Fits(key.Public()) {
		return nil
	}
	return key
}
