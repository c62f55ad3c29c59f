// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"fmt"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// spotShare is how much of the mixed fleet is spot capacity.
const spotShare = 0.3

// BasicNodes returns nodes of the size that upstream's SchedulingBasic has: 4 cores, 32 GiB, 110 pods. They are in three zones.
func BasicNodes(count int) []*corev1.Node {
	nodes := make([]*corev1.Node, count)
	for i := range nodes {
		nodes[i] = newNode(i, resources(4000, 32*1024*mib, 110), map[string]string{
			corev1.LabelTopologyRegion: Region, corev1.LabelTopologyZone: Zones[i%len(Zones)],
		})
	}
	return nodes
}

// MixedNodes returns nodes of all Types, on demand and spot, in three zones. They have the labels that prices are found by.
func MixedNodes(count int, random *rand.Rand) ([]*corev1.Node, error) {
	nodes := make([]*corev1.Node, count)
	for i := range nodes {
		instanceType, capacity := Types[random.IntN(len(Types))], "on-demand"
		if random.Float64() < spotShare {
			capacity = "spot"
		}
		allocatable, err := Allocatable(instanceType)
		if err != nil {
			return nil, err
		}
		nodes[i] = newNode(i, allocatable, map[string]string{
			corev1.LabelInstanceTypeStable: instanceType,
			corev1.LabelTopologyRegion:     Region,
			corev1.LabelTopologyZone:       Zones[random.IntN(len(Zones))],
			CapacityTypeLabel:              capacity,
		})
	}
	return nodes, nil
}

// MakeUneven gives each node some KiB of memory more than the one before. Machines of one type differ in that, by what firmware and
// kernel keep for themselves.
func MakeUneven(nodes []*corev1.Node) {
	for i, node := range nodes {
		memory := node.Status.Allocatable[corev1.ResourceMemory]
		memory.Add(*resource.NewQuantity(int64(i)*4096, resource.BinarySI))
		node.Status.Allocatable[corev1.ResourceMemory] = memory
	}
}

func newNode(i int, allocatable corev1.ResourceList, labels map[string]string) *corev1.Node {
	name := fmt.Sprintf("node-%05d", i)
	labels[corev1.LabelHostname] = name
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Status: corev1.NodeStatus{
			Capacity: allocatable, Allocatable: allocatable, Phase: corev1.NodeRunning,
			Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		},
	}
}
