// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"errors"
	"fmt"
	"io"
	"sort"
	"text/tabwriter"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// replay recomputes, in the order of binding, what each pod would have cost on every node that had room for it, with the
// packages that the scheduler itself uses.
type replay struct {
	resolver *pricing.Resolver
	strategy costmodel.Strategy
	nodes    []*replayNode
	placed   []placement
}

type replayNode struct {
	node      *corev1.Node
	requested costmodel.Request
	pods      int64
	oldest    time.Time
}

// placement is a pod with its options, cheapest first.
type placement struct {
	pod     *corev1.Pod
	gpus    int64
	options []option
}

type option struct {
	node string
	cost costmodel.Cost
}

func newReplay(nodes []*corev1.Node) *replay {
	r := &replay{resolver: pricing.NewResolver(pricing.Options{Estimate: true}), strategy: costmodel.DominantShare(0.06)}
	for _, n := range nodes {
		r.nodes = append(r.nodes, &replayNode{node: n})
	}
	return r
}

// place takes note of a bound pod; now is when its binding was seen.
func (r *replay) place(pod *corev1.Pod, now time.Time) {
	request := costmodel.RequestOf(pod)
	p := placement{pod: pod, gpus: request.Scalar[gpu]}
	for _, n := range r.nodes {
		if !n.fits(request) {
			continue
		}
		p.options = append(p.options, option{n.node.Name, r.strategy(request, costmodel.Node{
			Price: r.resolver.Price(n.node).PerHour, Allocatable: allocatable(n.node), Requested: n.requested, Age: n.age(now),
		})})
	}
	sort.SliceStable(p.options, func(i, j int) bool { return p.options[i].cost.Dollars < p.options[j].cost.Dollars })
	r.placed = append(r.placed, p)
	for _, n := range r.nodes {
		if n.node.Name == pod.Spec.NodeName {
			n.add(request, now)
		}
	}
}

func (n *replayNode) age(now time.Time) time.Duration {
	if n.oldest.IsZero() {
		return 0
	}
	return now.Sub(n.oldest)
}

func (n *replayNode) fits(r costmodel.Request) bool {
	a := allocatable(n.node)
	return n.pods < n.node.Status.Allocatable.Pods().Value() &&
		n.requested.MilliCPU+r.MilliCPU <= a.MilliCPU &&
		n.requested.Memory+r.Memory <= a.Memory &&
		n.requested.Scalar[gpu]+r.Scalar[gpu] <= a.Scalar[gpu]
}

func (n *replayNode) add(r costmodel.Request, now time.Time) {
	if n.oldest.IsZero() {
		n.oldest = now
	}
	n.pods++
	n.requested.MilliCPU += r.MilliCPU
	n.requested.Memory += r.Memory
	if r.Scalar[gpu] > 0 {
		n.requested.Scalar = map[corev1.ResourceName]int64{gpu: n.requested.Scalar[gpu] + r.Scalar[gpu]}
	}
}

func allocatable(node *corev1.Node) costmodel.Request {
	a := costmodel.Request{MilliCPU: node.Status.Allocatable.Cpu().MilliValue(), Memory: node.Status.Allocatable.Memory().Value()}
	if gpus := gpusOf(node.Status.Allocatable); gpus > 0 {
		a.Scalar = map[corev1.ResourceName]int64{gpu: gpus}
	}
	return a
}

// chosen returns the option the scheduler took, and the cheapest other one.
func (p placement) chosen() (taken, runnerUp *option) {
	for i := range p.options {
		switch o := &p.options[i]; {
		case o.node == p.pod.Spec.NodeName:
			taken = o
		case runnerUp == nil:
			runnerUp = o
		}
	}
	return taken, runnerUp
}

func (r *replay) print(out io.Writer) {
	types := map[string]string{}
	for _, n := range r.nodes {
		price := r.resolver.Price(n.node)
		types[n.node.Name] = fmt.Sprintf("%s\t%s", n.node.Labels[corev1.LabelInstanceTypeStable], price.CapacityType)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "POD\tNODE\tTYPE\tCAPACITY\tCOST/H\tRUNNER-UP\tITS-COST/H")
	for _, p := range r.placed {
		taken, runnerUp := p.chosen()
		cost, other := "<none>", "<none>\t<none>"
		if taken != nil {
			cost = dollars(taken.cost)
		}
		if runnerUp != nil {
			other = runnerUp.node + "\t" + dollars(runnerUp.cost)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.pod.Name, p.pod.Spec.NodeName, types[p.pod.Spec.NodeName], cost, other)
	}
	_ = w.Flush()
}

// dollars shows what the pod pays: the node's price times its share. The age factor ranks nodes; nobody pays it.
func dollars(c costmodel.Cost) string {
	return fmt.Sprintf("$%.4f", c.Dollars/c.AgeFactor)
}

// tolerance covers ages: the replay sees a binding some milliseconds after the scheduler decided it.
const tolerance = 0.001

func (r *replay) checkCheapest() error {
	var faults []error
	for _, p := range r.placed {
		taken, _ := p.chosen()
		if taken == nil {
			faults = append(faults, fmt.Errorf("pod %s is on %s, which had no room for it", p.pod.Name, p.pod.Spec.NodeName))
			continue
		}
		if best := p.options[0]; taken.cost.Dollars > best.cost.Dollars*(1+tolerance) {
			faults = append(faults, fmt.Errorf("pod %s is on %s for $%.5f an hour, while %s would have cost $%.5f",
				p.pod.Name, taken.node, taken.cost.Dollars, best.node, best.cost.Dollars))
		}
	}
	return errors.Join(faults...)
}

func (r *replay) checkGPU() error {
	hasGPU := map[string]bool{}
	for _, n := range r.nodes {
		hasGPU[n.node.Name] = gpusOf(n.node.Status.Allocatable) > 0
	}
	gpuPods := 0
	for _, p := range r.placed {
		if p.gpus > 0 {
			gpuPods++
		}
		if hasGPU[p.pod.Spec.NodeName] != (p.gpus > 0) {
			return fmt.Errorf("pod %s asks for %d GPUs and is on %s", p.pod.Name, p.gpus, p.pod.Spec.NodeName)
		}
	}
	if gpuPods == 0 {
		return errors.New("no GPU pod was placed at all")
	}
	return nil
}
