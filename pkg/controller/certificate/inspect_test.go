// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"crypto/x509"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

// TestNoLoopOverWhatTheIssuerMakes has an issuer whose certificates fall short of what a gate
// demands. Issuing again would give the same, for ever.
func TestNoLoopOverWhatTheIssuerMakes(t *testing.T) {
	clientOnly := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }
	for name, tt := range map[string]struct {
		change func(*corev1.Secret)
		want   bool // a certificate is needed
	}{
		"as issued":                      {change: func(*corev1.Secret) {}},
		"replaced by somebody":           {change: func(s *corev1.Secret) { s.Annotations[v1alpha1.FingerprintAnnotation] = "other" }, want: true},
		"as issued, the key is replaced": {change: func(s *corev1.Secret) { s.Data[corev1.TLSPrivateKeyKey] = nil }, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			cert := &v1alpha1.TLSCertificate{
				ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "uid-cert"},
				Spec:       v1alpha1.TLSCertificateSpec{SecretName: "web-tls", DNSNames: []string{"www.example.com"}, IssuerRef: v1alpha1.IssuerReference{Name: "ca", Kind: v1alpha1.KindClusterCertIssuer}},
			}
			certPEM, keyPEM := tlstest.NewCA(t).Issue(tlstest.Options{DNSNames: cert.Spec.DNSNames, Change: clientOnly})
			s := tlstest.Secret("shop", "web-tls", certPEM, keyPEM)
			s.Annotations = map[string]string{
				v1alpha1.CertificateNameAnnotation: cert.Name,
				v1alpha1.IssuerAnnotation:          v1alpha1.KindClusterCertIssuer + "/ca",
				v1alpha1.FingerprintAnnotation:     tlsready.Inspect(s).FingerprintSHA256,
			}
			s.OwnerReferences = []metav1.OwnerReference{{APIVersion: v1alpha1.GroupVersion.String(), Kind: "TLSCertificate", Name: cert.Name, UID: cert.UID}}
			tt.change(s)
			i := inspect(cert, s, origin{}, tlstest.Now)
			if !i.owned || i.verdict.Ready {
				t.Fatalf("The Secret is owned: %t, and usable: %t; want owned and not usable", i.owned, i.verdict.Ready)
			}
			if got := i.need != ""; got != tt.want {
				t.Errorf("A certificate is needed: %t (%s), want %t", got, i.need, tt.want)
			}
		})
	}
}
