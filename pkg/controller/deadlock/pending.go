// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package deadlock

import (
	"slices"
	"strings"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme"
)

// http01Type is the type of an authorization that is validated over http-01 (RFC 8555 section 8.3).
const http01Type = "http-01"

// pending tells whether the TLSCertificate waits for so long that something may be wrong, or has failed. The time is that
// of the condition: the Ingress of its challenges is hardly younger, and reading it would cost one request for each
// certificate. found says that a deadlock was found at an earlier look.
func pending(cert *v1alpha1.TLSCertificate, now time.Time, found bool) bool {
	issuing := meta.FindStatusCondition(cert.Status.Conditions, v1alpha1.ConditionIssuing)
	if issuing == nil || cert.Spec.Suspend || cert.DeletionTimestamp != nil {
		return false
	}
	// Between two attempts the reasons are many. What has been found stays found until the pods say otherwise.
	failed := cert.Status.FailedAttempts > 0 || found
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

// certificatesOf returns what Decide has to know of the names of a TLSCertificate that are still to be validated over http-01:
// one Certificate for each way to them, without its class if the issuer leaves that to the cluster's default. The
// authorizations know what is to be validated; without them the issuer does.
func certificatesOf(cert *v1alpha1.TLSCertificate, issuer *v1alpha1.IssuerSpec) []Certificate {
	if issuer == nil || issuer.ACME == nil {
		return nil
	}
	var all []Certificate
	for _, name := range slices.Concat(cert.Spec.DNSNames, cert.Spec.IPAddresses) {
		solver := acme.SolverFor(issuer.ACME, cert, name)
		if solver == nil || solver.HTTP01 == nil || settled(cert, name) {
			continue
		}
		c := Certificate{Name: client.ObjectKeyFromObject(cert), SecretName: cert.Spec.SecretName}
		switch s := solver.HTTP01; {
		case s.GatewayHTTPRoute != nil:
			c.Gateways = gatewaysOf(s.GatewayHTTPRoute, cert.Namespace)
		case s.Ingress != nil && s.Ingress.IngressClassName != nil:
			c.Class = *s.Ingress.IngressClassName
		}
		i := slices.IndexFunc(all, func(o Certificate) bool { return o.Class == c.Class && slices.Equal(o.Gateways, c.Gateways) })
		if i < 0 {
			i = len(all)
			all = append(all, c)
		}
		all[i].Hosts = append(all[i].Hosts, name)
	}
	return all
}

// settled reports whether the name needs no http-01 any more.
func settled(cert *v1alpha1.TLSCertificate, name string) bool {
	return cert.Status.ACME != nil && slices.ContainsFunc(cert.Status.ACME.Authorizations, func(a v1alpha1.AuthorizationStatus) bool {
		return strings.EqualFold(a.Identifier, name) && (a.State == "valid" || a.Type != "" && a.Type != http01Type)
	})
}

// withDefault fills the class of certificates that have none.
func withDefault(certificates []Certificate, classes []networkingv1.IngressClass) {
	fallback := defaultClass(classes)
	for i := range certificates {
		if certificates[i].Class == "" && len(certificates[i].Gateways) == 0 {
			certificates[i].Class = fallback
		}
	}
}
