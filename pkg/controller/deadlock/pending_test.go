// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package deadlock

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// acmeIssuer issues over http-01 with the class; empty leaves it to the cluster.
func acmeIssuer(class string) *v1alpha1.IssuerSpec {
	solver := &v1alpha1.HTTP01IngressSolver{}
	if class != "" {
		solver.IngressClassName = &class
	}
	return &v1alpha1.IssuerSpec{ACME: &v1alpha1.ACMEIssuer{Solvers: []v1alpha1.Solver{{HTTP01: &v1alpha1.HTTP01Solver{Ingress: solver}}}}}
}

// tlsCert is in/default with condition Issuing as it was set age before start.
func tlsCert(reason string, age time.Duration, change ...func(*v1alpha1.TLSCertificate)) *v1alpha1.TLSCertificate {
	c := &v1alpha1.TLSCertificate{
		ObjectMeta: metav1.ObjectMeta{Namespace: "in", Name: "default", UID: "cert", Generation: 1},
		Spec: v1alpha1.TLSCertificateSpec{
			SecretName: "default-tls", DNSNames: []string{"default.example.com"},
			IssuerRef: v1alpha1.IssuerReference{Kind: v1alpha1.KindClusterCertIssuer, Name: "acme"},
		},
		Status: v1alpha1.TLSCertificateStatus{Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionIssuing, Status: metav1.ConditionTrue, Reason: reason, LastTransitionTime: metav1.NewTime(start.Add(-age)),
		}}},
	}
	for _, f := range change {
		f(c)
	}
	return c
}

func failedOnce(c *v1alpha1.TLSCertificate) { c.Status.FailedAttempts = 1 }

func found(c *v1alpha1.TLSCertificate) {
	c.Status.Conditions = append(c.Status.Conditions, metav1.Condition{Type: ConditionDeadlock, Status: metav1.ConditionTrue})
}

// authorization is of one more name.
func authorization(name, kind, state string) func(*v1alpha1.TLSCertificate) {
	return func(c *v1alpha1.TLSCertificate) {
		if !slices.Contains(c.Spec.DNSNames, name) {
			c.Spec.DNSNames = append(c.Spec.DNSNames, name)
		}
		if c.Status.ACME == nil {
			c.Status.ACME = &v1alpha1.ACMECertificateStatus{}
		}
		c.Status.ACME.Authorizations = append(c.Status.ACME.Authorizations, v1alpha1.AuthorizationStatus{Identifier: name, Type: kind, State: state})
	}
}

func TestPending(t *testing.T) {
	const old, young = 31 * time.Second, 30 * time.Second
	for _, tc := range []struct {
		name   string
		cert   *v1alpha1.TLSCertificate
		issuer *v1alpha1.IssuerSpec
		want   bool
	}{
		{name: "presenting for long", cert: tlsCert(v1alpha1.ReasonPresenting, old), want: true},
		{name: "validating for long", cert: tlsCert(v1alpha1.ReasonValidating, old), want: true},
		{name: "presenting for a moment", cert: tlsCert(v1alpha1.ReasonPresenting, young)},
		{name: "presenting again after a failure", cert: tlsCert(v1alpha1.ReasonPresenting, 0, failedOnce), want: true},
		{name: "presenting again in a deadlock", cert: tlsCert(v1alpha1.ReasonPresenting, 0, found), want: true},
		{name: "challenge failed", cert: tlsCert(v1alpha1.ReasonChallengeFailed, 0), want: true},
		{name: "placing an order", cert: tlsCert(v1alpha1.ReasonCreatingOrder, old)},
		{name: "placing an order after a failure", cert: tlsCert(v1alpha1.ReasonCreatingOrder, 0, failedOnce), want: true},
		{name: "rate limited after a failure", cert: tlsCert(v1alpha1.ReasonRateLimited, 0, failedOnce), want: true},
		{name: "validated, being signed", cert: tlsCert(v1alpha1.ReasonFinalizing, old, found)},
		{name: "issued", cert: tlsCert(v1alpha1.ReasonIdle, old, found)},
		{name: "no issuer yet", cert: tlsCert(v1alpha1.ReasonWaitingForIssuer, old, found)},
		{name: "not looked at yet", cert: &v1alpha1.TLSCertificate{}},
		{name: "suspended", cert: tlsCert(v1alpha1.ReasonPresenting, old, func(c *v1alpha1.TLSCertificate) { c.Spec.Suspend = true })},
		{name: "being deleted", cert: tlsCert(v1alpha1.ReasonPresenting, old, func(c *v1alpha1.TLSCertificate) { c.DeletionTimestamp = &metav1.Time{} })},
		{name: "CA issuer", cert: tlsCert(v1alpha1.ReasonPresenting, old), issuer: &v1alpha1.IssuerSpec{CA: &v1alpha1.CAIssuer{}}},
		{name: "no such solver", cert: tlsCert(v1alpha1.ReasonPresenting, old), issuer: &v1alpha1.IssuerSpec{ACME: &v1alpha1.ACMEIssuer{Solvers: []v1alpha1.Solver{{}}}}},
		{name: "authorized over http-01", cert: tlsCert(v1alpha1.ReasonValidating, old, authorization("default.example.com", "http-01", "valid"), authorization("other.example.com", "dns-01", "pending"))},
		{name: "one name over http-01", cert: tlsCert(v1alpha1.ReasonValidating, old, authorization("default.example.com", "dns-01", "valid"), authorization("other.example.com", "http-01", "pending")), want: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			issuer := tc.issuer
			if issuer == nil {
				issuer = acmeIssuer("nginx")
			}
			found := meta.IsStatusConditionTrue(tc.cert.Status.Conditions, ConditionDeadlock)
			if got := pending(tc.cert, start, found) && len(certificatesOf(tc.cert, issuer)) > 0; got != tc.want {
				t.Errorf("got %t, want %t", got, tc.want)
			}
		})
	}
	if len(certificatesOf(tlsCert(v1alpha1.ReasonPresenting, old), nil)) > 0 {
		t.Error("a certificate without issuer is pending")
	}
}

func TestDefaultClass(t *testing.T) {
	class := func(name, value string, age time.Duration) networkingv1.IngressClass {
		c := ingressClass(name, nil)
		c.Annotations = map[string]string{networkingv1.AnnotationIsDefaultIngressClass: value}
		c.CreationTimestamp = metav1.NewTime(start.Add(-age))
		return c
	}
	for _, tc := range []struct {
		name    string
		classes []networkingv1.IngressClass
		want    string
	}{
		{name: "none"},
		{name: "one of two", classes: []networkingv1.IngressClass{class("a", "false", 0), class("b", "true", 0)}, want: "b"},
		{name: "the newest", classes: []networkingv1.IngressClass{class("a", "true", time.Hour), class("b", "true", 0), class("c", "true", time.Minute)}, want: "b"},
		{name: "of equally old the first", classes: []networkingv1.IngressClass{class("b", "true", 0), class("a", "true", 0)}, want: "a"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			certificates := append(certificatesOf(tlsCert("", 0), acmeIssuer("")), certificatesOf(tlsCert("", 0), acmeIssuer("nginx"))...)
			certificates = append(certificates, overGateways("in", "default", "in", "front"))
			withDefault(certificates, tc.classes)
			if got := certificates[2].Class; got != "" {
				t.Errorf("a certificate over a Gateway got class %q", got)
			}
			if got := certificates[0].Class; got != tc.want {
				t.Errorf("class is %q, want %q", got, tc.want)
			}
			if got := certificates[1].Class; got != "nginx" {
				t.Errorf("the issuer's class became %q", got)
			}
		})
	}
}

// TestSolverOfEachName: the names that are to be validated still, by the way to them.
func TestSolverOfEachName(t *testing.T) {
	inside := "inside"
	issuer := &v1alpha1.IssuerSpec{ACME: &v1alpha1.ACMEIssuer{Solvers: []v1alpha1.Solver{
		{HTTP01: &v1alpha1.HTTP01Solver{}},
		{Selector: &v1alpha1.SolverSelector{DNSZones: []string{"in.example.com"}}, HTTP01: &v1alpha1.HTTP01Solver{Ingress: &v1alpha1.HTTP01IngressSolver{IngressClassName: &inside}}},
		{Selector: &v1alpha1.SolverSelector{DNSZones: []string{"gw.example.com"}}, HTTP01: &v1alpha1.HTTP01Solver{GatewayHTTPRoute: &v1alpha1.HTTP01GatewaySolver{
			ParentRefs: []v1alpha1.GatewayReference{{Name: "front"}},
		}}},
		{Selector: &v1alpha1.SolverSelector{DNSZones: []string{"dns.example.com"}}, DNS01: &v1alpha1.DNS01Solver{}},
	}}}
	c := tlsCert(v1alpha1.ReasonPresenting, time.Minute, authorization("done.in.example.com", "http-01", "valid"), authorization("b.in.example.com", "", "pending"))
	c.Spec.DNSNames = append([]string{"a.example.com", "a.in.example.com", "a.gw.example.com", "a.dns.example.com"}, c.Spec.DNSNames...)
	c.Spec.IPAddresses = []string{"192.0.2.7"}
	want := []Certificate{
		{Hosts: []string{"a.example.com", "default.example.com", "192.0.2.7"}},
		{Class: "inside", Hosts: []string{"a.in.example.com", "b.in.example.com"}},
		{Gateways: []types.NamespacedName{{Namespace: "in", Name: "front"}}, Hosts: []string{"a.gw.example.com"}},
	}
	for i := range want {
		want[i].Name, want[i].SecretName = types.NamespacedName{Namespace: "in", Name: "default"}, "default-tls"
	}
	if diff := cmp.Diff(want, certificatesOf(c, issuer)); diff != "" {
		t.Errorf("(-want, +got):\n%s", diff)
	}
}
