// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-base/metrics"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// conditionDeadlock is that of package deadlock, which brings the ACME client along.
const conditionDeadlock = "Deadlock"

// unknown is status and reason of a condition that is not there yet.
const unknown = "Unknown"

var (
	certificatesDesc = metrics.NewDesc(subsystem+"_certificates",
		"Number of TLSCertificates. Labeled by namespace, issuer_kind, issuer_name, ready (True, False, or Unknown before the first look) and the reason of condition Ready.",
		[]string{"namespace", "issuer_kind", "issuer_name", "ready", "reason"}, nil, metrics.ALPHA, "")
	expirationDesc = metrics.NewDesc(subsystem+"_certificate_expiration_timestamp_seconds",
		"When the certificate of a TLSCertificate ends, in seconds since 1970. Labeled by namespace and name of the TLSCertificate, issuer_kind and issuer_name.",
		[]string{"namespace", "name", "issuer_kind", "issuer_name"}, nil, metrics.ALPHA, "")
	renewalDesc = metrics.NewDesc(subsystem+"_certificate_renewal_timestamp_seconds",
		"When the next certificate of a TLSCertificate is due to be asked for, in seconds since 1970. Labeled by namespace and name of the TLSCertificate, issuer_kind and issuer_name.",
		[]string{"namespace", "name", "issuer_kind", "issuer_name"}, nil, metrics.ALPHA, "")
	issuingDesc = metrics.NewDesc(subsystem+"_certificates_issuing",
		"Number of TLSCertificates whose condition Issuing is not Idle: a certificate is wanted and not there yet, or spec.suspend is set. Labeled by namespace, issuer_kind, issuer_name and the reason of condition Issuing: a step, or why it waits.",
		[]string{"namespace", "issuer_kind", "issuer_name", "reason"}, nil, metrics.ALPHA, "")
	rateLimitDesc = metrics.NewDesc(subsystem+"_rate_limited_until_timestamp_seconds",
		"When the last TLSCertificate that a rate limit holds up is tried again, in seconds since 1970; absent if there is none. Labeled by namespace, issuer_kind and issuer_name.",
		[]string{"namespace", "issuer_kind", "issuer_name"}, nil, metrics.ALPHA, "")
	deadlockedDesc = metrics.NewDesc(subsystem+"_certificates_deadlocked",
		"Number of TLSCertificates that cannot be issued since pods that their challenges need are held for them. Labeled by namespace.",
		[]string{"namespace"}, nil, metrics.ALPHA, "")
)

// issuedBy names an issuer as the certificates of a namespace do.
type issuedBy struct{ namespace, kind, name string }

func issuerOf(cert *v1alpha1.TLSCertificate) issuedBy {
	ref := cert.Spec.IssuerRef
	if ref.Kind == "" {
		ref.Kind = v1alpha1.KindCertIssuer
	}
	return issuedBy{cert.Namespace, ref.Kind, ref.Name}
}

// certificates sends what the TLSCertificates say.
func (c *collector) certificates(ctx context.Context, send sender) error {
	var list v1alpha1.TLSCertificateList
	if err := c.reader.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("listing TLSCertificates: %w", err)
	}
	type readyKey struct {
		issuedBy
		ready, reason string
	}
	type issuingKey struct {
		issuedBy
		reason string
	}
	ready, issuing := map[readyKey]int{}, map[issuingKey]int{}
	limited, deadlocked := map[issuedBy]int64{}, map[string]int{}
	for i := range list.Items {
		cert := &list.Items[i]
		by, st := issuerOf(cert), &cert.Status
		status, reason := state(st.Conditions, v1alpha1.ConditionReady)
		ready[readyKey{by, status, reason}]++
		if _, reason := state(st.Conditions, v1alpha1.ConditionIssuing); reason != v1alpha1.ReasonIdle {
			issuing[issuingKey{by, reason}]++
			if reason == v1alpha1.ReasonRateLimited && st.NextAttemptTime != nil {
				limited[by] = max(limited[by], st.NextAttemptTime.Unix())
			}
		}
		if meta.IsStatusConditionTrue(st.Conditions, conditionDeadlock) {
			deadlocked[cert.Namespace]++
		}
		if st.NotAfter != nil {
			send(expirationDesc, float64(st.NotAfter.Unix()), cert.Namespace, cert.Name, by.kind, by.name)
		}
		if st.RenewalTime != nil {
			send(renewalDesc, float64(st.RenewalTime.Unix()), cert.Namespace, cert.Name, by.kind, by.name)
		}
	}
	for k, n := range ready {
		send(certificatesDesc, float64(n), k.namespace, k.kind, k.name, k.ready, k.reason)
	}
	for k, n := range issuing {
		send(issuingDesc, float64(n), k.namespace, k.kind, k.name, k.reason)
	}
	for k, until := range limited {
		send(rateLimitDesc, float64(until), k.namespace, k.kind, k.name)
	}
	for namespace, n := range deadlocked {
		send(deadlockedDesc, float64(n), namespace)
	}
	return nil
}

// state returns status and reason of a condition.
func state(conditions []metav1.Condition, kind string) (status, reason string) {
	c := meta.FindStatusCondition(conditions, kind)
	if c == nil {
		return unknown, unknown
	}
	return string(c.Status), c.Reason
}
