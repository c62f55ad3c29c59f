// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// certificates returns the TLSCertificates that write the Secret, the oldest first.
func (r *reconciler) certificates(ctx context.Context, namespace, secret string) ([]v1alpha1.TLSCertificate, error) {
	var list v1alpha1.TLSCertificateList
	if err := r.client.List(ctx, &list, client.InNamespace(namespace), client.MatchingFields{producesIndex: secret}); err != nil {
		return nil, fmt.Errorf("listing the TLSCertificates of Secret %s/%s: %w", namespace, secret, err)
	}
	slices.SortFunc(list.Items, func(a, b v1alpha1.TLSCertificate) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	return list.Items, nil
}

// progress says in one clause what the oldest of the TLSCertificates does about their Secret.
func progress(certs []v1alpha1.TLSCertificate, exists bool) string {
	cert := &certs[0]
	name := fmt.Sprintf("TLSCertificate %q", cert.Name)
	if len(certs) > 1 {
		name += fmt.Sprintf(" (the oldest of %d that name this Secret)", len(certs))
	}
	issuing := meta.FindStatusCondition(cert.Status.Conditions, v1alpha1.ConditionIssuing)
	ready := meta.FindStatusCondition(cert.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case cert.Spec.Suspend:
		return name + " would issue it but is suspended; set spec.suspend to false"
	case refused(ready):
		return fmt.Sprintf("%s cannot issue it (%s)", name, detail(ready))
	case refused(issuing):
		return fmt.Sprintf("%s cannot issue it (%s)", name, detail(issuing))
	case issuing == nil || issuing.Reason == v1alpha1.ReasonIdle || issuing.Reason == v1alpha1.ReasonSuspended:
		if exists && ready != nil && ready.Status == metav1.ConditionTrue {
			return fmt.Sprintf("%s finds nothing to issue (%s): change its spec or what the pod asks for", name, detail(ready))
		}
		return name + " is about to issue it"
	case issuing.Reason == v1alpha1.ReasonWaitingForIssuer:
		return fmt.Sprintf("%s waits for its issuer to issue it (%s)", name, detail(issuing))
	case failed(issuing):
		return fmt.Sprintf("%s failed to issue it%s (%s%s)", name, times(cert.Status.FailedAttempts), detail(issuing), nextAttempt(cert, issuing))
	case cert.Status.FailedAttempts > 0:
		return fmt.Sprintf("%s is issuing it (attempt %d, %s)", name, cert.Status.FailedAttempts+1, detail(issuing))
	}
	return fmt.Sprintf("%s is issuing it (%s)", name, detail(issuing))
}

// failed reports whether issuance waits for the time of its next attempt.
func failed(issuing *metav1.Condition) bool {
	switch issuing.Reason {
	case v1alpha1.ReasonFailed, v1alpha1.ReasonChallengeFailed, v1alpha1.ReasonRateLimited, v1alpha1.ReasonServerUnreachable:
		return true
	}
	return false
}

// refused reports whether a condition says that somebody must act before anything is issued.
func refused(c *metav1.Condition) bool {
	if c == nil || c.Status != metav1.ConditionFalse {
		return false
	}
	switch c.Reason {
	case v1alpha1.ReasonNotAllowed, v1alpha1.ReasonOwnedByOther, v1alpha1.ReasonCAExpiresTooSoon:
		return true
	}
	return false
}

func times(attempts int32) string {
	if attempts < 2 {
		return ""
	}
	return fmt.Sprintf(" %d times in a row", attempts)
}

// nextAttempt is when issuance is tried again, unless the condition says so itself.
func nextAttempt(cert *v1alpha1.TLSCertificate, issuing *metav1.Condition) string {
	if cert.Status.NextAttemptTime == nil {
		return ""
	}
	at := cert.Status.NextAttemptTime.UTC().Format(time.RFC3339)
	if strings.Contains(issuing.Message, at) {
		return ""
	}
	return "; next attempt at " + at
}

func detail(c *metav1.Condition) string {
	if c.Message == "" {
		return c.Reason
	}
	return c.Reason + ": " + c.Message
}
