// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podcertificates

import (
	"context"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/controller/changes"
	"github.com/tollgate-dev/tollgate/pkg/declare"
)

const (
	// issueIndex finds living pods by the Secrets they ask for.
	issueIndex changes.PodIndex = "tollgate.dev/issue-tls-secret"
	// namesIndex finds TLSCertificates by their name and by that of their Secret.
	namesIndex = "tollgate.dev/name-or-secret"
)

// issuedFor is the index function of issueIndex.
var issuedFor = changes.IndexBy(func(pod *corev1.Pod) bool { return living(pod) && declare.IssueDeclared(pod) }, secretNames)

func secretNames(pod *corev1.Pod) []string {
	requests, err := declare.ParseIssue(pod)
	if err != nil {
		return nil // The pod is told.
	}
	var names []string
	for _, r := range requests {
		names = append(names, r.SecretName)
	}
	return names
}

// namesOf is the index function of namesIndex.
func namesOf(obj client.Object) []string {
	cert, ok := obj.(*v1alpha1.TLSCertificate)
	if !ok {
		return nil
	}
	names := []string{cert.Name, cert.Spec.SecretName}
	return slices.Compact(names)
}

// secretsOfPod maps a pod, dead or alive, to the Secrets it asks for.
func secretsOfPod(_ context.Context, obj client.Object) []reconcile.Request {
	pod, ok := obj.(*corev1.Pod)
	if !ok {
		return nil
	}
	return requests(pod.Namespace, secretNames(pod))
}

// secretsOfCertificate maps a TLSCertificate to the Secrets that pods may ask for in its stead.
func secretsOfCertificate(_ context.Context, obj client.Object) []reconcile.Request {
	return requests(obj.GetNamespace(), namesOf(obj))
}

func requests(namespace string, names []string) []reconcile.Request {
	out := make([]reconcile.Request, len(names))
	for i, name := range names {
		out[i].NamespacedName = types.NamespacedName{Namespace: namespace, Name: name}
	}
	return out
}

// asksDiffer lets pass the pods that ask for certificates, and of their updates those that
// change what is asked, by whom, or whether the pod is alive.
func asksDiffer() predicate.Predicate {
	asks := func(obj client.Object) bool {
		pod, ok := obj.(*corev1.Pod)
		return ok && declare.IssueDeclared(pod)
	}
	return predicate.Funcs{
		CreateFunc:  func(e event.CreateEvent) bool { return asks(e.Object) },
		DeleteFunc:  func(e event.DeleteEvent) bool { return asks(e.Object) },
		GenericFunc: func(e event.GenericEvent) bool { return asks(e.Object) },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, ok := e.ObjectOld.(*corev1.Pod)
			after, ok2 := e.ObjectNew.(*corev1.Pod)
			if !ok || !ok2 || !asks(before) && !asks(after) {
				return false
			}
			const key = declare.IssueTLSAnnotation
			return before.Annotations[key] != after.Annotations[key] || living(before) != living(after) || controllerUID(before) != controllerUID(after)
		},
	}
}

func controllerUID(pod *corev1.Pod) types.UID {
	if controller := metav1.GetControllerOfNoCopy(pod); controller != nil {
		return controller.UID
	}
	return ""
}

// certificatesDiffer lets pass the changes of a TLSCertificate other than of its status.
func certificatesDiffer() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld, e.ObjectNew
		sameOwners := slices.EqualFunc(before.GetOwnerReferences(), after.GetOwnerReferences(),
			func(a, b metav1.OwnerReference) bool { return a.UID == b.UID })
		return before.GetGeneration() != after.GetGeneration() || !maps.Equal(before.GetLabels(), after.GetLabels()) || !sameOwners
	}}
}
