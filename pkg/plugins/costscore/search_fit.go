// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// isMostAllocated reports whether a plugin scores as packing does. Plugins do not
// tell their arguments, so it is tried out: other weights, other strategies, and
// other ways of rounding give other scores for some of the pods. These request
// scalar resources too, if any are given.
func isMostAllocated(ctx context.Context, plugin fwk.ScorePlugin, scalars ...v1.ResourceName) bool {
	const capacity = 1009 // a prime: percentages of it have to be rounded
	node := &v1.Node{}
	node.Status.Allocatable = v1.ResourceList{
		v1.ResourceCPU:    *resourceQuantity(v1.ResourceCPU, capacity),
		v1.ResourceMemory: *resourceQuantity(v1.ResourceMemory, capacity),
		// Counts where it is one of the resources, also for pods that request none.
		v1.ResourceEphemeralStorage: *resourceQuantity(v1.ResourceEphemeralStorage, capacity),
	}
	for _, name := range scalars {
		node.Status.Allocatable[name] = *resourceQuantity(name, capacity)
	}
	info := framework.NewNodeInfo()
	info.SetNode(node)
	for i := range int64(100) {
		requests := v1.ResourceList{
			v1.ResourceCPU:    *resourceQuantity(v1.ResourceCPU, 1+i*37%capacity),
			v1.ResourceMemory: *resourceQuantity(v1.ResourceMemory, 1+i*i*11%capacity),
		}
		for _, name := range scalars {
			requests[name] = *resourceQuantity(name, 1+i*101%capacity)
		}
		pod := &v1.Pod{Spec: v1.PodSpec{Containers: []v1.Container{{Resources: v1.ResourceRequirements{Requests: requests}}}}}
		score, status := plugin.Score(ctx, framework.NewCycleState(), pod, info)
		if !status.IsSuccess() || score != packingOf(pod).score(info) {
			return false
		}
	}
	return true
}

// resourceQuantity returns an amount of milli-cores, or of anything else.
func resourceQuantity(name v1.ResourceName, amount int64) *resource.Quantity {
	if name == v1.ResourceCPU {
		return resource.NewMilliQuantity(amount, resource.DecimalSI)
	}
	return resource.NewQuantity(amount, resource.BinarySI)
}

// packsWith reports whether the profile's NodeResourcesFit scores a pod that
// requests a scalar resource in the same way as one that does not: strategies may
// list such resources, which then count for the pods that request them.
func (f *profileFacts) packsWith(ctx context.Context, name v1.ResourceName) bool {
	if same, known := f.alike[name]; known {
		return same
	}
	same := isMostAllocated(ctx, f.packer, name)
	if f.alike == nil {
		f.alike = map[v1.ResourceName]bool{}
	}
	f.alike[name] = same
	return same
}
