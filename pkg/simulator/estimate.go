// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
)

// option is a purchase: so many nodes of a pool would hold these pods.
type option struct {
	pool  int
	nodes int
	pods  []*podState
	// wasted is the share of the new nodes' cpu that stays free, plus that of
	// their memory.
	wasted float64
}

// bin is a node in thought.
type bin struct {
	free   costmodel.Request
	pods   int64
	object *corev1.Node // nil where labels and taints were checked before
}

// put puts a pod into the bin if there is room.
func (b *bin) put(p *podState) bool {
	if b.pods <= 0 || !pool.Fits(p.request, b.free) || b.object != nil && !pool.Tolerates(p.spec.Object, b.object) {
		return false
	}
	subtract(&b.free, p.request)
	b.pods--
	return true
}

// takeBack undoes put.
func (b *bin) takeBack(p *podState) {
	b.free.Add(p.request)
	b.pods++
}

// estimate packs all pods that the pool admits into as few of its nodes as
// first fit with decreasing sizes needs, as cluster-autoscaler's estimator does;
// at most so many nodes if most is not negative. Decreasing size is the sum of
// the shares of cpu and memory of the node.
func estimate(p *poolState, index int, pods []*podState, most int) option {
	o := option{pool: index}
	size := func(q *podState) float64 {
		return shareOf(q.request.MilliCPU, p.allocatable.MilliCPU) + shareOf(q.request.Memory, p.allocatable.Memory)
	}
	fitting := make([]*podState, 0, len(pods))
	for _, q := range pods {
		if slices.Contains(q.pools, index) && !q.refuses(index) {
			fitting = append(fitting, q)
		}
	}
	// The first pod stays first: it is the one that has to be helped.
	if len(fitting) > 1 {
		slices.SortStableFunc(fitting[1:], func(a, b *podState) int { return -cmp.Compare(size(a), size(b)) })
	}
	var bins []*bin
	used := 0.0
	for _, q := range fitting {
		if !slices.ContainsFunc(bins, func(b *bin) bool { return b.put(q) }) {
			if most >= 0 && len(bins) == most {
				continue
			}
			b := &bin{free: clone(p.allocatable), pods: p.Pods()}
			b.put(q)
			bins = append(bins, b)
		}
		o.pods = append(o.pods, q)
		used += size(q)
	}
	o.nodes = len(bins)
	if o.nodes > 0 {
		o.wasted = 2 - used/float64(o.nodes)
	}
	return o
}
