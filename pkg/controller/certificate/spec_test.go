// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/ca"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

func (e *env) leaf() *x509.Certificate { e.Helper(); return leafOf(e.secret()) }

func (e *env) anchors() []*x509.Certificate {
	e.Helper()
	chain, err := pki.ParseChain(e.secret().Data[corev1.ServiceAccountRootCAKey])
	if err != nil {
		e.Fatal(err)
	}
	return chain
}

// TestChangedSpecIssuesOnce changes the spec field by field.
func TestChangedSpecIssuesOnce(t *testing.T) {
	issuer := internal("**.example.com")
	issuer.Spec.Allow[0].URIs = []string{"spiffe://example.org/ns/shop/*"}
	e := newEnv(t, issuer, web())
	revision := e.run().Status.Revision
	key := func() string { return pki.KeySpecOf(e.leaf().PublicKey).String() }
	for _, tt := range []struct {
		name   string
		change func(*v1alpha1.TLSCertificateSpec)
		want   func() bool
	}{
		{"uris", func(s *v1alpha1.TLSCertificateSpec) { s.URIs = []string{"spiffe://example.org/ns/shop/sa/web"} },
			func() bool { return len(e.leaf().URIs) == 1 }},
		{"usages", func(s *v1alpha1.TLSCertificateSpec) { s.Usages = []string{ca.ClientAuth, ca.ServerAuth} },
			func() bool { return len(e.leaf().ExtKeyUsage) == 2 }},
		{"client only", func(s *v1alpha1.TLSCertificateSpec) { s.Usages = []string{ca.ClientAuth} },
			func() bool { u := e.leaf().ExtKeyUsage; return len(u) == 1 && u[0] == x509.ExtKeyUsageClientAuth }},
		{"usages by default", func(s *v1alpha1.TLSCertificateSpec) { s.Usages = nil },
			func() bool { u := e.leaf().ExtKeyUsage; return len(u) == 1 && u[0] == x509.ExtKeyUsageServerAuth }},
		{"size", func(s *v1alpha1.TLSCertificateSpec) { s.PrivateKey = &v1alpha1.PrivateKeySpec{Size: 384} },
			func() bool { return key() == "ECDSA 384" }},
		{"Ed25519", func(s *v1alpha1.TLSCertificateSpec) { s.PrivateKey = &v1alpha1.PrivateKeySpec{Algorithm: pki.Ed25519} },
			func() bool { return key() == "Ed25519" }},
		{"RSA", func(s *v1alpha1.TLSCertificateSpec) {
			s.PrivateKey = &v1alpha1.PrivateKeySpec{Algorithm: pki.RSA, Size: 2048, RotationPolicy: pki.RotateNever}
		}, func() bool { return key() == "RSA 2048" }},
	} {
		if err := e.patch(func(c *v1alpha1.TLSCertificate) { tt.change(&c.Spec) }); err != nil {
			t.Fatal(err)
		}
		cert := e.run()
		e.want(cert, v1alpha1.ConditionReady, "True", v1alpha1.ReasonIssued)
		e.run()
		e.run()
		if revision++; e.run().Status.Revision != revision || !tt.want() {
			t.Errorf("%s: revision %d, want %d, and the certificate to have it: %t", tt.name, e.run().Status.Revision, revision, tt.want())
		}
	}
	// The key stays on renewal.
	before := e.leaf()
	e.clock.SetTime(e.run().Status.RenewalTime.Time)
	if cert := e.run(); cert.Status.Revision != revision+1 || !pki.SamePublicKey(e.leaf().PublicKey, before.PublicKey) {
		t.Error("rotationPolicy Never: the key was changed on renewal, or nothing was renewed")
	}
}

func TestImpossibleSpecs(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*v1alpha1.TLSCertificateSpec)
		reason string
		want   string
	}{
		"size": {func(s *v1alpha1.TLSCertificateSpec) {
			s.PrivateKey = &v1alpha1.PrivateKeySpec{Algorithm: pki.RSA, Size: 256}
		},
			v1alpha1.ReasonFailed, "set 2048, 3072 or 4096"},
		"URI that is not permitted": {func(s *v1alpha1.TLSCertificateSpec) { s.URIs = []string{"spiffe://example.org/ns/bank/sa/web"} },
			v1alpha1.ReasonNotAllowed, "spiffe://example.org/ns/bank/sa/web is not permitted"},
		"URI that is none": {func(s *v1alpha1.TLSCertificateSpec) { s.URIs = []string{"spiffe://example.org:1/a"} },
			v1alpha1.ReasonFailed, "is not a SPIFFE ID"},
	} {
		t.Run(name, func(t *testing.T) {
			issuer := internal("**.example.com")
			issuer.Spec.Allow[0].URIs = []string{"spiffe://example.org/ns/shop/*", "spiffe://example.org:1/*"}
			cert := web()
			tt.change(&cert.Spec)
			e := newEnv(t, issuer, cert)
			got := e.run()
			e.want(got, v1alpha1.ConditionIssuing, "False", tt.reason)
			if c := meta.FindStatusCondition(got.Status.Conditions, v1alpha1.ConditionIssuing); !strings.Contains(c.Message, tt.want) {
				t.Errorf("message %q, want %q", c.Message, tt.want)
			}
			if err := e.Get(t.Context(), client.ObjectKey{Namespace: "shop", Name: "web-tls"}, &corev1.Secret{}); err == nil {
				t.Error("a Secret was written")
			}
		})
	}
}

// TestRefusedWritesAreTold has an API server that does not take the Secret.
func TestRefusedWritesAreTold(t *testing.T) {
	secrets := schema.GroupResource{Resource: "secrets"}
	for name, refusal := range map[string]error{
		"exceeded quota: few": apierrors.NewForbidden(secrets, "web-tls", errors.New("exceeded quota: few")),
		"denied the request":  apierrors.NewBadRequest("admission webhook \"secrets.example.com\" denied the request"),
		"must be":             apierrors.NewInvalid(corev1.SchemeGroupVersion.WithKind("Secret").GroupKind(), "web-tls", field.ErrorList{field.Invalid(field.NewPath("metadata"), "x", "must be")}),
	} {
		e := newEnv(t, internal("**.example.com"), web())
		e.refuse = refusal
		cert := e.run()
		e.want(cert, v1alpha1.ConditionIssuing, "False", v1alpha1.ReasonFailed)
		if c := meta.FindStatusCondition(cert.Status.Conditions, v1alpha1.ConditionIssuing); !strings.Contains(c.Message, name) || !strings.Contains(c.Message, "web-tls") {
			t.Errorf("message %q, want %q and the Secret", c.Message, name)
		}
		e.refuse = nil
		e.pass(recheck)
		e.want(e.run(), v1alpha1.ConditionReady, "True", v1alpha1.ReasonIssued)
	}
}

func TestRotationOfTheCAReachesLeaves(t *testing.T) {
	e := newEnv(t, internal("**.example.com"), web())
	revision := e.run().Status.Revision
	first := e.anchors()[0]
	next, err := ca.NewSelfSigned("next", 0, time.Minute, start)
	if err != nil {
		t.Fatal(err)
	}
	data, err := next.Data()
	if err != nil {
		t.Fatal(err)
	}
	secret := &corev1.Secret{}
	if err := e.Get(t.Context(), client.ObjectKey{Namespace: controllerNamespace, Name: "ca"}, secret); err != nil {
		t.Fatal(err)
	}
	secret.Data = data
	if err := e.Update(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	e.issuer()
	cert := e.run()
	if got := e.anchors(); len(got) != 2 || !got[0].Equal(first) || !got[1].Equal(next.Certificate()) || cert.Status.Revision != revision {
		t.Fatalf("before the new CA signs: %d anchors, revision %d; want both and the same certificate", len(got), cert.Status.Revision)
	}
	// One that is issued now is still the old CA's.
	if err := e.Delete(t.Context(), e.secret()); err != nil {
		t.Fatal(err)
	}
	if e.run(); e.leaf().CheckSignatureFrom(first) != nil || len(e.anchors()) != 2 {
		t.Fatal("the new CA signs before it is trusted")
	}
	e.pass(time.Hour)
	e.issuer()
	cert = e.run()
	due := cert.Status.RenewalTime.Sub(e.clock.Now())
	if due <= 0 || due > 24*time.Hour {
		t.Fatalf("renewal is due in %s, want within a day", due)
	}
	e.pass(due)
	if e.run(); e.leaf().CheckSignatureFrom(next.Certificate()) != nil {
		t.Fatal("the leaf was not issued again")
	}
	revision = e.run().Status.Revision
	// The old CA goes when its last leaf has expired.
	e.pass(91 * 24 * time.Hour)
	e.issuer()
	e.run()
	if got := e.anchors(); len(got) != 1 || !got[0].Equal(next.Certificate()) {
		t.Errorf("%d anchors in the end, want the new CA alone", len(got))
	}
	if got := e.run().Status.Revision; got != revision+1 {
		t.Errorf("revision %d, want one renewal after %d", got, revision)
	}
}

func TestTemplateAndDeletionPolicy(t *testing.T) {
	cert := web()
	cert.Spec.SecretTemplate = &v1alpha1.SecretTemplate{
		Labels: map[string]string{"team": "shop"}, Annotations: map[string]string{"tollgate.dev/certificate-name": "api"},
	}
	e := newEnv(t, internal("**.example.com"), cert)
	revision := e.run().Status.Revision
	c := meta.FindStatusCondition(e.run().Status.Conditions, v1alpha1.ConditionIssuing)
	if e.secret().Labels["team"] != "shop" || !strings.Contains(c.Message, "tollgate.dev/certificate-name are left out") {
		t.Errorf("labels %v, message %q", e.secret().Labels, c.Message)
	}
	s := e.secret()
	s.Labels = nil
	if err := e.Update(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	e.run()
	if err := e.patch(func(c *v1alpha1.TLSCertificate) { c.Spec.SecretDeletionPolicy = "Delete" }); err != nil {
		t.Fatal(err)
	}
	e.run()
	if s := e.secret(); s.Labels["team"] != "shop" || len(s.OwnerReferences) != 1 || s.OwnerReferences[0].UID != cert.UID {
		t.Errorf("labels %v, owners %v", s.Labels, s.OwnerReferences)
	}
	if err := e.patch(func(c *v1alpha1.TLSCertificate) { c.Spec.SecretDeletionPolicy = "Retain" }); err != nil {
		t.Fatal(err)
	}
	if got := e.run(); got.Status.Revision != revision || len(e.secret().OwnerReferences) != 0 {
		t.Errorf("revision %d, want %d; owners %v, want none", got.Status.Revision, revision, e.secret().OwnerReferences)
	}
}
