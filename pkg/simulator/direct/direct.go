// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package direct places pods by a formula alone, some twenty times faster than
// the scheduler does: for trying formulas, and for checking that the scheduler's
// placements are those of the formula that it is said to use. It knows resources,
// node affinity and taints, no other pods.
package direct

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
)

// Node is what a formula sees of a node.
type Node struct {
	Object *corev1.Node
	// Price is per hour.
	Price pricing.Price
	// Allocatable is all of the node, Free what its pods leave.
	Allocatable, Free costmodel.Request
	FreePods          int64
	// Since is when it was added.
	Since time.Time
	// Pods run there, in order of their start.
	Pods []Running
}

// Running is a pod on a node.
type Running struct {
	Object  *corev1.Pod
	Request costmodel.Request
	Since   time.Time
}

// Formula says what a pod costs on a node: the lowest wins, and of equals the
// one with the lowest tie, and of equals of that the first by age and name.
type Formula func(pod *corev1.Pod, request costmodel.Request, node *Node, now time.Time) (cost, tie float64)

// Placer places pods by a formula.
type Placer struct {
	formula Formula
	price   func(*corev1.Node) pricing.Price
	clock   clock.PassiveClock
	nodes   []*Node // in the order in which they came
	byName  map[string]*Node
}

// New returns a Placer.
func New(formula Formula, price func(*corev1.Node) pricing.Price, c clock.PassiveClock) *Placer {
	return &Placer{formula: formula, price: price, clock: c, byName: map[string]*Node{}}
}

// AddNode adds a node.
func (p *Placer) AddNode(object *corev1.Node) error {
	a := costmodel.RequestOfList(object.Status.Allocatable)
	free := costmodel.Request{Scalar: map[corev1.ResourceName]int64{}}
	free.Add(a)
	n := &Node{
		Object: object, Price: p.price(object), Allocatable: a, Free: free,
		FreePods: object.Status.Allocatable.Pods().Value(), Since: p.clock.Now(),
	}
	p.nodes = append(p.nodes, n)
	p.byName[object.Name] = n
	return nil
}

// UpdateNode reads a node's price and labels again.
func (p *Placer) UpdateNode(object *corev1.Node) error {
	n, ok := p.byName[object.Name]
	if !ok {
		return fmt.Errorf("updating node %s: it was not added", object.Name)
	}
	n.Object, n.Price = object, p.price(object)
	return nil
}

// RemoveNode removes a node.
func (p *Placer) RemoveNode(name string) error {
	n, ok := p.byName[name]
	if !ok {
		return fmt.Errorf("removing node %s: it was not added", name)
	}
	delete(p.byName, name)
	p.nodes = slices.DeleteFunc(p.nodes, func(o *Node) bool { return o == n })
	return nil
}

// AddPod adds a bound pod.
func (p *Placer) AddPod(pod *corev1.Pod) error {
	n, ok := p.byName[pod.Spec.NodeName]
	if !ok {
		return fmt.Errorf("adding pod %s: there is no node %s", pod.Name, pod.Spec.NodeName)
	}
	r := costmodel.RequestOf(pod)
	n.add(r, -1)
	n.Pods = append(n.Pods, Running{pod, r, p.clock.Now()})
	return nil
}

// RemovePod removes a bound pod.
func (p *Placer) RemovePod(pod *corev1.Pod) error {
	n, ok := p.byName[pod.Spec.NodeName]
	if !ok {
		return fmt.Errorf("removing pod %s: there is no node %s", pod.Name, pod.Spec.NodeName)
	}
	i := slices.IndexFunc(n.Pods, func(r Running) bool { return r.Object.UID == pod.UID })
	if i < 0 {
		return fmt.Errorf("removing pod %s: it is not on node %s", pod.Name, pod.Spec.NodeName)
	}
	n.add(n.Pods[i].Request, 1)
	n.Pods = slices.Delete(n.Pods, i, i+1)
	return nil
}

func (n *Node) add(r costmodel.Request, sign int64) {
	n.Free.MilliCPU += sign * r.MilliCPU
	n.Free.Memory += sign * r.Memory
	n.Free.EphemeralStorage += sign * r.EphemeralStorage
	for name, v := range r.Scalar {
		n.Free.Scalar[name] += sign * v
	}
	n.FreePods += sign
}

var errNoFit = errors.New("no node has room")

// Place returns the cheapest node that has room.
func (p *Placer) Place(_ context.Context, pod *corev1.Pod) (node string, reason, err error) {
	var best *Candidate
	for c := range p.Candidates(pod) {
		if best == nil || c.Cost < best.Cost || c.Cost == best.Cost && c.Tie < best.Tie {
			best = &c
		}
	}
	if best == nil {
		return "", errNoFit, nil
	}
	return best.Node.Object.Name, nil, nil
}

// Candidate is a node that has room for a pod.
type Candidate struct {
	Node      *Node
	Cost, Tie float64
}

// Candidates returns the nodes that have room for the pod, the oldest first.
func (p *Placer) Candidates(pod *corev1.Pod) iter.Seq[Candidate] {
	return func(yield func(Candidate) bool) {
		r := costmodel.RequestOf(pod)
		now := p.clock.Now()
		for _, n := range p.nodes {
			if n.FreePods <= 0 || !pool.Fits(r, n.Free) || !pool.Tolerates(pod, n.Object) {
				continue
			}
			cost, tie := p.formula(pod, r, n, now)
			if !yield(Candidate{n, cost, tie}) {
				return
			}
		}
	}
}

// Bind returns a copy of the pod on the node.
func (p *Placer) Bind(pod *corev1.Pod, node string) *corev1.Pod {
	bound := *pod // only the spec's node differs, and nobody changes the rest
	bound.Spec.NodeName = node
	now := metav1.NewTime(p.clock.Now())
	bound.Status.StartTime = &now
	return &bound
}
