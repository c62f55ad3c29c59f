// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"context"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/controller/issuer"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme"
	"github.com/tollgate-dev/tollgate/pkg/issuance/ca"
	"github.com/tollgate-dev/tollgate/pkg/issuance/http01"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

const controllerNamespace = "tollgate-system"

var start = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// env is a fake API server with the reconcilers of issuers and certificates.
type env struct {
	*testing.T
	client.Client
	clock *clocktesting.FakePassiveClock
	*Reconciler
	issuers *issuer.Reconciler
	// writes counts what is written to the API server.
	writes int
	// refuse is what the API server says to everything that is created.
	refuse error
}

type noOrders struct{}

func (noOrders) Running(string, string) bool { return false }

func newEnv(t *testing.T, objs ...client.Object) *env {
	t.Helper()
	e := newEnvOf(t, objs...)
	e.issuer()
	return e
}

// newEnvOf is newEnv with issuers as they are.
func newEnvOf(t *testing.T, objs ...client.Object) *env {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	objs = append(objs, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop", Labels: map[string]string{"team": "shop"}}})
	clk := clocktesting.NewFakePassiveClock(start)
	e := &env{T: t, clock: clk}
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(objs...).
		WithStatusSubresource(&v1alpha1.TLSCertificate{}, &v1alpha1.ClusterCertIssuer{}).
		WithInterceptorFuncs(e.counting()).Build()
	e.Client, e.Reconciler = c, &Reconciler{
		Reader: c, Writer: c, Orders: noOrders{}, Clock: clk, Namespace: controllerNamespace, Recorder: events.NewFakeRecorder(100),
		Executor: &acme.Executor{Reader: c, Writer: c, Presenter: &http01.Objects{Reader: c, Writer: c}},
	}
	e.issuers = &issuer.Reconciler{
		Reader: c, Writer: c, Clock: clk, Namespace: controllerNamespace,
		New: func() v1alpha1.Issuer { return &v1alpha1.ClusterCertIssuer{} },
	}
	return e
}

// issuer reconciles the issuer.
func (e *env) issuer() {
	e.Helper()
	if _, err := e.issuers.Reconcile(e.Context(), ctrl.Request{NamespacedName: types.NamespacedName{Name: "internal"}}); err != nil {
		e.Fatal(err)
	}
}

func (e *env) run() *v1alpha1.TLSCertificate { e.Helper(); return e.runOf("web") }

func (e *env) runOf(name string) *v1alpha1.TLSCertificate {
	e.Helper()
	key := client.ObjectKey{Namespace: "shop", Name: name}
	if _, err := e.Reconcile(e.Context(), ctrl.Request{NamespacedName: key}); err != nil {
		e.Fatal(err)
	}
	cert := &v1alpha1.TLSCertificate{}
	if err := e.Get(e.Context(), key, cert); err != nil {
		e.Fatal(err)
	}
	return cert
}

func (e *env) secret() *corev1.Secret {
	e.Helper()
	s := &corev1.Secret{}
	if err := e.Get(e.Context(), client.ObjectKey{Namespace: "shop", Name: "web-tls"}, s); err != nil {
		e.Fatal(err)
	}
	return s
}

func (e *env) want(cert *v1alpha1.TLSCertificate, kind, status, reason string) {
	e.Helper()
	c := meta.FindStatusCondition(cert.Status.Conditions, kind)
	if c == nil || string(c.Status) != status || c.Reason != reason {
		e.Errorf("condition %s = %+v, want %s %s", kind, c, status, reason)
	}
}

func internal(allowed ...string) *v1alpha1.ClusterCertIssuer {
	return &v1alpha1.ClusterCertIssuer{
		ObjectMeta: metav1.ObjectMeta{Name: "internal", Generation: 1},
		Spec: v1alpha1.ClusterIssuerSpec{
			IssuerSpec: v1alpha1.IssuerSpec{CA: &v1alpha1.CAIssuer{SecretName: "ca", SelfSigned: &v1alpha1.SelfSignedCA{}}},
			Allow: []v1alpha1.AllowRule{{
				NamespaceSelector: metav1.LabelSelector{MatchLabels: map[string]string{"team": "shop"}}, DNSNames: allowed,
			}},
		},
	}
}

func web() *v1alpha1.TLSCertificate {
	return &v1alpha1.TLSCertificate{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "u", Generation: 1},
		Spec: v1alpha1.TLSCertificateSpec{
			SecretName: "web-tls", DNSNames: []string{"www.example.com"},
			IssuerRef: v1alpha1.IssuerReference{Name: "internal", Kind: v1alpha1.KindClusterCertIssuer},
		},
	}
}

func TestCAIssuesRenewsAndRepairs(t *testing.T) {
	e := newEnv(t, internal("**.example.com"), web())
	cert := e.run()
	e.want(cert, v1alpha1.ConditionReady, "True", v1alpha1.ReasonIssued)
	e.want(cert, v1alpha1.ConditionIssuing, "False", v1alpha1.ReasonIdle)
	latest, earliest := start.Add(ca.DefaultDuration/3*2), start.Add(ca.DefaultDuration/100*61)
	if at := cert.Status.RenewalTime.Time; at.After(latest) || at.Before(earliest) {
		t.Errorf("renewalTime = %s, want one from %s to %s", at, earliest, latest)
	}
	first := e.secret()
	e.run()
	if got := e.secret(); got.ResourceVersion != first.ResourceVersion {
		t.Error("an up-to-date Secret was written again")
	}

	damaged := e.secret()
	damaged.Data[corev1.TLSPrivateKeyKey] = nil
	if err := e.Update(t.Context(), damaged); err != nil {
		t.Fatal(err)
	}
	if cert = e.run(); cert.Status.Revision != 2 || len(e.secret().Data[corev1.TLSPrivateKeyKey]) == 0 {
		t.Errorf("after damage: revision %d, want 2 and a key", cert.Status.Revision)
	}
	if err := e.Delete(t.Context(), e.secret()); err != nil {
		t.Fatal(err)
	}
	if cert = e.run(); cert.Status.Revision != 3 {
		t.Errorf("after deletion: revision %d, want 3", cert.Status.Revision)
	}
	e.clock.SetTime(cert.Status.RenewalTime.Time)
	if cert = e.run(); cert.Status.Revision != 4 {
		t.Errorf("when renewal is due: revision %d, want 4", cert.Status.Revision)
	}
	if err := e.patch(func(c *v1alpha1.TLSCertificate) { c.Spec.PrivateKey = &v1alpha1.PrivateKeySpec{Algorithm: pki.RSA} }); err != nil {
		t.Fatal(err)
	}
	if cert = e.run(); cert.Status.Revision != 5 {
		t.Errorf("after a change of the algorithm: revision %d, want 5", cert.Status.Revision)
	}
}

func (e *env) patch(change func(*v1alpha1.TLSCertificate)) error {
	cert := &v1alpha1.TLSCertificate{}
	if err := e.Get(context.Background(), client.ObjectKey{Namespace: "shop", Name: "web"}, cert); err != nil {
		return err
	}
	change(cert)
	cert.Generation++
	return e.Update(context.Background(), cert)
}

func TestNotAllowed(t *testing.T) {
	e := newEnv(t, internal("api.example.com"), web())
	cert := e.run()
	e.want(cert, v1alpha1.ConditionReady, "False", v1alpha1.ReasonNotAllowed)
	e.want(cert, v1alpha1.ConditionIssuing, "False", v1alpha1.ReasonNotAllowed)
	c := meta.FindStatusCondition(cert.Status.Conditions, v1alpha1.ConditionReady)
	if !strings.Contains(c.Message, "www.example.com") {
		t.Errorf("message %q does not name www.example.com", c.Message)
	}
	if err := e.Get(t.Context(), client.ObjectKey{Namespace: "shop", Name: "web-tls"}, &corev1.Secret{}); err == nil {
		t.Error("a Secret was written")
	}
}

func TestOthersSecretsAreLeftAlone(t *testing.T) {
	authority, err := ca.NewSelfSigned("elsewhere", 0, 0, start)
	if err != nil {
		t.Fatal(err)
	}
	key, _ := pki.NewKey(pki.ECDSA)
	leaf, err := authority.Sign(ca.Request{DNSNames: []string{"www.example.com"}, PublicKey: key.Public()}, start)
	if err != nil {
		t.Fatal(err)
	}
	keyPEM, _ := pki.EncodeKey(key)
	valid := map[string][]byte{corev1.TLSCertKey: pki.EncodeChain(leaf), corev1.TLSPrivateKeyKey: keyPEM}
	tests := []struct {
		name          string
		secret        *corev1.Secret
		ready, reason string
	}{
		{"usable: adopted", &corev1.Secret{Type: corev1.SecretTypeTLS, Data: valid}, "True", v1alpha1.ReasonIssued},
		{"damaged", &corev1.Secret{Type: corev1.SecretTypeTLS, Data: map[string][]byte{corev1.TLSCertKey: nil, corev1.TLSPrivateKeyKey: nil}}, "False", v1alpha1.ReasonOwnedByOther},
		{"another type", &corev1.Secret{Type: corev1.SecretTypeOpaque, Data: valid}, "False", v1alpha1.ReasonOwnedByOther},
		{"another TLSCertificate's", &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{v1alpha1.CertificateNameAnnotation: "api"}},
			Type: corev1.SecretTypeTLS, Data: map[string][]byte{}}, "False", v1alpha1.ReasonOwnedByOther},
		{"cert-manager's", &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{
			v1alpha1.CertificateNameAnnotation: "web", "cert-manager.io/certificate-name": "web"}},
			Type: corev1.SecretTypeTLS, Data: map[string][]byte{}}, "False", v1alpha1.ReasonOwnedByOther},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.secret.Namespace, tt.secret.Name = "shop", "web-tls"
			e := newEnv(t, internal("**.example.com"), web(), tt.secret)
			before := e.secret()
			cert := e.run()
			e.want(cert, v1alpha1.ConditionReady, tt.ready, tt.reason)
			e.want(cert, v1alpha1.ConditionIssuing, "False", v1alpha1.ReasonIdle)
			if e.secret().ResourceVersion != before.ResourceVersion {
				t.Error("the Secret was written")
			}
		})
	}
}

func TestSuspendAndWaiting(t *testing.T) {
	suspended := web()
	suspended.Spec.Suspend = true
	e := newEnv(t, internal("**.example.com"), suspended)
	e.want(e.run(), v1alpha1.ConditionIssuing, "False", v1alpha1.ReasonSuspended)

	lost := web()
	lost.Spec.IssuerRef.Name = "nobody"
	e = newEnv(t, internal(), lost)
	e.want(e.run(), v1alpha1.ConditionIssuing, "True", v1alpha1.ReasonWaitingForIssuer)

	long := web()
	long.Spec.Duration = &metav1.Duration{Duration: 99999 * time.Hour}
	e = newEnv(t, internal("**.example.com"), long)
	cert := e.run()
	e.want(cert, v1alpha1.ConditionIssuing, "False", v1alpha1.ReasonFailed)
	if got := cert.Status.NextAttemptTime.Sub(start); got != time.Minute {
		t.Errorf("next attempt in %s, want 1m", got)
	}
	if err := e.patch(func(c *v1alpha1.TLSCertificate) { c.Spec.Duration = nil }); err != nil {
		t.Fatal(err)
	}
	e.want(e.run(), v1alpha1.ConditionReady, "True", v1alpha1.ReasonIssued)
}

func TestRetryAfterInThePastStillWaits(t *testing.T) {
	e := newEnv(t, internal())
	for _, retryAt := range []time.Time{start, start.Add(-time.Hour)} {
		cert := web()
		after, err := e.fail(cert, &acme.Failure{Reason: v1alpha1.ReasonRateLimited, RetryAt: retryAt})
		if err != nil || after < 5*time.Second || after > time.Minute {
			t.Errorf("Retry-After %s: look again after %s, %v; want seconds", retryAt, after, err)
		}
	}
}
