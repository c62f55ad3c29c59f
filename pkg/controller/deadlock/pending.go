// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package deadlock

import (
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// http01Type is the type of an authorization that is validated over http-01 (RFC 8555 section 8.3).
const http01Type = "http-01"

// pending tells whether the TLSCertificate waits for http-01 for so long that something may be wrong, or has
// failed over it. The time is that of the condition: the Ingress of its challenges is hardly younger, and
// reading it would cost one request for each certificate.
func pending(cert *v1alpha1.TLSCertificate, issuer *v1alpha1.IssuerSpec, now time.Time) bool {
	issuing := meta.FindStatusCondition(cert.Status.Conditions, v1alpha1.ConditionIssuing)
	if issuing == nil || cert.Spec.Suspend || cert.DeletionTimestamp != nil || !overHTTP01(cert, issuer) {
		return false
	}
	// Between two attempts the reasons are many. What has been found stays found until the pods say otherwise.
	failed := cert.Status.FailedAttempts > 0 || meta.IsStatusConditionTrue(cert.Status.Conditions, ConditionDeadlock)
	switch issuing.Reason {
	case v1alpha1.ReasonChallengeFailed:
		return true
	case v1alpha1.ReasonPresenting, v1alpha1.ReasonValidating:
		return failed || now.Sub(issuing.LastTransitionTime.Time) > patience
	case v1alpha1.ReasonCreatingOrder, v1alpha1.ReasonRateLimited, v1alpha1.ReasonServerUnreachable, v1alpha1.ReasonFailed:
		return failed
	}
	return false
}

// overHTTP01 reports whether names are still to be validated over http-01: the authorizations know, and without
// them the issuer does.
func overHTTP01(cert *v1alpha1.TLSCertificate, issuer *v1alpha1.IssuerSpec) bool {
	if issuer == nil || issuer.ACME == nil || http01Solver(issuer.ACME) == nil {
		return false
	}
	if cert.Status.ACME == nil || len(cert.Status.ACME.Authorizations) == 0 {
		return true
	}
	for _, a := range cert.Status.ACME.Authorizations {
		if (a.Type == "" || a.Type == http01Type) && a.State != "valid" {
			return true
		}
	}
	return false
}

// http01Solver returns the first solver over http-01; nil if there is none.
func http01Solver(issuer *v1alpha1.ACMEIssuer) *v1alpha1.HTTP01Solver {
	for i := range issuer.Solvers {
		if s := issuer.Solvers[i].HTTP01; s != nil {
			return s
		}
	}
	return nil
}

// certificateOf returns what Decide has to know of a pending TLSCertificate, without its class if the issuer
// leaves that to the cluster's default.
func certificateOf(cert *v1alpha1.TLSCertificate, issuer *v1alpha1.IssuerSpec) Certificate {
	c := Certificate{Name: client.ObjectKeyFromObject(cert), SecretName: cert.Spec.SecretName, Hosts: cert.Spec.DNSNames}
	if s := http01Solver(issuer.ACME); s.Ingress != nil && s.Ingress.IngressClassName != nil {
		c.Class = *s.Ingress.IngressClassName
	}
	return c
}

// withDefault fills the class of certificates that have none.
func withDefault(certificates []Certificate, classes []networkingv1.IngressClass) {
	fallback := defaultClass(classes)
	for i := range certificates {
		if certificates[i].Class == "" {
			certificates[i].Class = fallback
		}
	}
}
