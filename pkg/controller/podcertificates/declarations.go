// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podcertificates

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tollgate-dev/tollgate/pkg/declare"
)

// declarations tells the pods whose annotation is malformed. Requests name the pod.
type declarations struct {
	client client.Client
	teller *teller
}

// Reconcile tells one pod what is wrong with its annotation.
func (d *declarations) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	pod := &corev1.Pod{}
	if err := d.client.Get(ctx, req.NamespacedName, pod); apierrors.IsNotFound(err) {
		return reconcile.Result{}, nil
	} else if err != nil {
		return reconcile.Result{}, fmt.Errorf("reading pod %s: %w", req.NamespacedName, err)
	}
	if !living(pod) {
		return reconcile.Result{}, nil
	}
	if _, err := declare.ParseIssue(pod); err != nil {
		return reconcile.Result{}, d.teller.tell(ctx, pod, corev1.EventTypeWarning, EventReasonInvalid, err.Error())
	}
	return reconcile.Result{}, nil
}

// malformed lets pass the pods whose annotation is malformed, and of their updates those that change it.
func malformed() predicate.Predicate {
	is := func(obj client.Object) bool {
		pod, ok := obj.(*corev1.Pod)
		if !ok || !living(pod) {
			return false
		}
		_, err := declare.ParseIssue(pod)
		return err != nil
	}
	return predicate.Funcs{
		CreateFunc:  func(e event.CreateEvent) bool { return is(e.Object) },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(e event.GenericEvent) bool { return is(e.Object) },
		UpdateFunc: func(e event.UpdateEvent) bool {
			const key = declare.IssueTLSAnnotation
			return e.ObjectOld.GetAnnotations()[key] != e.ObjectNew.GetAnnotations()[key] && is(e.ObjectNew)
		},
	}
}

// living reports whether the pod has neither ended nor is being deleted.
func living(pod *corev1.Pod) bool {
	return pod.DeletionTimestamp == nil && pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed
}
