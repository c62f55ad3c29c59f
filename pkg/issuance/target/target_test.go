// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

func newClient(t *testing.T, objs ...client.Object) client.Client {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(objs...).Build()
}

func web() *v1alpha1.TLSCertificate {
	return &v1alpha1.TLSCertificate{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "uid-web"},
		Spec: v1alpha1.TLSCertificateSpec{
			SecretName: "web-tls", DNSNames: []string{"www.example.com"}, IssuerRef: v1alpha1.IssuerReference{Name: "internal"},
			SecretTemplate: &v1alpha1.SecretTemplate{
				Labels: map[string]string{"team": "shop", "tollgate.dev/managed": "false"},
				Annotations: map[string]string{
					"example.com/owner": "ops", "tollgate.dev/certificate-name": "api", "x.tollgate.dev/y": "z", "cert-manager.io/certificate-name": "web",
				},
			},
		},
	}
}

func pair(t *testing.T) Pair {
	t.Helper()
	certPEM, keyPEM := tlstest.NewCA(t).Issue(tlstest.Options{DNSNames: []string{"www.example.com"}})
	return Pair{ChainPEM: certPEM, KeyPEM: keyPEM, RootPEM: []byte("root")}
}

func TestWriteAppliesTheTemplate(t *testing.T) {
	c, cert := newClient(t), web()
	s, err := Write(t.Context(), c, c, cert, pair(t), tlstest.Now)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"team": "shop", "tollgate.dev/managed": "true"}, s.Labels); diff != "" {
		t.Errorf("labels (-want, +got):\n%s", diff)
	}
	if !Owned(s, cert) || s.Annotations["example.com/owner"] != "ops" || s.Annotations["x.tollgate.dev/y"] != "" {
		t.Errorf("annotations: %v", s.Annotations)
	}
	if diff := cmp.Diff([]string{"cert-manager.io/certificate-name", "tollgate.dev/certificate-name", "tollgate.dev/managed", "x.tollgate.dev/y"}, Refused(cert)); diff != "" {
		t.Errorf("refused (-want, +got):\n%s", diff)
	}
}

func TestSync(t *testing.T) {
	c, cert := newClient(t), web()
	first, err := Write(t.Context(), c, c, cert, pair(t), tlstest.Now)
	if err != nil {
		t.Fatal(err)
	}
	same, err := Sync(t.Context(), c, cert, first, []byte("root"))
	if err != nil || same.ResourceVersion != first.ResourceVersion {
		t.Fatalf("a Secret as it should be was written: %v", err)
	}
	// Drift: somebody changes and removes labels, and adds one of their own.
	s := first.DeepCopy()
	s.Labels = map[string]string{"team": "bank", "mine": "yes"}
	if s, err = Sync(t.Context(), c, cert, s, nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"team": "shop", "mine": "yes", "tollgate.dev/managed": "true"}, s.Labels); diff != "" {
		t.Errorf("labels (-want, +got):\n%s", diff)
	}
	// The template loses a label; another CA is published; the Secret is to be deleted with the TLSCertificate.
	cert.Spec.SecretTemplate = nil
	cert.Spec.SecretDeletionPolicy = DeletePolicy
	s.OwnerReferences = []metav1.OwnerReference{
		{APIVersion: "v1", Kind: "ConfigMap", Name: "other", UID: "other"},
		{APIVersion: v1alpha1.GroupVersion.String(), Kind: "TLSCertificate", Name: "web", UID: "an earlier one"},
	}
	if s, err = Sync(t.Context(), c, cert, s, []byte("root and next")); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Labels["team"]; ok || s.Labels["mine"] != "yes" || s.Annotations[templateAnnotation] != "" || s.Annotations["example.com/owner"] != "" {
		t.Errorf("labels %v, annotations %v", s.Labels, s.Annotations)
	}
	if string(s.Data[corev1.ServiceAccountRootCAKey]) != "root and next" {
		t.Errorf("ca.crt: %s", s.Data[corev1.ServiceAccountRootCAKey])
	}
	want := []metav1.OwnerReference{
		{APIVersion: "v1", Kind: "ConfigMap", Name: "other", UID: "other"},
		{APIVersion: v1alpha1.GroupVersion.String(), Kind: "TLSCertificate", Name: "web", UID: "uid-web"},
	}
	if diff := cmp.Diff(want, s.OwnerReferences); diff != "" {
		t.Errorf("owners (-want, +got):\n%s", diff)
	}
	cert.Spec.SecretDeletionPolicy = "Retain"
	if s, err = Sync(t.Context(), c, cert, s, nil); err != nil || len(s.OwnerReferences) != 1 {
		t.Errorf("owners after Retain: %v, %v", s.OwnerReferences, err)
	}
	// Somebody was faster.
	if _, err := Sync(t.Context(), c, web(), first, nil); err != nil {
		t.Errorf("an old Secret as it should be: %v", err)
	}
	old := first.DeepCopy()
	old.Labels = nil
	if _, err := Sync(t.Context(), c, web(), old, nil); err == nil {
		t.Error("an old version replaced a new one")
	}
}

func TestUnownedAndClaim(t *testing.T) {
	p := pair(t)
	plain := tlstest.Secret("shop", "web-tls", p.ChainPEM, p.KeyPEM)
	for name, tt := range map[string]struct {
		change            func(*corev1.Secret)
		unowned, orphaned bool
	}{
		"nobody's":            {func(*corev1.Secret) {}, true, false},
		"another type":        {func(s *corev1.Secret) { s.Type = corev1.SecretTypeOpaque }, false, false},
		"Helm's":              {func(s *corev1.Secret) { s.Labels = map[string]string{managedByLabel: "Helm"} }, false, false},
		"owned":               {func(s *corev1.Secret) { s.OwnerReferences = []metav1.OwnerReference{{Kind: "ExternalSecret"}} }, false, false},
		"cert-manager's":      {func(s *corev1.Secret) { s.Annotations = map[string]string{certManagerAnnotation: "web"} }, false, false},
		"of a TLSCertificate": {func(s *corev1.Secret) { s.Annotations = map[string]string{v1alpha1.CertificateNameAnnotation: "api"} }, false, true},
		"of two": {func(s *corev1.Secret) {
			s.Annotations = map[string]string{v1alpha1.CertificateNameAnnotation: "api", certManagerAnnotation: "web"}
		}, false, false},
	} {
		s := plain.DeepCopy()
		tt.change(s)
		if Unowned(s) != tt.unowned || Orphaned(s) != tt.orphaned {
			t.Errorf("%s: unowned %t, orphaned %t; want %t, %t", name, Unowned(s), Orphaned(s), tt.unowned, tt.orphaned)
		}
	}
	c := newClient(t, plain)
	s := &corev1.Secret{}
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(plain), s); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(t.Context(), c, c, web(), p, tlstest.Now); !errors.Is(err, ErrOwnedByOther) {
		t.Errorf("a Secret that was not claimed was written: %v", err)
	}
	claimed, err := Claim(t.Context(), c, web(), s, "fp", tlstest.Now)
	if err != nil || !Owned(claimed, web()) || !cmp.Equal(claimed.Data, plain.Data) {
		t.Errorf("claimed: %v, %v", claimed.Annotations, err)
	}
	if _, err := Write(t.Context(), c, c, web(), p, tlstest.Now.Add(time.Hour)); err != nil {
		t.Error(err)
	}
}

func TestKeptKey(t *testing.T) {
	p, never := pair(t), &v1alpha1.PrivateKeySpec{RotationPolicy: pki.RotateNever}
	cert := web()
	s := tlstest.Secret("shop", "web-tls", p.ChainPEM, p.KeyPEM)
	s.Annotations = map[string]string{v1alpha1.CertificateNameAnnotation: "web"}
	broken, foreign := s.DeepCopy(), s.DeepCopy()
	broken.Data[corev1.TLSPrivateKeyKey], foreign.Annotations = []byte("x"), nil
	for name, tt := range map[string]struct {
		spec *v1alpha1.PrivateKeySpec
		s    *corev1.Secret
		kept bool
	}{
		"Never":                          {never, s, true},
		"default":                        {nil, s, false},
		"Always":                         {&v1alpha1.PrivateKeySpec{RotationPolicy: "Always"}, s, false},
		"Never, but another size":        {&v1alpha1.PrivateKeySpec{RotationPolicy: pki.RotateNever, Size: 384}, s, false},
		"Never, but an impossible size":  {&v1alpha1.PrivateKeySpec{RotationPolicy: pki.RotateNever, Size: 2048}, s, false},
		"Never, but there is none":       {never, nil, false},
		"Never, but it is broken":        {never, broken, false},
		"Never, but somebody else's key": {never, foreign, false},
	} {
		cert.Spec.PrivateKey = tt.spec
		if got := KeptKey(cert, tt.s); (got != nil) != tt.kept {
			t.Errorf("%s: kept %t, want %t", name, got != nil, tt.kept)
		}
	}
}
