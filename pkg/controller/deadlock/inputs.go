// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package deadlock

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
)

// patience is how long something may take before a deadlock is looked for: a certificate over
// http-01 is issued within seconds where the ingress works.
const patience = 30 * time.Second

// Certificate is a TLSCertificate that waits for the CA to validate names over http-01. If they have several solvers there is
// one for each, with the names that are its.
type Certificate struct {
	Name types.NamespacedName
	// SecretName of the Secret that it fills, in its own namespace.
	SecretName string
	// Class of the Ingress that leads the CA's requests to the controller; empty if the cluster
	// has no default class and the issuer names none.
	Class string
	// Gateways that lead the CA's requests to the controller instead of an Ingress, sorted.
	Gateways []types.NamespacedName
	// Hosts are the names and addresses that the CA asks.
	Hosts []string
}

// Pod is a pod that may serve an ingress.
type Pod struct {
	*corev1.Pod
	// Awaits are the names of the Secrets for which the pod is held, sorted; empty if it is not held.
	Awaits []string
}

// Inputs are all that Decide looks at. The order of none of the lists matters.
type Inputs struct {
	// Certificates that wait for http-01.
	Certificates []Certificate
	// Classes are all of the cluster.
	Classes []networkingv1.IngressClass
	// Services with their selectors: those of type LoadBalancer, and those behind Ingresses whose
	// class needs healthy backends.
	Services []corev1.Service
	// Ingresses of the classes in use.
	Ingresses []networkingv1.Ingress
	// Pods that are held, and pods that share their marks.
	Pods []Pod
	// Solvers are pods of cert-manager that answer http-01 challenges.
	Solvers []Pod
	// Now is the time of the look.
	Now time.Time
}

// key returns namespace and name.
func key(p *corev1.Pod) types.NamespacedName {
	return types.NamespacedName{Namespace: p.Namespace, Name: p.Name}
}

// finished reports whether the pod has ended or is about to: Services no longer lead to it.
func finished(p *corev1.Pod) bool {
	return p.DeletionTimestamp != nil || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
}

// running reports whether the pod is bound to a node and has not finished. It need not be ready: what keeps
// it from that is not the gate.
func running(p *corev1.Pod) bool {
	return p.Spec.NodeName != "" && !finished(p)
}

// defaultClass is the class of an Ingress that names none. With several defaults the API server
// takes the newest, of equally old ones the first by name.
func defaultClass(classes []networkingv1.IngressClass) string {
	var found *networkingv1.IngressClass
	for i := range classes {
		c := &classes[i]
		if c.Annotations[networkingv1.AnnotationIsDefaultIngressClass] != "true" {
			continue
		}
		if found == nil || found.CreationTimestamp.Before(&c.CreationTimestamp) ||
			found.CreationTimestamp.Equal(&c.CreationTimestamp) && c.Name < found.Name {
			found = c
		}
	}
	if found == nil {
		return ""
	}
	return found.Name
}

// classNamed returns the IngressClass object; nil if there is none of the name.
func (in *Inputs) classNamed(name string) *networkingv1.IngressClass {
	i := slices.IndexFunc(in.Classes, func(c networkingv1.IngressClass) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &in.Classes[i]
}
