// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import "github.com/tollgate-dev/tollgate/pkg/pricing/catalog"

// size is an amount of resources in thousandths of a core, MiB and pods.
type size struct{ milliCPU, memoryMiB, pods int64 }

// defaultMaxPods is how many pods a node of AKS or GKE has by default.
const defaultMaxPods = 110

// evictionMiB is what the kubelet keeps free on AKS and GKE
// (memory.available<100Mi).
const evictionMiB = 100

// allocatable is what a node leaves for pods. AWS: as in the catalog, which has
// Karpenter's numbers. Azure and Google Cloud: by the published formulas of AKS
// and GKE from the nominal memory; what firmware and kernel take is not
// published, and left out.
func (s *cloudShop) allocatable(shape catalog.Shape) size {
	if shape.AllocatableMilliCPU > 0 {
		return size{int64(shape.AllocatableMilliCPU), int64(shape.AllocatableMemoryMiB), int64(shape.AllocatablePods)}
	}
	cores, memory := int64(shape.VCPUs), int64(shape.MemoryMiB)
	reserved := aksReserved(cores, memory)
	if s.name == catalog.GCP {
		reserved = gkeReserved(cores, memory)
	}
	return size{cores*1000 - reserved.milliCPU, memory - reserved.memoryMiB - evictionMiB, defaultMaxPods}
}

// aksReserved is what AKS (1.29 and later) reserves for the system.
//
// Details (https://learn.microsoft.com/azure/aks/node-resource-reservations):
//
//	cores        1   2    4    8   16   32   64
//	milli-cores 60 100  140  180  260  420  740
//	memory      the smaller of 20 MiB x pods + 50 MiB and a quarter
//
// Between and beyond the columns it goes on in a straight line.
func aksReserved(cores, memoryMiB int64) size {
	table := [...]struct{ cores, milli int64 }{{1, 60}, {2, 100}, {4, 140}, {8, 180}, {16, 260}, {32, 420}, {64, 740}}
	i := 1
	for i < len(table)-1 && cores > table[i].cores {
		i++
	}
	a, b := table[i-1], table[i]
	milli := a.milli + (cores-a.cores)*(b.milli-a.milli)/(b.cores-a.cores)
	return size{milliCPU: milli, memoryMiB: min(20*defaultMaxPods+50, memoryMiB/4)}
}

// gkeReserved is what GKE reserves for the system.
//
// Details (https://cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes):
//
//	memory 25% of the first 4 GiB, 20% of the next 4, 10% of the next 8, 6% of
//	       the next 112, 2% of the rest
//	cpu    6% of the first core, 1% of the second, 0.5% of the third and
//	       fourth, 0.25% of the rest
//
// The thousandths are rounded up.
func gkeReserved(cores, memoryMiB int64) size {
	// In hundred-thousandths of what there is.
	memory := steps(memoryMiB, [][2]int64{{4 << 10, 25_000}, {4 << 10, 20_000}, {8 << 10, 10_000}, {112 << 10, 6_000}}, 2_000)
	milli := steps(cores*1000, [][2]int64{{1000, 6_000}, {1000, 1_000}, {2000, 500}}, 250)
	return size{milliCPU: milli, memoryMiB: memory}
}

// steps adds up a share of each step of amount, and of what is above the steps,
// in hundred-thousandths, and rounds up.
func steps(amount int64, table [][2]int64, rest int64) int64 {
	sum := int64(0)
	for _, step := range table {
		part := min(amount, step[0])
		sum += part * step[1]
		amount -= part
	}
	sum += amount * rest
	return (sum + 99_999) / 100_000
}
