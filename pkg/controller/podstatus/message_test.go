// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

func TestProducerNote(t *testing.T) {
	notAllowed := metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse,
		Reason: v1alpha1.ReasonNotAllowed, Message: "issuer letsencrypt does not allow shop"}
	suspended := newCert()
	suspended.Spec.Suspend = true
	tests := map[string]struct {
		reason tlsready.Reason
		cert   *v1alpha1.TLSCertificate
		want   string
	}{
		"nobody": {reason: tlsready.SecretNotFound,
			want: `; nothing in namespace "shop" is configured to create it (looked for TLSCertificates)`},
		"expired, nobody": {reason: tlsready.Expired},
		"new":             {cert: newCert(), want: `; TLSCertificate "web" is about to issue it`},
		"idle": {cert: newCert(issuing(metav1.ConditionFalse, v1alpha1.ReasonIdle, "")),
			want: `; TLSCertificate "web" is about to issue it`},
		"waiting for the issuer": {cert: newCert(issuing(metav1.ConditionFalse, v1alpha1.ReasonWaitingForIssuer, "CertIssuer ca does not exist")),
			want: `; TLSCertificate "web" is issuing it (WaitingForIssuer: CertIssuer ca does not exist)`},
		"validating": {cert: newCert(issuing(metav1.ConditionTrue, v1alpha1.ReasonValidating, "www.example.com")),
			want: `; TLSCertificate "web" is issuing it (Validating: www.example.com)`},
		"failed": {cert: newCert(issuing(metav1.ConditionFalse, v1alpha1.ReasonServerUnreachable, "connection refused; next attempt at 2026-11-20T11:00:00Z")),
			want: `; TLSCertificate "web" failed to issue it (ServerUnreachable: connection refused; next attempt at 2026-11-20T11:00:00Z)`},
		"failed, no message": {cert: newCert(issuing(metav1.ConditionFalse, v1alpha1.ReasonFailed, "")),
			want: `; TLSCertificate "web" failed to issue it (Failed)`},
		"not allowed": {cert: newCert(notAllowed, issuing(metav1.ConditionFalse, v1alpha1.ReasonIdle, "")),
			want: `; TLSCertificate "web" cannot issue it (NotAllowed: issuer letsencrypt does not allow shop)`},
		"suspended": {cert: suspended,
			want: `; TLSCertificate "web" would issue it but is suspended; set spec.suspend to false`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var certs []v1alpha1.TLSCertificate
			if tt.cert != nil {
				certs = append(certs, *tt.cert)
			}
			if got := producerNote(tt.reason, "shop", certs); got != tt.want {
				t.Errorf("producerNote:\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}
