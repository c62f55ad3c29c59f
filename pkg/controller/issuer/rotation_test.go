// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/textlogger"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

func TestSelfSignedCAIsRenewedWithOverlap(t *testing.T) {
	for _, version := range []string{"", "v1beta1", "v1"} {
		t.Run("ClusterTrustBundle "+version, func(t *testing.T) {
			e := newEnv(t, version, internal(nil))
			status := e.run()
			e.want(status, "True", v1alpha1.ReasonCAReady)
			first := e.signing()
			where := "ConfigMap/tollgate-system/tollgate-ca-internal"
			if version != "" {
				where = "ClusterTrustBundle/tollgate.dev:ca:internal"
				if signer, _, _ := unstructured.NestedString(e.bundle(version).Object, "spec", "signerName"); signer != "tollgate.dev/ca" {
					t.Errorf("signerName is %q; the API server refuses the name of the bundle", signer)
				}
			}
			if status.TrustBundle != where || status.FingerprintSHA256 != first || status.NextCA != nil {
				t.Errorf("status: %+v, want %s and %s", status, where, first)
			}
			if diff := cmp.Diff([]string{first}, e.published(version)); diff != "" {
				t.Errorf("published (-want, +got):\n%s", diff)
			}

			e.pass(200*24*time.Hour + time.Minute)
			status = e.run()
			if status.NextCA == nil || status.FingerprintSHA256 != first {
				t.Fatalf("after two thirds: %+v, want the first CA to sign and another to come", status)
			}
			second := status.NextCA.FingerprintSHA256
			if want := e.clock.Now().Add(time.Hour); !status.NextCA.SignsFrom.Time.Equal(want) {
				t.Errorf("signsFrom is %s, want %s", status.NextCA.SignsFrom, want)
			}
			if diff := cmp.Diff([]string{first, second}, e.published(version)); diff != "" {
				t.Errorf("published (-want, +got):\n%s", diff)
			}
			e.pass(time.Hour - time.Second)
			if e.run(); e.signing() != first {
				t.Fatal("the new CA signs before it is trusted")
			}
			e.pass(time.Second)
			status = e.run()
			if e.signing() != second || status.FingerprintSHA256 != second || status.NextCA != nil {
				t.Fatalf("status: %+v, want %s to sign", status, second)
			}
			if got := e.secret("ca").Annotations[v1alpha1.FingerprintAnnotation]; got != second {
				t.Errorf("the CA's Secret holds %s, want %s", got, second)
			}
			e.pass(90 * 24 * time.Hour) // the longest leaf of the first CA
			if e.run(); len(e.published(version)) != 2 {
				t.Error("the old CA has gone although leaves of it live")
			}
			e.pass(time.Hour)
			e.run()
			if diff := cmp.Diff([]string{second}, e.published(version)); diff != "" {
				t.Errorf("published in the end (-want, +got):\n%s", diff)
			}
		})
	}
}

func TestCAReplacedByHand(t *testing.T) {
	e := newEnv(t, "", internal(func(s *v1alpha1.CAIssuer) { s.TrustPropagation = &metav1.Duration{Duration: 10 * time.Minute} }))
	e.run()
	first, second := e.signing(), e.newCA(1000*time.Hour)
	e.put(second)
	status := e.run()
	message := e.want(status, "True", v1alpha1.ReasonCAReady)
	if status.NextCA == nil || status.NextCA.FingerprintSHA256 != second.Fingerprint() || e.signing() != first {
		t.Fatalf("status: %+v, want the first to sign and the second to come", status)
	}
	if !strings.Contains(message, "the next CA signs from 2026-11-20T12:10:00Z on") {
		t.Errorf("message: %s", message)
	}
	// Somebody deletes what is published: the time begins anew.
	e.pass(9 * time.Minute)
	m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: controllerNamespace, Name: "tollgate-ca-internal"}}
	if err := e.Delete(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	e.pass(time.Minute)
	if e.run(); e.signing() != first {
		t.Fatal("a CA signs that was not published just now")
	}
	e.pass(10 * time.Minute)
	if e.run(); e.signing() != second.Fingerprint() {
		t.Fatal("the CA in the Secret does not sign")
	}
	// What people have put there is theirs to renew.
	e.pass(900 * time.Hour)
	if status := e.run(); status.NextCA != nil || e.secret("ca").Annotations[v1alpha1.FingerprintAnnotation] == second.Fingerprint() {
		t.Errorf("a CA of people's is renewed: %+v", status)
	}
	// One that cannot sign is refused, by name.
	e.put(e.newCA(time.Minute))
	e.want(e.run(), "False", v1alpha1.ReasonCAExpiresTooSoon)
	e.put(second)
	e.want(e.run(), "True", v1alpha1.ReasonCAReady)
}

func TestDeletedCAIsReplacedWithOverlap(t *testing.T) {
	e := newEnv(t, "", internal(nil))
	e.run()
	first := e.signing()
	if err := e.Delete(t.Context(), e.secret("ca")); err != nil {
		t.Fatal(err)
	}
	status := e.run()
	e.want(status, "True", v1alpha1.ReasonCAReady)
	if e.signing() != first || status.NextCA == nil {
		t.Errorf("status: %+v, want the first CA to go on", status)
	}
}

func TestUnusableCA(t *testing.T) {
	other := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: controllerNamespace, Name: "tollgate-ca-internal"}, Data: map[string]string{"ca.crt": "x"}}
	state := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: controllerNamespace, Name: "tollgate-ca-internal-state"}, Type: corev1.SecretTypeOpaque}
	others := state.DeepCopy()
	others.Type, others.Annotations = "tollgate.dev/ca-state", map[string]string{v1alpha1.IssuerAnnotation: "CertIssuer/internal"}
	for name, tt := range map[string]struct {
		issuer v1alpha1.Issuer
		obj    client.Object
		want   string
	}{
		"no Secret":              {internal(func(s *v1alpha1.CAIssuer) { s.SelfSigned = nil }), nil, "Secret tollgate-system/ca does not exist; create it"},
		"garbage in the Secret":  {internal(nil), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: controllerNamespace, Name: "ca"}}, "there are none; put the CA's certificate and its key there"},
		"another's ConfigMap":    {internal(nil), other, "is not this issuer's"},
		"another Secret there":   {internal(nil), state, `has type "Opaque"`},
		"another issuer's state": {internal(nil), others, "is the state of CertIssuer/internal"},
	} {
		t.Run(name, func(t *testing.T) {
			var objs []client.Object
			if tt.obj != nil {
				objs = append(objs, tt.obj)
			}
			e := newEnv(t, "", tt.issuer, objs...)
			if message := e.want(e.run(), "False", v1alpha1.ReasonCAUnusable); !strings.Contains(message, tt.want) {
				t.Errorf("message %q, want %q", message, tt.want)
			}
		})
	}
}

func TestMissingPermissionStopsRotationOnly(t *testing.T) {
	e := newEnv(t, "v1beta1", internal(nil))
	forbid := func(_ string, o client.Object) error {
		if _, ok := o.(*unstructured.Unstructured); ok {
			return apierrors.NewForbidden(schema.GroupResource{Group: "certificates.k8s.io", Resource: "clustertrustbundles"}, o.GetName(), errors.New("not permitted to attest"))
		}
		return nil
	}
	e.refuse = forbid
	if message := e.want(e.run(), "False", v1alpha1.ReasonCAUnusable); !strings.Contains(message, "apply its ClusterRole anew") {
		t.Errorf("message: %s", message)
	}
	e.refuse = nil
	e.run()
	first := e.signing()
	e.refuse = forbid
	e.put(e.newCA(1000 * time.Hour))
	for range 3 {
		e.want(e.run(), "True", v1alpha1.ReasonCAReady)
		e.pass(2 * time.Hour)
	}
	if e.signing() != first {
		t.Error("a CA signs that could not be published")
	}
}

// TestCrashesLoseNothing fails each write in turn, before and after it is done, and expects the same end.
func TestCrashesLoseNothing(t *testing.T) {
	crash := errors.New("crash")
	for at := range 12 {
		e := newEnv(t, "v1beta1", internal(nil))
		writes, lost := 0, 0
		e.refuse = func(string, client.Object) error {
			if writes++; writes == at+1 {
				lost++
				return crash
			}
			return nil
		}
		signed := []string{}
		for range 15 {
			_, err := e.Reconcile(t.Context(), ctrl.Request{NamespacedName: e.key})
			if err != nil && !errors.Is(err, crash) {
				t.Fatal(err)
			}
			if f := e.status().FingerprintSHA256; f != "" && !slices.Contains(signed, f) {
				signed = append(signed, f)
				if !slices.Contains(e.published("v1beta1"), f) {
					t.Errorf("crash at write %d: %s signs and is not published", at, f)
				}
			}
			e.pass(20 * 24 * time.Hour)
		}
		if len(signed) != 2 || e.signing() != signed[1] {
			t.Errorf("crash at write %d (%d lost): %d CAs signed, want 2", at, lost, len(signed))
		}
	}
}

func TestNamespacedIssuerPublishesInItsNamespaceOnly(t *testing.T) {
	issuer := &v1alpha1.CertIssuer{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "internal", Generation: 1},
		Spec:       v1alpha1.IssuerSpec{CA: &v1alpha1.CAIssuer{SecretName: "ca", SelfSigned: &v1alpha1.SelfSignedCA{}}},
	}
	e := newEnv(t, "v1", issuer)
	if got, want := e.run().TrustBundle, "ConfigMap/shop/tollgate-ca-internal"; got != want {
		t.Errorf("trustBundle = %s, want %s", got, want)
	}
}

func TestNothingIsWrittenWhenNothingChanges(t *testing.T) {
	e := newEnv(t, "v1", internal(nil))
	e.run()
	writes := 0
	e.refuse = func(string, client.Object) error { writes++; return nil }
	for range 100 {
		e.pass(time.Minute)
		e.run()
	}
	if writes > 0 {
		t.Errorf("%d writes", writes)
	}
}

func TestNoKeyIsSaid(t *testing.T) {
	var log bytes.Buffer
	e := newEnv(t, "v1", internal(nil))
	ctx := klog.NewContext(t.Context(), textlogger.NewLogger(textlogger.NewConfig(textlogger.Output(&log), textlogger.Verbosity(10))))
	const marker, decoded = "c2VjcmV0LW1hcmtlcnNz", "secret-markerss"
	for step := range 8 {
		switch step {
		case 2:
			e.put(e.newCA(1000 * time.Hour))
		case 4:
			s := e.secret("ca")
			s.Data[corev1.TLSPrivateKeyKey] = []byte("-----BEGIN PRIVATE KEY-----\n" + marker + "\n-----END PRIVATE KEY-----\n")
			if err := e.Update(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		case 6:
			e.put(e.newCA(10000 * time.Hour)) // else the state is not looked at
			s := e.secret("tollgate-ca-internal-state")
			s.Data["next.crt"], s.Data["next.key"], s.Data["state.json"] = []byte(marker), []byte(marker), []byte(marker)
			if err := e.Update(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := e.Reconcile(ctx, ctrl.Request{NamespacedName: e.key}); err != nil {
			log.WriteString(err.Error())
		}
		status, err := json.Marshal(e.status())
		if err != nil {
			t.Fatal(err)
		}
		log.Write(status)
		for _, name := range []string{"ca", "tollgate-ca-internal-state"} {
			leaked(t, log.Bytes(), e.secret(name))
		}
		e.pass(100 * 24 * time.Hour)
	}
	for _, secret := range []string{marker, decoded, "PRIVATE KEY"} {
		if bytes.Contains(log.Bytes(), []byte(secret)) {
			t.Errorf("%q is in the output:\n%s", secret, log.String())
		}
	}
	if !bytes.Contains(log.Bytes(), []byte("Rotating the CA")) {
		t.Error("nothing was logged: the test sees nothing")
	}
}
