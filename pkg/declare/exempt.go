// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Exemptions are the pods that are never held, whatever they declare: those that a cluster
// needs to make a certificate at all.
type Exemptions struct {
	// Namespaces of exempt pods.
	Namespaces []string
	// PriorityClasses of exempt pods.
	PriorityClasses []string
}

// DefaultExemptNamespaces are the control plane's namespace and Tollgate's own.
var DefaultExemptNamespaces = []string{"kube-system", "tollgate-system"}

// DefaultExemptPriorityClasses are the two classes that Kubernetes brings.
var DefaultExemptPriorityClasses = []string{"system-cluster-critical", "system-node-critical"}

// Exempt reports whether the pod is never held. It does not allocate.
func (e *Exemptions) Exempt(pod *corev1.Pod) bool {
	return slices.Contains(e.Namespaces, pod.Namespace) ||
		pod.Spec.PriorityClassName != "" && slices.Contains(e.PriorityClasses, pod.Spec.PriorityClassName)
}

// Gated reports whether the pod declares anything and is not exempt. It does not allocate.
func (e *Exemptions) Gated(pod *corev1.Pod) bool {
	return Declared(pod) && !e.Exempt(pod)
}
