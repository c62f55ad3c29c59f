// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package workload holds what a simulation runs: pods that come and go, and the
// nodes there are at the beginning. It reads it from traces and from clusters.
package workload

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Pod is one pod of a workload.
type Pod struct {
	// Object is the pod as it is created. Its namespace and name, and its UID,
	// are unique within the workload. Where spec.nodeName is set, the pod runs
	// on that node from the beginning, and Arrives is 0.
	Object *corev1.Pod
	// Arrives is when the pod is created, since the start of the workload.
	Arrives time.Duration
	// Lifetime is for how long it runs once it is bound, above 0. A pod that is
	// evicted runs for what is left of it after it is bound again.
	Lifetime time.Duration
	// Source says where the pod is from, such as "pods.csv:17".
	Source string
	// Unscheduled says that the cluster of the trace never scheduled it.
	Unscheduled bool
}

// IsMirror reports whether the pod is what a kubelet shows of a static manifest:
// it belongs to its node, as a copy of a DaemonSet does, and ends with it.
func (p *Pod) IsMirror() bool {
	return isMirror(p.Object)
}

func isMirror(pod *corev1.Pod) bool {
	if _, ok := pod.Annotations[corev1.MirrorPodAnnotationKey]; ok {
		return true
	}
	owner := metav1.GetControllerOf(pod) // where annotations were taken out of a dump
	return owner != nil && owner.Kind == "Node"
}

// Workload is what a simulation runs.
type Workload struct {
	// Name is short, such as the name of the trace's file.
	Name string
	// Start is the time of day at which the simulation begins.
	Start time.Time
	// Pods ascend by Arrives.
	Pods []Pod
	// DaemonSets holds one pod for each DaemonSet: each node runs a copy, from
	// its own beginning to its end, where tolerations and selectors admit it.
	DaemonSets []*corev1.Pod
	// Nodes exist at the start; nil for a trace.
	Nodes []*corev1.Node
	// LeftOut says what of the input is not simulated, and why; one sentence an
	// entry.
	LeftOut []string
}

// Notes are LeftOut, and what else should be known of the pods there are.
func (w *Workload) Notes() []string {
	unscheduled := 0
	for i := range w.Pods {
		if w.Pods[i].Unscheduled {
			unscheduled++
		}
	}
	if unscheduled == 0 {
		return w.LeftOut
	}
	return append([]string{fmt.Sprintf("When the traced cluster scheduled its pods is not used: pods run from creation to deletion, also the %d that it never scheduled.", unscheduled)}, w.LeftOut...)
}

// Duration is when the last pod would end if none ever waited.
func (w *Workload) Duration() time.Duration {
	var end time.Duration
	for i := range w.Pods {
		end = max(end, w.Pods[i].Arrives+w.Pods[i].Lifetime)
	}
	return end
}
