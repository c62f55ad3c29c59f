// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"fmt"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/nodeindex"
)

// put tells the index what a node is like.
func (f *follower) put(pl *CostScore, s *seen) {
	info := s.info
	s.generation = info.GetGeneration()
	node := info.Node()
	price, pods := pl.nodes.price(node), pl.podFacts.of(info)
	allocatable, requested := info.GetAllocatable(), info.GetRequested()
	class := nodeindex.Class{
		Price: price.PerHour, Known: price.Known(), Prepaid: price.Prepaid, CapacityType: price.CapacityType,
		Allocatable: nodeindex.Size{
			MilliCPU: allocatable.GetMilliCPU(), Memory: allocatable.GetMemory(), EphemeralStorage: allocatable.GetEphemeralStorage(),
		},
		DaemonSets: nodeindex.Size{
			MilliCPU: pods.daemonSets.MilliCPU, Memory: pods.daemonSets.Memory, EphemeralStorage: pods.daemonSets.EphemeralStorage,
		},
		Extended:      extendedOf(allocatable.GetScalarResources(), pods.daemonSets.Scalar),
		Taints:        taintsOf(node),
		Unschedulable: node.Spec.Unschedulable,
	}
	n := nodeindex.Node{
		Name:    node.Name,
		Ref:     s,
		Created: node.CreationTimestamp.Unix(),
		Packing: packed(info),
		Free: nodeindex.Room{
			MilliCPU:         allocatable.GetMilliCPU() - requested.GetMilliCPU(),
			Memory:           allocatable.GetMemory() - requested.GetMemory(),
			EphemeralStorage: allocatable.GetEphemeralStorage() - requested.GetEphemeralStorage(),
			Pods:             int64(allocatable.GetAllowedPodNumber() - len(info.GetPods())),
		},
	}
	switch {
	case f.ageless:
	case pods.oldest.IsZero():
		n.Oldest = nodeindex.NoPods
	default:
		n.Oldest = pods.oldest.UnixNano()
	}
	f.index.Put(class, n, func() nodeindex.Sample {
		return nodeindex.Sample{Node: node, Cost: costmodel.Node{
			Price: price.PerHour, Prepaid: price.Prepaid,
			Allocatable: toRequest(allocatable), DaemonSets: pods.daemonSets,
		}}
	})
}

// extendedOf lists scalar resources that a node has, by name, with what
// DaemonSets take of them.
func extendedOf(scalars, daemonSets map[v1.ResourceName]int64) string {
	var all []string
	for name, amount := range scalars {
		if amount > 0 {
			all = append(all, fmt.Sprintf("%s=%d-%d", name, amount, daemonSets[name]))
		}
	}
	slices.Sort(all)
	return strings.Join(all, ",")
}

// taintsOf lists the taints of a node in their order.
func taintsOf(node *v1.Node) string {
	if len(node.Spec.Taints) == 0 {
		return ""
	}
	var b strings.Builder
	for i := range node.Spec.Taints {
		fmt.Fprintf(&b, "%s,", node.Spec.Taints[i].ToString())
	}
	return b.String()
}
