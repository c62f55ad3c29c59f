// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pool describes what nodes an autoscaler can buy: node pools with
// prices, as they are read from the catalogs of clouds or off a cluster.
package pool

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// Pool is a group of equal nodes.
type Pool struct {
	// Name is unique among the pools of a simulation.
	Name string
	// Template is a node of the pool without name: labels, taints, capacity and
	// allocatable.
	Template *corev1.Node
	// Price is what each node is billed, per-node fee included.
	Price pricing.Money
	// PriceNote says what Price is instead of the price of just this type, region
	// and capacity type: what whoever wrote the pool down should know. "" if it is
	// that, or was given.
	PriceNote string
	// CapacityType is how the nodes are bought.
	CapacityType pricing.CapacityType
	// MaxNodes is how many nodes there can be at once; 0 for no limit.
	MaxNodes int
	// Prepaid is how many nodes at once are paid for whether they are there or
	// not.
	Prepaid int
	// DaemonSets are the pods that every node of the pool runs.
	DaemonSets []*corev1.Pod
}

// Allocatable is what a node of the pool has for the pods of the workload:
// its allocatable less the DaemonSets, never below 0.
func (p *Pool) Allocatable() costmodel.Request {
	a := costmodel.RequestOfList(p.Template.Status.Allocatable)
	for _, pod := range p.DaemonSets {
		r := costmodel.RequestOf(pod)
		a.MilliCPU = max(0, a.MilliCPU-r.MilliCPU)
		a.Memory = max(0, a.Memory-r.Memory)
		a.EphemeralStorage = max(0, a.EphemeralStorage-r.EphemeralStorage)
		for name, v := range r.Scalar {
			if have, ok := a.Scalar[name]; ok {
				a.Scalar[name] = max(0, have-v)
			}
		}
	}
	return a
}

// Pods is how many pods of the workload a node can hold.
func (p *Pool) Pods() int64 {
	return max(0, p.Template.Status.Allocatable.Pods().Value()-int64(len(p.DaemonSets)))
}

// Admits reports whether an empty node of the pool can run the pod, as far as
// the two alone decide it: resources, node selector and required node affinity,
// taints. It leaves other pods out, and so may say yes where a scheduler says no.
func (p *Pool) Admits(pod *corev1.Pod) bool {
	return p.Pods() > 0 && Fits(costmodel.RequestOf(pod), p.Allocatable()) && Tolerates(pod, p.Template)
}

// Fits reports whether a request fits into what is free.
func Fits(request, free costmodel.Request) bool {
	if request.MilliCPU > free.MilliCPU || request.Memory > free.Memory || request.EphemeralStorage > free.EphemeralStorage {
		return false
	}
	for name, v := range request.Scalar {
		if v > free.Scalar[name] {
			return false
		}
	}
	return true
}

// Tolerates reports whether the node's labels and taints admit the pod.
func Tolerates(pod *corev1.Pod, node *corev1.Node) bool {
	if node.Spec.Unschedulable {
		return false
	}
	match, err := nodeaffinity.GetRequiredNodeAffinity(pod).Match(node)
	if err != nil || !match {
		return false
	}
	repels := func(t *corev1.Taint) bool {
		return t.Effect == corev1.TaintEffectNoSchedule || t.Effect == corev1.TaintEffectNoExecute
	}
	_, untolerated := corev1helpers.FindMatchingUntoleratedTaint(klog.Background(), node.Spec.Taints, pod.Spec.Tolerations, repels, false)
	return !untolerated
}

// HasAccelerator reports whether a node of the pool has an extended resource.
func (p *Pool) HasAccelerator() bool {
	return len(costmodel.RequestOfList(p.Template.Status.Allocatable).Scalar) > 0
}

// Names returns the names of the pools, in order.
func Names(pools []Pool) []string {
	names := make([]string, len(pools))
	for i := range pools {
		names[i] = pools[i].Name
	}
	slices.Sort(names)
	return names
}
