// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	certificatesv1beta1 "k8s.io/api/certificates/v1beta1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

var (
	corpCA     = declare.Trust{Kind: declare.TrustConfigMap, Name: "corp-ca", Key: "ca.crt"}
	corpBundle = declare.Trust{Kind: declare.TrustClusterTrustBundle, Name: "corp"}
)

const (
	corpCARef   = `configmap "shop/corp-ca"`
	unknownCA   = `secret "shop/web-tls": the authorities that must have signed it are unknown: key ca.crt of configmap "shop/corp-ca" `
	unknownCorp = `secret "shop/web-tls": the authorities that must have signed it are unknown: clustertrustbundle "corp" `
)

func trusting(trust declare.Trust) declare.Declaration {
	return declaration(declare.Requirement{SecretName: "web-tls", Trust: trust})
}

// issued returns Secret shop/web-tls signed by the authority, in the given version.
func issued(ca *tlstest.CA, resourceVersion string) *corev1.Secret {
	cert, key := ca.Issue(tlstest.Options{DNSNames: []string{"www.example.com"}})
	secret := tlstest.Secret("shop", "web-tls", cert, key)
	secret.ResourceVersion = resourceVersion
	return secret
}

func configMap(resourceVersion, key string, pem []byte) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "corp-ca", UID: "uid-2", ResourceVersion: resourceVersion},
		Data:       map[string]string{key: string(pem)},
	}
}

func bundle(pem []byte) *certificatesv1beta1.ClusterTrustBundle {
	return &certificatesv1beta1.ClusterTrustBundle{
		ObjectMeta: metav1.ObjectMeta{Name: "corp", UID: "uid-3", ResourceVersion: "1"},
		Spec:       certificatesv1beta1.ClusterTrustBundleSpec{TrustBundle: string(pem)},
	}
}

// wantTrust asks twice, with time for the worker between.
func (e *env) wantTrust(trust declare.Trust, reason tlsready.Reason, message string) {
	e.t.Helper()
	e.source.Evaluate("shop", trusting(trust), tlstest.Now)
	e.settle()
	e.wantVerdict(trusting(trust), reason, message)
}

func (e *env) update(objects ...runtime.Object) {
	e.t.Helper()
	for _, obj := range objects {
		var err error
		switch o := obj.(type) {
		case *corev1.ConfigMap:
			_, err = e.client.CoreV1().ConfigMaps(o.Namespace).Update(e.t.Context(), o, metav1.UpdateOptions{})
		case *corev1.Secret:
			_, err = e.client.CoreV1().Secrets(o.Namespace).Update(e.t.Context(), o, metav1.UpdateOptions{})
		}
		if err != nil {
			e.t.Fatalf("updating %T: %v", obj, err)
		}
	}
}

func TestTrustIsPendingFirst(t *testing.T) {
	ca := tlstest.NewCA(t)
	run(t, Options{}, []runtime.Object{issued(ca, "1"), configMap("1", "ca.crt", ca.CertPEM())}, func(e *env) {
		e.takeChanges()
		e.wantVerdict(trusting(corpCA), tlsready.LookupPending, `secret "shop/web-tls" is being checked against `+corpCARef)
		e.settle()
		if got := e.takeChanges(); len(got) != 1 || got[0] != "shop/web-tls" {
			t.Errorf("changes %q, want one of shop/web-tls", got)
		}
		e.wantVerdict(trusting(corpCA), tlsready.Ready, "")
		e.wantVerdict(declaration(named("web-tls")), tlsready.Ready, "")
		e.wantVerdict(trusting(declare.Trust{}), tlsready.Ready, "")
		if n := e.countGets(); n != 1 {
			t.Errorf("%d GETs of Secrets, want 1", n)
		}
		time.Sleep(retention / 2) // virtual
		if got := e.takeChanges(); len(got) != 0 {
			t.Errorf("changes %q while nothing changes", got)
		}
		if n := e.countGets(); n != 1 {
			t.Errorf("%d GETs of Secrets while nothing changes, want 1", n)
		}
		looks := 0
		for _, action := range e.client.Actions() {
			if action.GetResource().Resource == "configmaps" {
				looks++
			}
		}
		if looks != 11 {
			t.Errorf("%d GETs of the ConfigMap in five minutes, want one every 30 s and the first", looks)
		}
		time.Sleep(retention)
		e.source.trusts.mu.Lock()
		defer e.source.trusts.mu.Unlock()
		if n := len(e.source.trusts.known.entries); n != 0 {
			t.Errorf("%d answers are remembered after nobody asked for a quarter of an hour", n)
		}
	})
}

func TestTrustFaults(t *testing.T) {
	ca, other := tlstest.NewCA(t), tlstest.NewCA(t)
	for name, test := range map[string]struct {
		objects []runtime.Object
		trust   declare.Trust
		reason  tlsready.Reason
		message string
	}{
		"trusted by a bundle": {[]runtime.Object{bundle(append(other.CertPEM(), ca.CertPEM()...))}, corpBundle, tlsready.Ready, ""},
		"another authority": {[]runtime.Object{configMap("1", "ca.crt", other.CertPEM())}, corpCA, tlsready.Untrusted,
			`secret "shop/web-tls": certificate is not signed by an authority in key ca.crt of configmap "shop/corp-ca" (`},
		"another authority in a bundle": {[]runtime.Object{bundle(other.CertPEM())}, corpBundle, tlsready.Untrusted,
			`secret "shop/web-tls": certificate is not signed by an authority in clustertrustbundle "corp" (`},
		"no such ConfigMap": {nil, corpCA, tlsready.TrustNotFound,
			unknownCA + `cannot be read: no such object is among the configmaps; create it, or correct the pod's trust`},
		"no such ClusterTrustBundle": {nil, corpBundle, tlsready.TrustNotFound,
			unknownCorp + `cannot be read: no such object is among the clustertrustbundles; create it, or correct the pod's trust`},
		"no such key": {[]runtime.Object{configMap("1", "bundle.pem", ca.CertPEM())}, corpCA, tlsready.TrustNotFound,
			unknownCA + `is missing or empty; put the certificates of the authorities there, PEM`},
		"empty": {[]runtime.Object{bundle(nil)}, corpBundle, tlsready.TrustNotFound,
			unknownCorp + `is missing or empty; put the certificates of the authorities there, PEM`},
		"truncated": {[]runtime.Object{configMap("1", "ca.crt", ca.CertPEM()[:200])}, corpCA, tlsready.TrustNotFound,
			unknownCA + `is damaged: block 1 has no END line (truncated?); put the certificates of the authorities there, PEM`},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, Options{}, append(test.objects, issued(ca, "1")), func(e *env) {
				e.source.Evaluate("shop", trusting(test.trust), tlstest.Now)
				e.settle()
				got := e.source.Evaluate("shop", trusting(test.trust), tlstest.Now)
				if got.Reason != test.reason || !strings.HasPrefix(got.Message, test.message) || got.Ready != (got.Message == "") {
					t.Errorf("Evaluate() = %+v, want %s: %s", got, test.reason, test.message)
				}
			})
		})
	}
}

// TestTrustFaultIsToldOnce looks for authorities that stay away.
func TestTrustFaultIsToldOnce(t *testing.T) {
	run(t, Options{}, []runtime.Object{issued(tlstest.NewCA(t), "1")}, func(e *env) {
		e.source.Evaluate("shop", trusting(corpCA), tlstest.Now)
		e.settle()
		e.takeChanges()
		time.Sleep(retention / 2) // virtual
		if got := e.takeChanges(); len(got) != 0 {
			t.Errorf("changes %q while nothing changes", got)
		}
	})
}

// TestTrustFollowsChanges changes the authorities, then the Secret.
func TestTrustFollowsChanges(t *testing.T) {
	ca, other := tlstest.NewCA(t), tlstest.NewCA(t)
	run(t, Options{}, []runtime.Object{issued(ca, "1"), configMap("1", "ca.crt", other.CertPEM())}, func(e *env) {
		e.source.Evaluate("shop", trusting(corpCA), tlstest.Now)
		e.settle()
		if got := e.source.Evaluate("shop", trusting(corpCA), tlstest.Now); got.Reason != tlsready.Untrusted {
			t.Fatalf("verdict %+v, want Untrusted", got)
		}
		e.takeChanges()
		e.update(configMap("2", "ca.crt", ca.CertPEM()))
		time.Sleep(maxBackoff) // virtual
		e.settle()
		if got := e.takeChanges(); len(got) != 1 || got[0] != "shop/web-tls" {
			t.Errorf("changes %q, want one of shop/web-tls", got)
		}
		e.wantVerdict(trusting(corpCA), tlsready.Ready, "")

		e.update(issued(other, "2"))
		e.settle()
		e.wantVerdict(trusting(corpCA), tlsready.LookupPending, `secret "shop/web-tls" is being checked against `+corpCARef)
		e.settle() // at once: no back-off has passed
		if got := e.source.Evaluate("shop", trusting(corpCA), tlstest.Now); got.Reason != tlsready.Untrusted {
			t.Errorf("verdict %+v after the Secret changed, want Untrusted", got)
		}
	})
}

// TestTrustWaitsForTheInformer covers a GET that sees a version which the informer has not:
// it is not asked for over and over, and counts as soon as the informer has it.
func TestTrustWaitsForTheInformer(t *testing.T) {
	ca := tlstest.NewCA(t)
	run(t, Options{}, []runtime.Object{issued(ca, "1"), configMap("1", "ca.crt", ca.CertPEM())}, func(e *env) {
		next := issued(ca, "2")
		gets := 0
		e.client.PrependReactor("get", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
			gets++
			return true, next.DeepCopy(), nil
		})
		for range 100 {
			e.source.Evaluate("shop", trusting(corpCA), tlstest.Now)
		}
		e.settle()
		for range 100 {
			e.wantVerdict(trusting(corpCA), tlsready.LookupPending, `secret "shop/web-tls" is being checked against `+corpCARef)
		}
		e.settle() // shorter than the back-off
		if gets != 1 {
			t.Errorf("%d GETs, want 1", gets)
		}
		e.update(next)
		e.settle()
		e.wantVerdict(trusting(corpCA), tlsready.Ready, "")
	})
}

func TestTrustForbidden(t *testing.T) {
	ca := tlstest.NewCA(t)
	for resource, unknown := range map[string]string{"configmaps": unknownCA, "clustertrustbundles": unknownCorp} {
		trust := corpCA
		if resource == "clustertrustbundles" {
			trust = corpBundle
		}
		t.Run(resource, func(t *testing.T) {
			run(t, Options{}, []runtime.Object{issued(ca, "1"), configMap("1", "ca.crt", ca.CertPEM()), bundle(ca.CertPEM())}, func(e *env) {
				var refuse atomic.Int32
				text := fmt.Sprintf(`User "system:serviceaccount:kube-system:tollgate" cannot get resource %q`, resource)
				e.client.PrependReactor("get", resource, func(clienttesting.Action) (bool, runtime.Object, error) {
					return refuse.Add(-1) >= 0, nil, apierrors.NewForbidden(schema.GroupResource{Resource: resource}, "x", errors.New(text))
				})
				refuse.Store(1) // a single one means nothing
				e.wantTrust(trust, tlsready.Ready, "")
				refuse.Store(1000)
				time.Sleep(maxBackoff)
				e.wantTrust(trust, tlsready.TrustNotFound, unknown+`cannot be read: getting `+resource+
					`: forbidden: `+text+`; grant get on `+resource+` to ServiceAccount kube-system/tollgate`)
				refuse.Store(0)
				time.Sleep(maxBackoff)
				e.wantTrust(trust, tlsready.Ready, "")
			})
		})
	}
}

func TestTrustSecretForbidden(t *testing.T) {
	ca := tlstest.NewCA(t)
	run(t, Options{}, []runtime.Object{issued(ca, "1"), configMap("1", "ca.crt", ca.CertPEM())}, func(e *env) {
		e.deny("get")
		e.wantTrust(corpCA, tlsready.SecretsForbidden, `secret "shop/web-tls" cannot be read: `+refused("getting", "get"))
		e.allow("get")
		time.Sleep(maxBackoff)
		e.wantTrust(corpCA, tlsready.Ready, "")
	})
}

// TestTrustBundlesNotServed uses the answers of API servers that lack the API.
func TestTrustBundlesNotServed(t *testing.T) {
	for name, answer := range map[string]*apierrors.StatusError{
		"Kubernetes": {ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: http.StatusNotFound, Reason: metav1.StatusReasonNotFound,
			Message: "the server could not find the requested resource", Details: &metav1.StatusDetails{}}},
		"no details": {ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: http.StatusNotFound, Reason: metav1.StatusReasonNotFound}},
		"a page":     apierrors.NewGenericServerResponse(404, "get", schema.GroupResource{Resource: "clustertrustbundles"}, "corp", "404 page not found", 0, true),
	} {
		t.Run(name, func(t *testing.T) {
			run(t, Options{}, []runtime.Object{issued(tlstest.NewCA(t), "1")}, func(e *env) {
				e.client.PrependReactor("get", "clustertrustbundles", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, answer })
				e.wantTrust(corpBundle, tlsready.TrustNotFound, unknownCorp+
					`cannot be read: the API server does not serve clustertrustbundles; enable that API, or declare a configmap`)
			})
		})
	}
}

// TestTrustSurvivesErrors checks that a good answer holds while the API server is away.
func TestTrustSurvivesErrors(t *testing.T) {
	ca := tlstest.NewCA(t)
	run(t, Options{}, []runtime.Object{issued(ca, "1"), configMap("1", "ca.crt", ca.CertPEM())}, func(e *env) {
		var failing atomic.Bool
		failing.Store(true)
		e.client.PrependReactor("get", "configmaps", func(clienttesting.Action) (bool, runtime.Object, error) {
			return failing.Load(), nil, errors.New("connection refused")
		})
		e.wantTrust(corpCA, tlsready.LookupPending, `secret "shop/web-tls" is being checked against `+corpCARef)
		failing.Store(false)
		time.Sleep(maxBackoff) // virtual
		e.wantTrust(corpCA, tlsready.Ready, "")
		failing.Store(true)
		time.Sleep(retention / 2)
		e.wantTrust(corpCA, tlsready.Ready, "")
	})
}

func TestTrustIsBounded(t *testing.T) {
	ca := tlstest.NewCA(t)
	run(t, Options{}, []runtime.Object{issued(ca, "1")}, func(e *env) {
		for i := range maxPerNamespace + 10 {
			e.source.Evaluate("shop", trusting(declare.Trust{Kind: declare.TrustConfigMap, Name: fmt.Sprint("ca-", i), Key: "ca.crt"}), tlstest.Now)
		}
		e.source.trusts.mu.Lock()
		n := len(e.source.trusts.known.entries)
		e.source.trusts.mu.Unlock()
		if n != maxPerNamespace {
			t.Errorf("%d answers are remembered, want %d", n, maxPerNamespace)
		}
		got := e.source.Evaluate("shop", trusting(corpCA), tlstest.Now)
		if got.Reason != tlsready.LookupPending || !strings.Contains(got.Message, "when there is room") {
			t.Errorf("verdict %+v, want LookupPending for lack of room", got)
		}
	})
}
