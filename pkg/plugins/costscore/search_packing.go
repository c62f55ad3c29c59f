// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	v1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/resource"
	fwk "k8s.io/kube-scheduler/framework"
	schedutil "k8s.io/kubernetes/pkg/scheduler/util"

	"github.com/tollgate-dev/tollgate/pkg/nodeindex"
)

// packing is what a pod adds to the packing of a node, in milli-cores and bytes.
type packing struct{ milliCPU, memory int64 }

// packingOf counts containers without requests as NodeResourcesFit does when it
// scores.
func packingOf(pod *v1.Pod) packing {
	requests := resource.PodRequests(pod, resource.PodResourcesOptions{NonMissingContainerRequests: v1.ResourceList{
		v1.ResourceCPU:    *resourceQuantity(v1.ResourceCPU, schedutil.DefaultMilliCPURequest),
		v1.ResourceMemory: *resourceQuantity(v1.ResourceMemory, schedutil.DefaultMemoryRequest),
	}})
	return packing{requests.Cpu().MilliValue(), requests.Memory().Value()}
}

// score is the score of NodeResourcesFit with MostAllocated of cpu and memory in
// equal weights, which isMostAllocated has found the profile to have.
//
// Details:
//
//	mean over cpu and memory of min(100, 100 x (requested + request) / allocatable), rounded down each time
//
// A resource that the node has none of does not count.
func (p packing) score(info fwk.NodeInfo) int64 {
	allocatable, requested := info.GetAllocatable(), info.GetNonZeroRequested()
	sum, count := int64(0), int64(0)
	if a := allocatable.GetMilliCPU(); a != 0 {
		sum += min(requested.GetMilliCPU()+p.milliCPU, a) * fwk.MaxNodeScore / a
		count++
	}
	if a := allocatable.GetMemory(); a != 0 {
		sum += min(requested.GetMemory()+p.memory, a) * fwk.MaxNodeScore / a
		count++
	}
	if count == 0 {
		return 0
	}
	return sum / count
}

// most returns a score that score does not exceed for a node of a class with
// this packing: its sum before it is rounded down.
func (p packing) most(s *nodeindex.Sample, before float64) int64 {
	a := s.Cost.Allocatable
	sum, count := before, 0.0
	if a.MilliCPU > 0 {
		sum += float64(p.milliCPU) / float64(a.MilliCPU)
		count++
	}
	if a.Memory > 0 {
		sum += float64(p.memory) / float64(a.Memory)
		count++
	}
	if count == 0 {
		return 0
	}
	return min(fwk.MaxNodeScore, int64(float64(fwk.MaxNodeScore)*sum/count+1e-6)) // what sums of floats may lack
}

// packed returns how full a node is, for nodeindex.Node.
func packed(info fwk.NodeInfo) float64 {
	sum, a, r := 0.0, info.GetAllocatable(), info.GetNonZeroRequested()
	if a.GetMilliCPU() > 0 {
		sum += float64(r.GetMilliCPU()) / float64(a.GetMilliCPU())
	}
	if a.GetMemory() > 0 {
		sum += float64(r.GetMemory()) / float64(a.GetMemory())
	}
	return sum
}
