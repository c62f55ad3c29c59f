// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"bytes"
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/ca"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

const controllerNamespace = "tollgate-system"

var start = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// env is a fake API server with the reconciler of ClusterCertIssuers, or of CertIssuers.
type env struct {
	*testing.T
	client.Client
	clock *clocktesting.FakePassiveClock
	*Reconciler
	key client.ObjectKey
	// refuse, if set, is asked before every write.
	refuse func(verb string, o client.Object) error
}

// newEnv makes an API server that has ClusterTrustBundles in a version, or not if that is empty.
func newEnv(t *testing.T, bundles string, issuer v1alpha1.Issuer, objs ...client.Object) *env {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	e := &env{T: t, clock: clocktesting.NewFakePassiveClock(start), key: client.ObjectKeyFromObject(issuer)}
	write := func(verb string, o client.Object) error {
		if e.refuse == nil {
			return nil
		}
		return e.refuse(verb, o)
	}
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{{Group: clusterTrustBundle.Group, Version: bundles}})
	if bundles != "" {
		mapper.Add(clusterTrustBundle.WithVersion(bundles), meta.RESTScopeRoot)
	}
	b := fake.NewClientBuilder().WithScheme(scheme).WithRESTMapper(mapper).
		WithObjects(append(objs, issuer)...).
		WithStatusSubresource(&v1alpha1.CertIssuer{}, &v1alpha1.ClusterCertIssuer{}).
		WithInterceptorFuncs(interceptor.Funcs{
			Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
				if err := write("create", o); err != nil {
					return err
				}
				return c.Create(ctx, o, opts...)
			},
			Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
				if err := write("update", o); err != nil {
					return err
				}
				return c.Update(ctx, o, opts...)
			},
		})
	e.Client = b.Build()
	e.Reconciler = &Reconciler{
		Reader: e.Client, Writer: e.Client, Clock: e.clock, Namespace: controllerNamespace,
		New: func() v1alpha1.Issuer {
			if issuer.GetNamespace() == "" {
				return &v1alpha1.ClusterCertIssuer{}
			}
			return &v1alpha1.CertIssuer{}
		},
	}
	return e
}

// run reconciles once and returns the status.
func (e *env) run() *v1alpha1.IssuerStatus {
	e.Helper()
	if _, err := e.Reconcile(e.Context(), ctrl.Request{NamespacedName: e.key}); err != nil {
		e.Fatal(err)
	}
	return e.status()
}

func (e *env) status() *v1alpha1.IssuerStatus {
	e.Helper()
	issuer := e.New()
	if err := e.Get(e.Context(), e.key, issuer); err != nil {
		e.Fatal(err)
	}
	return issuer.GetStatus()
}

func (e *env) want(status *v1alpha1.IssuerStatus, ready, reason string) string {
	e.Helper()
	c := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
	if c == nil || string(c.Status) != ready || c.Reason != reason {
		e.Fatalf("condition Ready is %+v, want %s %s", c, ready, reason)
	}
	return c.Message
}

func (e *env) secret(name string) *corev1.Secret {
	e.Helper()
	s := &corev1.Secret{}
	if err := e.Get(e.Context(), client.ObjectKey{Namespace: controllerNamespace, Name: name}, s); err != nil {
		e.Fatal(err)
	}
	return s
}

// state is what the CA's state Secret holds.
func (e *env) state() *ca.State {
	e.Helper()
	state, err := ca.ReadState(e.secret("tollgate-ca-internal-state"))
	if err != nil {
		e.Fatal(err)
	}
	return state
}

func (e *env) signing() string { e.Helper(); return e.state().Signing.Fingerprint() }

// published returns the fingerprints in the ClusterTrustBundle or, if version is empty, in the ConfigMap.
func (e *env) published(version string) []string {
	e.Helper()
	var text string
	if version == "" {
		m := &corev1.ConfigMap{}
		if err := e.Get(e.Context(), client.ObjectKey{Namespace: controllerNamespace, Name: "tollgate-ca-internal"}, m); err != nil {
			e.Fatal(err)
		}
		text = m.Data["ca.crt"]
	} else {
		u := e.bundle(version)
		text, _, _ = unstructured.NestedString(u.Object, "spec", "trustBundle")
	}
	chain, err := pki.ParseChain([]byte(text))
	if err != nil {
		e.Fatal(err)
	}
	var out []string
	for _, c := range chain {
		out = append(out, pki.Fingerprint(c))
	}
	return out
}

func (e *env) bundle(version string) *unstructured.Unstructured {
	e.Helper()
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(schema.GroupVersionKind{Group: "certificates.k8s.io", Version: version, Kind: "ClusterTrustBundle"})
	if err := e.Get(e.Context(), client.ObjectKey{Name: "tollgate.dev:ca:internal"}, u); err != nil {
		e.Fatal(err)
	}
	return u
}

// put puts another CA into the CA's Secret, as people do.
func (e *env) put(authority *ca.CA) {
	e.Helper()
	data, err := authority.Data()
	if err != nil {
		e.Fatal(err)
	}
	s := e.secret("ca")
	s.Data = data
	if err := e.Update(e.Context(), s); err != nil {
		e.Fatal(err)
	}
}

func (e *env) newCA(duration time.Duration) *ca.CA {
	e.Helper()
	authority, err := ca.NewSelfSigned("by hand", duration, time.Minute, e.clock.Now())
	if err != nil {
		e.Fatal(err)
	}
	return authority
}

func (e *env) pass(d time.Duration) { e.clock.SetTime(e.clock.Now().Add(d)) }

func internal(change func(*v1alpha1.CAIssuer)) *v1alpha1.ClusterCertIssuer {
	spec := &v1alpha1.CAIssuer{SecretName: "ca", SelfSigned: &v1alpha1.SelfSignedCA{Duration: &metav1.Duration{Duration: 300 * 24 * time.Hour}}}
	if change != nil {
		change(spec)
	}
	return &v1alpha1.ClusterCertIssuer{
		ObjectMeta: metav1.ObjectMeta{Name: "internal", Generation: 1},
		Spec:       v1alpha1.ClusterIssuerSpec{IssuerSpec: v1alpha1.IssuerSpec{CA: spec}},
	}
}

// leaked fails if any of the data is in text.
func leaked(t *testing.T, text []byte, s *corev1.Secret) {
	t.Helper()
	for _, key := range []string{corev1.TLSPrivateKeyKey, "next.key"} {
		for line := range bytes.Lines(s.Data[key]) {
			if line = bytes.TrimSpace(line); len(line) > 20 && !bytes.Contains(line, []byte("PRIVATE KEY")) && bytes.Contains(text, line) {
				t.Errorf("%s of Secret %s is in the output", key, s.Name)
			}
		}
	}
}
