// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package deadlock

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/podevent"
	"github.com/tollgate-dev/tollgate/pkg/text"
)

// ConditionDeadlock is True on a TLSCertificate that cannot be issued since pods that its challenges need are
// held. It is False once that is over, and absent if it never was so.
const ConditionDeadlock = "Deadlock"

// Reasons of the condition.
const (
	// ReasonIngressHeld says that pods which serve the ingress are held for a certificate over it.
	ReasonIngressHeld = "IngressHeld"
	// ReasonResolved says that this is over.
	ReasonResolved = "Resolved"
)

// FieldManager owns the condition in the managed fields of a TLSCertificate.
const FieldManager = "tollgate-deadlock"

const (
	// maxWrites bounds the TLSCertificates that are written in one look; the others follow in the next.
	maxWrites = 100
	// maxMessage is what the API allows in the message of a condition, in bytes.
	maxMessage = 32 << 10

	resolvedMessage = "no pod that the http-01 challenges need is held for the certificate any longer"
)

// write brings the condition of the TLSCertificates in line with the result, as far as it differs. It forgets
// no certificate: what fails or exceeds the limit differs at the next look, too.
func (d *Detector) write(ctx context.Context, certs []v1alpha1.TLSCertificate, r Result) error {
	known := map[types.UID]metav1.Condition{} // without those that are gone
	for i := range certs {
		if c := d.last(&certs[i]); c != nil {
			known[certs[i].UID] = *c
		}
	}
	d.known = known

	left, failures := maxWrites, 0
	var first error
	for i := range certs {
		cert := &certs[i]
		if cert.DeletionTimestamp != nil {
			continue
		}
		next := d.next(cert, r.Certificates[client.ObjectKeyFromObject(cert)])
		if next == nil {
			continue
		}
		if left == 0 {
			klog.FromContext(ctx).V(2).Info("More TLSCertificates to write than one look writes", "limit", maxWrites)
			break
		}
		left--
		found := d.found(cert)
		if err := d.apply(ctx, cert, next); err != nil {
			failures++
			if first == nil {
				first = err
			}
			continue
		}
		d.known[cert.UID] = *next
		if !found {
			d.event(cert, next)
		}
	}
	if first != nil {
		return fmt.Errorf("%d TLSCertificates could not be written, first: %w", failures, first)
	}
	return nil
}

// last returns the condition of the TLSCertificate as it was written last or else first seen; nil if it never had it.
// Whoever patches the whole list of conditions, as it was before, takes the condition away again or brings an earlier one
// back: what is written then is what comes after the last one, not after what is there.
func (d *Detector) last(cert *v1alpha1.TLSCertificate) *metav1.Condition {
	if c, ok := d.known[cert.UID]; ok {
		return &c
	}
	return meta.FindStatusCondition(cert.Status.Conditions, ConditionDeadlock)
}

// found reports whether a deadlock of the TLSCertificate was found, and has not ended since.
func (d *Detector) found(cert *v1alpha1.TLSCertificate) bool {
	c := d.last(cert)
	return c != nil && c.Status == metav1.ConditionTrue
}

// next returns the condition that the TLSCertificate should have; nil if it has it.
func (d *Detector) next(cert *v1alpha1.TLSCertificate, message string) *metav1.Condition {
	current, last := meta.FindStatusCondition(cert.Status.Conditions, ConditionDeadlock), d.last(cert)
	next := metav1.Condition{
		Type: ConditionDeadlock, Status: metav1.ConditionTrue, Reason: ReasonIngressHeld,
		Message: text.Truncate(message, maxMessage), ObservedGeneration: cert.Generation,
	}
	if message == "" {
		if last == nil || current != nil && current.Status == metav1.ConditionFalse {
			return nil
		}
		next.Status, next.Reason, next.Message = metav1.ConditionFalse, ReasonResolved, resolvedMessage
	}
	next.LastTransitionTime = metav1.NewTime(d.clock.Now())
	for _, c := range []*metav1.Condition{last, current} {
		if c != nil && c.Status == next.Status {
			next.LastTransitionTime = c.LastTransitionTime
		}
	}
	if current != nil && *current == next {
		return nil
	}
	return &next
}

// apply writes one condition with server-side apply. The UID keeps it from a new TLSCertificate of the same
// name. It is forced, since a merge patch that replaces the whole list takes the condition over.
func (d *Detector) apply(ctx context.Context, cert *v1alpha1.TLSCertificate, c *metav1.Condition) error {
	condition, err := runtime.DefaultUnstructuredConverter.ToUnstructured(c)
	if err != nil {
		return fmt.Errorf("encoding condition %s: %w", c.Type, err)
	}
	u := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"namespace": cert.Namespace, "name": cert.Name, "uid": string(cert.UID)},
		"status":   map[string]any{"conditions": []any{condition}},
	}}
	u.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("TLSCertificate"))
	err = d.writer.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner(FieldManager), client.ForceOwnership)
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil // deleted, or another of the same name by now
	}
	if err != nil {
		return fmt.Errorf("writing condition %s of TLSCertificate %s: %w", c.Type, client.ObjectKeyFromObject(cert), err)
	}
	return nil
}

// event tells of the begin of a deadlock.
func (d *Detector) event(cert *v1alpha1.TLSCertificate, c *metav1.Condition) {
	if c.Status == metav1.ConditionTrue {
		d.recorder.Eventf(cert, nil, corev1.EventTypeWarning, ConditionDeadlock, "Issue", "%s", text.Truncate(c.Message, podevent.MaxNote))
	}
}
