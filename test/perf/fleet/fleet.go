// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Fleet is a cluster before anything is measured.
type Fleet struct {
	Nodes []*corev1.Node
	// Agents are pods of a DaemonSet. They stay.
	Agents []*corev1.Pod
	// Pods are bound to nodes. They may go.
	Pods []*corev1.Pod
	// Shapes are those of the pods, in equal parts.
	Shapes []Shape
}

// basicPodsPerNode is how full a cluster is that upstream's SchedulingBasic measures: it has one pod for each five nodes before.
const basicPodsPerNode = 0.2

// NewBasic returns nodes of one kind that are next to empty, as upstream's SchedulingBasic has them.
func NewBasic(nodes int, random *rand.Rand, now time.Time) *Fleet {
	f := &Fleet{Nodes: BasicNodes(nodes), Shapes: []Shape{Basic}}
	for i := range int(math.Ceil(basicPodsPerNode * float64(nodes))) {
		pod := NewPod(fmt.Sprintf("old-%06d", i), Basic)
		f.Pods = append(f.Pods, Bound(pod, f.Nodes[random.IntN(nodes)].Name, started(random, now)))
	}
	return f
}

// NewMixed returns nodes of 20 instance types, of whose cores or memory the part full is requested, whichever is more. Pods are
// on nodes at random, and one of a DaemonSet on each.
func NewMixed(nodes int, full float64, shapes []Shape, random *rand.Rand, now time.Time) (*Fleet, error) {
	f := &Fleet{Shapes: shapes}
	var err error
	if f.Nodes, err = MixedNodes(nodes, random); err != nil {
		return nil, err
	}
	free := make([]room, nodes)
	var all, used room
	for i, node := range f.Nodes {
		free[i] = roomOf(node)
		all.add(free[i])
		f.Agents = append(f.Agents, Bound(newAgent("agent-"+node.Name), node.Name, started(random, now)))
		free[i].take(agent)
		used.add(room{agent.MilliCPU, agent.Memory, 1})
	}
	for used.share(all) < full {
		shape := shapes[random.IntN(len(shapes))]
		i := random.IntN(nodes)
		for !free[i].fits(shape) {
			i = random.IntN(nodes)
		}
		free[i].take(shape)
		used.add(room{shape.MilliCPU, shape.Memory, 1})
		pod := NewPod(fmt.Sprintf("old-%06d", len(f.Pods)), shape)
		f.Pods = append(f.Pods, Bound(pod, f.Nodes[i].Name, started(random, now)))
	}
	return f, nil
}

// started is when a pod started: between a minute and ten days ago, with the logarithm evenly spread.
func started(random *rand.Rand, now time.Time) metav1.Time {
	const least, most = float64(time.Minute), float64(10 * 24 * time.Hour)
	return metav1.NewTime(now.Add(-time.Duration(least * math.Pow(most/least, random.Float64()))))
}

// room is what a node has left.
type room struct{ milliCPU, memory, pods int64 }

func roomOf(node *corev1.Node) room {
	a := node.Status.Allocatable
	return room{a.Cpu().MilliValue(), a.Memory().Value(), a.Pods().Value()}
}

func (r *room) add(o room) {
	r.milliCPU, r.memory, r.pods = r.milliCPU+o.milliCPU, r.memory+o.memory, r.pods+o.pods
}

func (r *room) take(s Shape) { r.add(room{-s.MilliCPU, -s.Memory, -1}) }

func (r room) fits(s Shape) bool {
	return r.milliCPU >= s.MilliCPU && r.memory >= s.Memory && r.pods > 0
}

// share is the larger part of cores and memory.
func (r room) share(of room) float64 {
	return max(float64(r.milliCPU)/float64(of.milliCPU), float64(r.memory)/float64(of.memory))
}
