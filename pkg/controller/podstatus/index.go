// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/controller/changes"
)

const (
	// waitingIndex finds waiting pods by the name of a Secret they declare.
	waitingIndex changes.PodIndex = "tollgate.dev/waiting-for-secret"
	// producesIndex finds TLSCertificates by spec.secretName.
	producesIndex = "tollgate.dev/produces-secret"
)

// waitingFor is the index function of waitingIndex.
func (s *scope) waitingFor() client.IndexerFunc {
	return changes.IndexBy(s.waiting, changes.Declared)
}

// Waiting returns the pods that a gate decides about, from the cache of a manager that Add was called with. They must not
// be changed.
func Waiting(ctx context.Context, reader client.Reader) ([]corev1.Pod, error) {
	return waitingIndex.Pods(ctx, reader, "", "")
}

// produces is the index function of producesIndex.
func produces(obj client.Object) []string {
	cert, ok := obj.(*v1alpha1.TLSCertificate)
	if !ok {
		return nil
	}
	return []string{cert.Spec.SecretName}
}

// tellsNews lets pass the changes of a TLSCertificate that change what a pod's message says.
func tellsNews() predicate.Predicate {
	says := func(cert *v1alpha1.TLSCertificate) [2]string {
		one := []v1alpha1.TLSCertificate{*cert}
		return [2]string{progress(one, false), progress(one, true)}
	}
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok := e.ObjectOld.(*v1alpha1.TLSCertificate)
		after, ok2 := e.ObjectNew.(*v1alpha1.TLSCertificate)
		return ok && ok2 && says(before) != says(after)
	}}
}

// waitingForCertificate maps a TLSCertificate to the pods that wait for its Secret.
func (r *reconciler) waitingForCertificate(ctx context.Context, obj client.Object) []reconcile.Request {
	cert, ok := obj.(*v1alpha1.TLSCertificate)
	if !ok {
		return nil
	}
	requests, err := waitingIndex.Requests(ctx, r.client, cert.Namespace, cert.Spec.SecretName)
	if err != nil {
		klog.FromContext(ctx).Error(err, "Finding the pods that wait for a TLSCertificate", "tlsCertificate", klog.KObj(cert))
	}
	return requests
}
