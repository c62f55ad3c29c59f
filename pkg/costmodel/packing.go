// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costmodel

// Packing returns how full the node is once the pod is placed, in [0,1]: the
// first tie-break between nodes of equal cost, fuller is better. It is
// NodeResourcesFit's MostAllocated with its default resources, before scaling
// to integers.
//
// Details:
//
//	mean over cpu and memory of min(1, (requested + request) / allocatable)
//
// A resource that the node has none of does not count. CPU and memory of 0
// count as DefaultMilliCPU and DefaultMemory.
func Packing(r Request, n Node) float64 {
	r = r.nonZero()
	sum, count := 0.0, 0.0
	if n.Allocatable.MilliCPU > 0 {
		sum += filled(n.Requested.MilliCPU+r.MilliCPU, n.Allocatable.MilliCPU)
		count++
	}
	if n.Allocatable.Memory > 0 {
		sum += filled(n.Requested.Memory+r.Memory, n.Allocatable.Memory)
		count++
	}
	if count == 0 {
		return 0
	}
	return sum / count
}

func filled(requested, allocatable int64) float64 {
	return min(1, max(0, float64(requested)/float64(allocatable)))
}
