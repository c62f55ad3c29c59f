// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package snapshot holds what a cluster consists of at one time, read from its
// API or from a file that kubectl wrote.
package snapshot

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"
)

// Snapshot is a cluster at one time. Its objects must not be changed.
type Snapshot struct {
	// Nodes are in the order of their names.
	Nodes []*corev1.Node
	// Pods are those of all namespaces, by namespace and name. Pods that have
	// finished may be missing.
	Pods []*corev1.Pod
	// Others are what filters of a scheduler read beside these, such as volume
	// claims.
	Others []runtime.Object
	// Notes say what is missing, one sentence an entry.
	Notes []string
}

// Pod returns the pod of that name; nil if there is none.
func (s *Snapshot) Pod(namespace, name string) *corev1.Pod {
	for _, pod := range s.Pods {
		if pod.Namespace == namespace && pod.Name == name {
			return pod
		}
	}
	return nil
}

// PodsByNode returns the pods that hold resources of nodes: those that are
// bound and have not finished.
func (s *Snapshot) PodsByNode() map[string][]*corev1.Pod {
	byNode := map[string][]*corev1.Pod{}
	for _, pod := range s.Pods {
		if Holds(pod) {
			byNode[pod.Spec.NodeName] = append(byNode[pod.Spec.NodeName], pod)
		}
	}
	return byNode
}

// Holds reports whether the pod holds resources of a node, by the rules of
// kube-scheduler: it is bound, and neither succeeded nor failed.
func Holds(pod *corev1.Pod) bool {
	return pod.Spec.NodeName != "" && !podutil.IsPodTerminal(pod)
}

// sort puts nodes and pods in the order of their names.
func (s *Snapshot) sort() {
	slices.SortStableFunc(s.Nodes, func(a, b *corev1.Node) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(s.Pods, func(a, b *corev1.Pod) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
}
