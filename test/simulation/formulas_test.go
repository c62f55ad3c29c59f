// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulation_test

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/simulator/direct"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
)

// mostAllocated is the score of upstream's MostAllocated with cpu and memory,
// negative: the lowest wins.
//
// Details: mean over both of floor(100 x requested / allocatable), rounded down;
// pods without request count as 100m and 200Mi. Written down anew here, so that
// the framework is checked against something else.
func mostAllocated(_ *corev1.Pod, r costmodel.Request, n *direct.Node, _ time.Time) (cost, tie float64) {
	cpu, memory := orDefault(r)
	for _, p := range n.Pods {
		c, m := orDefault(p.Request)
		cpu, memory = cpu+c, memory+m
	}
	score := min(cpu, n.Allocatable.MilliCPU)*100/n.Allocatable.MilliCPU + min(memory, n.Allocatable.Memory)*100/n.Allocatable.Memory
	return float64(-(score / 2)), 0
}

func orDefault(r costmodel.Request) (cpu, memory int64) {
	cpu, memory = r.MilliCPU, r.Memory
	if cpu == 0 {
		cpu = 100
	}
	if memory == 0 {
		memory = 200 << 20
	}
	return cpu, memory
}

// dominantShare is what CostScore computes; equal costs are packed.
func dominantShare(pod *corev1.Pod, r costmodel.Request, n *direct.Node, now time.Time) (cost, tie float64) {
	age := time.Duration(0)
	for _, p := range n.Pods {
		age = max(age, now.Sub(p.Since))
	}
	c := costmodel.DominantShare(costmodel.DefaultAgeExponent)(r, costmodel.Node{Price: n.Price.PerHour, Allocatable: n.Allocatable, Age: age})
	packing, _ := mostAllocated(pod, r, n, now)
	return c.Dollars, packing
}

// listPrice prices nodes as the pools that they are of.
func listPrice(pools []pool.Pool) func(*corev1.Node) pricing.Price {
	return func(n *corev1.Node) pricing.Price {
		return pricing.Price{PerHour: poolOf(pools, n).Price, Source: pricing.SourceCatalog}
	}
}
