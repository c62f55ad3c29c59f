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

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlssecrets"
)

// evaluate returns the gate's verdict on a pod, with who makes the missing Secrets added
// to its message. The text holds no relative times, so it changes only with the facts.
// known is false if the state of a Secret still has to be found out.
func (r *reconciler) evaluate(ctx context.Context, pod *corev1.Pod) (verdict tlsready.Verdict, known bool, err error) {
	d, err := declare.Parse(pod)
	if err != nil {
		return tlsready.Verdict{Reason: tlsready.InvalidDeclaration, Message: err.Error()}, true, nil
	}
	now := r.clock.Now()
	whole := r.secrets.Evaluate(pod.Namespace, d, now)
	if whole.Ready {
		return whole, true, nil
	}
	known = true
	verdicts := make([]tlsready.Verdict, 0, len(d.Requirements))
	for i := range d.Requirements {
		one := r.secrets.Evaluate(pod.Namespace, declare.Declaration{Requirements: d.Requirements[i : i+1]}, now)
		known = known && one.Reason != tlsready.LookupPending && one.Reason != tlsready.NotSynced
		if one.Reason == tlsready.SecretNotFound || one.Reason == tlsready.Expired {
			certs, err := r.producers(ctx, pod.Namespace, d.Requirements[i].SecretName)
			if err != nil {
				return tlsready.Verdict{}, false, err
			}
			one.Message += producerNote(one.Reason, pod.Namespace, certs)
		}
		verdicts = append(verdicts, one)
	}
	return tlsready.Summarize(verdicts), known, nil
}

// producers returns the TLSCertificates that write the Secret, the oldest first.
func (r *reconciler) producers(ctx context.Context, namespace, secret string) ([]v1alpha1.TLSCertificate, error) {
	var list v1alpha1.TLSCertificateList
	if err := r.client.List(ctx, &list, client.InNamespace(namespace), client.MatchingFields{producesIndex: secret}); err != nil {
		return nil, fmt.Errorf("listing the TLSCertificates of Secret %s/%s: %w", namespace, secret, err)
	}
	slices.SortFunc(list.Items, func(a, b v1alpha1.TLSCertificate) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	return list.Items, nil
}

// producerNote says who makes a Secret that is missing or expired.
func producerNote(reason tlsready.Reason, namespace string, certs []v1alpha1.TLSCertificate) string {
	if len(certs) > 0 {
		return "; " + progress(&certs[0])
	}
	if reason == tlsready.SecretNotFound {
		return fmt.Sprintf("; nothing in namespace %q is configured to create it (looked for TLSCertificates)", namespace)
	}
	return ""
}

// progress says in one clause what a TLSCertificate does about its Secret.
func progress(cert *v1alpha1.TLSCertificate) string {
	issuing := meta.FindStatusCondition(cert.Status.Conditions, v1alpha1.ConditionIssuing)
	ready := meta.FindStatusCondition(cert.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case cert.Spec.Suspend:
		return fmt.Sprintf("TLSCertificate %q would issue it but is suspended; set spec.suspend to false", cert.Name)
	case refused(ready):
		return fmt.Sprintf("TLSCertificate %q cannot issue it (%s)", cert.Name, detail(ready))
	case refused(issuing):
		return fmt.Sprintf("TLSCertificate %q cannot issue it (%s)", cert.Name, detail(issuing))
	case issuing == nil || issuing.Reason == v1alpha1.ReasonIdle || issuing.Reason == v1alpha1.ReasonSuspended:
		return fmt.Sprintf("TLSCertificate %q is about to issue it", cert.Name)
	case failed(issuing):
		return fmt.Sprintf("TLSCertificate %q failed to issue it (%s)", cert.Name, detail(issuing))
	}
	return fmt.Sprintf("TLSCertificate %q is issuing it (%s)", cert.Name, detail(issuing))
}

// failed reports whether issuance waits for the time of its next attempt, which its message then names.
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

func detail(c *metav1.Condition) string {
	if c.Message == "" {
		return c.Reason
	}
	return c.Reason + ": " + c.Message
}

// usableCondition names the Secrets with their versions, so that a reader of the
// condition alone can tell what it speaks of and until when. Zero until means no end.
func (r *reconciler) usableCondition(pod *corev1.Pod, until time.Time) corev1.PodCondition {
	c := corev1.PodCondition{Type: v1alpha1.TLSReadyCondition, Status: corev1.ConditionTrue, Reason: ReasonUsable}
	used := r.usedSecrets(pod)
	if len(used) == 0 {
		c.Message = "the pod names no TLS Secrets to wait for"
		return c
	}
	parts := make([]string, len(used))
	for i, f := range used {
		parts[i] = fmt.Sprintf("%s (version %s)", f.Name, f.ResourceVersion)
	}
	c.Message = "Secrets usable: " + strings.Join(parts, ", ")
	if !until.IsZero() {
		c.Message += "; usable until " + until.UTC().Format(time.RFC3339)
	}
	return c
}

// usedSecrets returns the facts of the TLS Secrets that the pod declares and that exist.
func (r *reconciler) usedSecrets(pod *corev1.Pod) []*tlsready.Facts {
	d, err := declare.Parse(pod)
	if err != nil {
		return nil
	}
	var used []*tlsready.Facts
	for _, requirement := range d.Requirements {
		if facts, state := r.secrets.Get(pod.Namespace, requirement.SecretName); state == tlssecrets.Found {
			used = append(used, facts)
		}
	}
	return used
}
