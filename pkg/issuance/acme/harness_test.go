// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
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
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/controller/certificate"
	"github.com/tollgate-dev/tollgate/pkg/controller/issuer"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme/acmetest"
	"github.com/tollgate-dev/tollgate/pkg/issuance/http01"
)

const ns = "shop"

// answers serves the challenges in the issuance Secrets of a fake API server.
type answers struct{ client.Client }

func (a answers) secrets() []corev1.Secret {
	var list corev1.SecretList
	if err := a.List(context.Background(), &list); err != nil {
		panic(err)
	}
	return list.Items
}

// KeyAuthorization implements http01.Answers.
func (a answers) KeyAuthorization(token string) (string, bool) {
	for _, s := range a.secrets() {
		if strings.Contains(string(s.Data[http01.ChallengesKey]), `"`+token+`":"`) {
			_, rest, _ := strings.Cut(string(s.Data[http01.ChallengesKey]), `"`+token+`":"`)
			answer, _, _ := strings.Cut(rest, `"`)
			return answer, true
		}
	}
	return "", false
}

// Serves implements acme.Responder.
func (a answers) Serves(token string) bool { _, ok := a.KeyAuthorization(token); return ok }

// Running implements certificate.Orders.
func (a answers) Running(namespace, name string) bool {
	for _, s := range a.secrets() {
		if owner := metav1.GetControllerOf(&s); s.Namespace == namespace && owner != nil && owner.Name == name {
			return true
		}
	}
	return false
}

// harness is a fake API server, a real ACME server, and a controller that can be restarted.
type harness struct {
	*testing.T
	client   client.Client
	server   *acmetest.Server
	clock    *clocktesting.FakePassiveClock
	recorder *events.FakeRecorder

	reconciler *certificate.Reconciler
	executor   *acme.Executor
	// wrote is what was written of Secrets and status, in order.
	wrote []string
	// configure changes the executor of each controller that is started.
	configure func(*acme.Executor)
}

func newHarness(t *testing.T, certs ...*v1alpha1.TLSCertificate) *harness {
	t.Helper()
	return newHarnessWith(t, acmetest.Options{}, nil, certs...)
}

// newHarnessWith has another server, and an issuer that change may change.
func newHarnessWith(t *testing.T, o acmetest.Options, change func(*v1alpha1.ACMEIssuer), certs ...*v1alpha1.TLSCertificate) *harness {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	b := fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1alpha1.TLSCertificate{}, &v1alpha1.CertIssuer{})
	for _, c := range certs {
		b = b.WithObjects(c)
	}
	// The clock stands still, one minute ahead of the CA's: what the CA issues is valid at once.
	h := &harness{T: t, clock: clocktesting.NewFakePassiveClock(time.Now().Add(time.Minute)), recorder: events.NewFakeRecorder(1000)}
	h.client = b.WithInterceptorFuncs(h.noting()).Build()
	listener := httptest.NewServer(&http01.Server{Answers: answers{h.client}})
	t.Cleanup(listener.Close)
	o.HTTP01Port = listener.Listener.Addr().(*net.TCPAddr).Port
	h.server = acmetest.StartWith(t, o)
	spec := &v1alpha1.ACMEIssuer{
		Server: h.server.URL, CABundle: h.server.CABundle, TermsOfServiceAgreed: true, Email: "ops@example.com",
		PrivateKeySecretRef: v1alpha1.LocalSecretReference{Name: "account"},
		Solvers:             []v1alpha1.Solver{{HTTP01: &v1alpha1.HTTP01Solver{}}},
		Profile:             "default",
	}
	if change != nil {
		change(spec)
	}
	h.must(h.client.Create(t.Context(), &v1alpha1.CertIssuer{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "pebble", UID: "issuer", Generation: 1},
		Spec:       v1alpha1.IssuerSpec{ACME: spec},
	}))
	h.restart()
	return h
}

// noting notes writes.
func (h *harness) noting() interceptor.Funcs {
	note := func(verb string, o client.Object) {
		if s, ok := o.(*corev1.Secret); ok {
			h.wrote = append(h.wrote, verb+" "+string(s.Type))
		}
	}
	return interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			note("create", o)
			return c.Create(ctx, o, opts...)
		},
		Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
			note("update", o)
			return c.Update(ctx, o, opts...)
		},
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			note("delete", o)
			return c.Delete(ctx, o, opts...)
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
			h.wrote = append(h.wrote, "patch "+sub)
			return c.SubResource(sub).Patch(ctx, o, p, opts...)
		},
	}
}

func (h *harness) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// restart makes a controller that remembers nothing, and prepares the issuer.
func (h *harness) restart() {
	h.Helper()
	clients := acme.NewClients(h.clock)
	accounts := &acme.Accounts{Reader: h.client, Writer: h.client, Clients: clients, Clock: h.clock}
	h.executor = &acme.Executor{
		Reader: h.client, Writer: h.client, Clients: clients, Accounts: accounts, Responder: answers{h.client}, Clock: h.clock,
		Presenter: &http01.Objects{Reader: h.client, Writer: h.client, AdvertiseAddress: "192.0.2.1", Port: func() int32 { return 8089 }},
		Namespace: "tollgate-system", Recorder: h.recorder,
	}
	if h.configure != nil {
		h.configure(h.executor)
	}
	h.reconciler = &certificate.Reconciler{
		Reader: h.client, Writer: h.client, Executor: h.executor, Orders: answers{h.client},
		Recorder: h.recorder, Clock: h.clock, Namespace: "tollgate-system",
	}
	r := &issuer.Reconciler{
		Reader: h.client, Writer: h.client, Accounts: accounts, Clock: h.clock, Namespace: "tollgate-system",
		New: func() v1alpha1.Issuer { return &v1alpha1.CertIssuer{} },
	}
	_, err := r.Reconcile(h.Context(), request("pebble"))
	h.must(err)
}

func request(name string) ctrl.Request {
	return ctrl.Request{NamespacedName: types.NamespacedName{Namespace: ns, Name: name}}
}

// reconcile runs the controller until it wants to wait for more than ten seconds, or fails.
func (h *harness) reconcile(name string) (*v1alpha1.TLSCertificate, error) {
	h.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; {
		result, err := h.reconciler.Reconcile(h.Context(), request(name))
		cert := &v1alpha1.TLSCertificate{}
		h.must(h.client.Get(h.Context(), client.ObjectKey{Namespace: ns, Name: name}, cert))
		if err != nil || result.RequeueAfter > 10*time.Second || cert.Status.NextAttemptTime != nil {
			return cert, err
		}
		if time.Now().After(deadline) {
			h.Fatalf("TLSCertificate %s gets nowhere: %+v", name, cert.Status)
		}
		time.Sleep(min(result.RequeueAfter, 20*time.Millisecond)) // the real CA works meanwhile
	}
}

// issued checks that the certificate is ready and that its Secret verifies against the server's root for all names.
func (h *harness) issued(cert *v1alpha1.TLSCertificate) *x509.Certificate {
	h.Helper()
	if !meta.IsStatusConditionTrue(cert.Status.Conditions, v1alpha1.ConditionReady) {
		h.Fatalf("TLSCertificate %s is not ready: %+v", cert.Name, cert.Status)
	}
	s := &corev1.Secret{}
	h.must(h.client.Get(h.Context(), client.ObjectKey{Namespace: ns, Name: cert.Spec.SecretName}, s))
	pair, err := tls.X509KeyPair(s.Data[corev1.TLSCertKey], s.Data[corev1.TLSPrivateKeyKey])
	h.must(err)
	intermediates := x509.NewCertPool()
	for _, der := range pair.Certificate[1:] {
		c, err := x509.ParseCertificate(der)
		h.must(err)
		intermediates.AddCert(c)
	}
	for _, name := range append(cert.Spec.DNSNames, cert.Spec.IPAddresses...) {
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: h.server.Roots, Intermediates: intermediates}); err != nil {
			h.Errorf("verifying the chain for %s: %v", name, err)
		}
	}
	return pair.Leaf
}

// clean checks that nothing but the results is left.
func (h *harness) clean() {
	h.Helper()
	for _, s := range (answers{h.client}).secrets() {
		if s.Type == v1alpha1.IssuanceSecretType {
			h.Errorf("issuance Secret %s is left behind", s.Name)
		}
	}
	var services corev1.ServiceList
	var ingresses networkingv1.IngressList
	h.must(h.client.List(h.Context(), &services))
	h.must(h.client.List(h.Context(), &ingresses))
	if len(services.Items)+len(ingresses.Items) > 0 {
		h.Errorf("%d Services and %d Ingresses are left behind", len(services.Items), len(ingresses.Items))
	}
}

func newCert(name string, dnsNames ...string) *v1alpha1.TLSCertificate {
	return &v1alpha1.TLSCertificate{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name, UID: types.UID("uid-" + name), Generation: 1},
		Spec: v1alpha1.TLSCertificateSpec{
			SecretName: name + "-tls", DNSNames: dnsNames, IssuerRef: v1alpha1.IssuerReference{Name: "pebble"},
		},
	}
}
