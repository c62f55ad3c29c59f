// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

func TestTwoTLSCertificatesOnOneSecret(t *testing.T) {
	older, younger := web(), web()
	younger.Name, younger.UID = "another", "another"
	older.CreationTimestamp, younger.CreationTimestamp = metav1.NewTime(start.Add(-time.Hour)), metav1.NewTime(start)
	younger.Spec.DNSNames = []string{"api.example.com"}
	e := newEnv(t, internal("**.example.com"), older, younger)
	check := func() {
		t.Helper()
		cert := e.runOf("another")
		e.want(cert, v1alpha1.ConditionReady, "False", v1alpha1.ReasonOwnedByOther)
		if c := meta.FindStatusCondition(cert.Status.Conditions, v1alpha1.ConditionReady); !strings.Contains(c.Message, "TLSCertificate web") {
			t.Errorf("message %q does not name the other", c.Message)
		}
	}
	check() // there is no Secret yet
	e.want(e.run(), v1alpha1.ConditionReady, "True", v1alpha1.ReasonIssued)
	check()
	e.writes = 0
	for i := range 1000 {
		if i%2 == 0 {
			e.run()
		} else {
			e.runOf("another")
		}
		e.pass(time.Minute)
	}
	if e.writes > 4 {
		t.Errorf("%d writes in 1000 reconciles", e.writes)
	}
	// The older goes and leaves the Secret, which does not cover the younger's name: it stays as it is.
	if err := e.Delete(t.Context(), older); err != nil {
		t.Fatal(err)
	}
	cert := e.runOf("another")
	e.want(cert, v1alpha1.ConditionReady, "False", v1alpha1.ReasonOwnedByOther)
	// With the older's name it is adopted.
	cert.Spec.DNSNames = older.Spec.DNSNames
	cert.Generation++
	if err := e.Update(t.Context(), cert); err != nil {
		t.Fatal(err)
	}
	cert = e.runOf("another")
	e.want(cert, v1alpha1.ConditionReady, "True", v1alpha1.ReasonIssued)
	e.clock.SetTime(cert.Status.RenewalTime.Time)
	e.runOf("another")
	if got := e.secret().Annotations[v1alpha1.CertificateNameAnnotation]; got != "another" {
		t.Errorf("when it is due, the Secret is %q's", got)
	}
}

func TestAdoption(t *testing.T) {
	certPEM, keyPEM := tlstest.NewCA(t).Issue(tlstest.Options{DNSNames: []string{"www.example.com"}, NotBefore: start, NotAfter: start.Add(30 * 24 * time.Hour)})
	e := newEnv(t, internal("**.example.com"), web(), tlstest.Secret("shop", "web-tls", certPEM, keyPEM))
	before := e.secret()
	var cert *v1alpha1.TLSCertificate
	for range 18 {
		cert = e.run()
		e.want(cert, v1alpha1.ConditionReady, "True", v1alpha1.ReasonIssued)
		e.pass(24 * time.Hour)
	}
	if e.secret().ResourceVersion != before.ResourceVersion {
		t.Fatal("the Secret was written before it was due")
	}
	e.clock.SetTime(cert.Status.RenewalTime.Time)
	cert = e.run()
	e.want(cert, v1alpha1.ConditionReady, "True", v1alpha1.ReasonIssued)
	if s := e.secret(); string(s.Data[corev1.TLSCertKey]) == string(certPEM) || s.Annotations[v1alpha1.CertificateNameAnnotation] != "web" {
		t.Error("the Secret was not renewed when it was due")
	}
}

func TestExpiredSecretIsAdopted(t *testing.T) {
	certPEM, keyPEM := tlstest.NewCA(t).Issue(tlstest.Options{DNSNames: []string{"www.example.com"}, NotBefore: start.Add(-48 * time.Hour), NotAfter: start.Add(-time.Hour)})
	e := newEnv(t, internal("**.example.com"), web(), tlstest.Secret("shop", "web-tls", certPEM, keyPEM))
	e.want(e.run(), v1alpha1.ConditionReady, "True", v1alpha1.ReasonIssued)
}
