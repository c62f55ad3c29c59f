// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme"
)

// Reasons of events.
const (
	eventIssued = "CertificateIssued"
	eventFailed = "IssuanceFailed"
)

// maxMessage is what the API allows in the note of an event; conditions allow more.
const maxMessage = 1024

// observe puts what the Secret says into the status, condition Ready included.
func (r *Reconciler) observe(cert *v1alpha1.TLSCertificate, s *corev1.Secret, i inspection) {
	st := &cert.Status
	st.NotBefore, st.NotAfter, st.RenewalTime = nil, nil, nil
	if i.facts == nil || i.facts.Fault != nil {
		st.SerialNumber, st.FingerprintSHA256, st.IssuerName, st.SecretRef = "", "", "", nil
		r.ready(cert, i)
		return
	}
	st.NotBefore, st.NotAfter = timePtr(i.facts.NotBefore), timePtr(i.facts.NotAfter)
	st.RenewalTime = timePtr(i.renewal)
	if st.FingerprintSHA256 != i.facts.FingerprintSHA256 && i.owned &&
		s.Annotations[v1alpha1.FingerprintAnnotation] == i.facts.FingerprintSHA256 {
		st.Revision++
		// That there is one for the first time is what condition Ready says.
		if st.Revision > 1 || st.FailedAttempts > 0 || r.progress.lasting(client.ObjectKeyFromObject(cert)) {
			r.event(cert, corev1.EventTypeNormal, eventIssued, "Issue", fmt.Sprintf("Secret %s holds certificate %s, valid until %s",
				s.Name, i.facts.Serial, i.facts.NotAfter.UTC().Format(time.RFC3339)))
		}
	}
	st.FingerprintSHA256 = i.facts.FingerprintSHA256
	st.SerialNumber = strings.ToLower(strings.ReplaceAll(i.facts.Serial, ":", ""))
	st.IssuerName = i.facts.Issuer
	st.SecretRef = &v1alpha1.SecretReference{Name: s.Name, ResourceVersion: s.ResourceVersion}
	r.ready(cert, i)
}

func (r *Reconciler) ready(cert *v1alpha1.TLSCertificate, i inspection) {
	switch {
	case i.rival != "":
		r.condition(cert, v1alpha1.ConditionReady, false, v1alpha1.ReasonOwnedByOther, fmt.Sprintf(
			"Secret %s is that of TLSCertificate %s, which has it or is older; two cannot share one: delete one of them, or set another spec.secretName in a new one",
			cert.Spec.SecretName, i.rival))
	case i.verdict.Ready && i.unowned:
		r.condition(cert, v1alpha1.ConditionReady, true, v1alpha1.ReasonIssued, fmt.Sprintf(
			"valid until %s, renews at %s; Secret %s was not made by this TLSCertificate and is kept until then",
			i.facts.NotAfter.UTC().Format(time.RFC3339), i.renewal.UTC().Format(time.RFC3339), cert.Spec.SecretName))
	case i.verdict.Ready && i.foreign():
		r.condition(cert, v1alpha1.ConditionReady, true, v1alpha1.ReasonIssued, fmt.Sprintf(
			"valid until %s; Secret %s was not made by this TLSCertificate, and whoever made it has to renew it",
			i.facts.NotAfter.UTC().Format(time.RFC3339), cert.Spec.SecretName))
	case i.verdict.Ready:
		r.condition(cert, v1alpha1.ConditionReady, true, v1alpha1.ReasonIssued, fmt.Sprintf("valid until %s, renews at %s",
			i.facts.NotAfter.UTC().Format(time.RFC3339), i.renewal.UTC().Format(time.RFC3339)))
	case i.facts != nil && !i.owned && !i.unowned:
		r.condition(cert, v1alpha1.ConditionReady, false, v1alpha1.ReasonOwnedByOther, fmt.Sprintf(
			"%s; Secret %s was not made for this TLSCertificate and is left alone: delete it to have it made anew, or repair it",
			i.verdict.Message, cert.Spec.SecretName))
	default:
		r.condition(cert, v1alpha1.ConditionReady, false, string(i.verdict.Reason), i.verdict.Message)
	}
}

// idle says that nothing has to be issued.
func (r *Reconciler) idle(cert *v1alpha1.TLSCertificate, message string) {
	cert.Status.FailedAttempts, cert.Status.ConnectionFailures, cert.Status.NextAttemptTime = 0, 0, nil
	forgetOrder(cert)
	r.condition(cert, v1alpha1.ConditionIssuing, false, v1alpha1.ReasonIdle, message)
}

// forgetOrder leaves of status.acme what the CA says of renewal.
func forgetOrder(cert *v1alpha1.TLSCertificate) {
	if a := cert.Status.ACME; a == nil || a.RenewalInfo == nil {
		cert.Status.ACME = nil
	} else {
		cert.Status.ACME = &v1alpha1.ACMECertificateStatus{RenewalInfo: a.RenewalInfo}
	}
}

// failed counts a failure and says when the next attempt is.
func (r *Reconciler) failed(cert *v1alpha1.TLSCertificate, f *acme.Failure) {
	st, now := &cert.Status, r.Clock.Now()
	var at time.Time
	if f.Transient {
		st.ConnectionFailures++
		at = now.Add(acme.ConnectionBackoff(st.ConnectionFailures))
	} else {
		st.FailedAttempts++
		st.ConnectionFailures = 0
		at = now.Add(acme.Backoff(st.FailedAttempts))
	}
	if !f.RetryAt.IsZero() {
		// Servers say "0" and times that have passed, too.
		at = later(f.RetryAt, now.Add(acme.ConnectionBackoff(max(st.FailedAttempts, st.ConnectionFailures))))
	}
	// The API keeps whole seconds; never ask early.
	at = at.Add(time.Second - time.Nanosecond).Truncate(time.Second)
	st.NextAttemptTime = timePtr(at)
	r.condition(cert, v1alpha1.ConditionIssuing, false, f.Reason, fmt.Sprintf("%s; next attempt at %s", f.Message, at.UTC().Format(time.RFC3339)))
	r.reveal(cert)
	r.event(cert, corev1.EventTypeWarning, eventFailed, "Issue", f.Message)
}

func (r *Reconciler) condition(cert *v1alpha1.TLSCertificate, kind string, isTrue bool, reason, message string) {
	status := metav1.ConditionFalse
	if isTrue {
		status = metav1.ConditionTrue
	}
	meta.SetStatusCondition(&cert.Status.Conditions, metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: truncate(message, 32*maxMessage),
		ObservedGeneration: cert.Generation, LastTransitionTime: metav1.NewTime(r.Clock.Now()),
	})
}

func (r *Reconciler) event(cert *v1alpha1.TLSCertificate, kind, reason, action, message string) {
	if r.Recorder != nil {
		r.Recorder.Eventf(cert, nil, kind, reason, action, "%s", truncate(message, maxMessage))
	}
}

func truncate(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n-3], "") + "..."
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func timePtr(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	return &metav1.Time{Time: t}
}
