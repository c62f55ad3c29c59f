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
// other ways of rounding give other scores for some of the pods.
func isMostAllocated(ctx context.Context, plugin fwk.ScorePlugin) bool {
	const capacity = 1009 // a prime: percentages of it have to be rounded
	node := &v1.Node{}
	node.Status.Allocatable = v1.ResourceList{
		v1.ResourceCPU:    *resourceQuantity(v1.ResourceCPU, capacity),
		v1.ResourceMemory: *resourceQuantity(v1.ResourceMemory, capacity),
		// Counts where it is one of the resources, also for pods that request none.
		v1.ResourceEphemeralStorage: *resourceQuantity(v1.ResourceEphemeralStorage, capacity),
	}
	info := framework.NewNodeInfo()
	info.SetNode(node)
	for i := range int64(100) {
		pod := &v1.Pod{Spec: v1.PodSpec{Containers: []v1.Container{{
			Resources: v1.ResourceRequirements{Requests: v1.ResourceList{
				v1.ResourceCPU:    *resourceQuantity(v1.ResourceCPU, 1+i*37%capacity),
				v1.ResourceMemory: *resourceQuantity(v1.ResourceMemory, 1+i*i*11%capacity),
			}},
		}}}}
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
