// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"k8s.io/client-go/tools/cache"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// resultIssued is the result of an attempt that brought a certificate.
const resultIssued = v1alpha1.ReasonIssued

// attempts counts, while this replica leads, the attempts that the status of TLSCertificates tells of. It sees all of
// them, since the API server tells of every version of an object.
func attempts(elected <-chan struct{}) cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{UpdateFunc: func(before, after any) {
		old, ok := before.(*v1alpha1.TLSCertificate)
		cert, ok2 := after.(*v1alpha1.TLSCertificate)
		if !ok || !ok2 || old.UID != cert.UID || !leads(elected) {
			return
		}
		count(cert, resultIssued, cert.Status.Revision-old.Status.Revision)
		_, reason := state(cert.Status.Conditions, v1alpha1.ConditionIssuing)
		count(cert, reason, int64(cert.Status.FailedAttempts-old.Status.FailedAttempts))
		count(cert, reason, int64(cert.Status.ConnectionFailures-old.Status.ConnectionFailures))
	}}
}

// count adds the attempts of a TLSCertificate that ended with the result.
func count(cert *v1alpha1.TLSCertificate, result string, times int64) {
	if times <= 0 {
		return // the numbers of failures begin anew after a success
	}
	by := issuerOf(cert)
	if by.kind == v1alpha1.KindClusterCertIssuer {
		by.namespace = ""
	}
	issuances.WithLabelValues(by.kind, by.namespace, by.name, result).Add(float64(times))
}
