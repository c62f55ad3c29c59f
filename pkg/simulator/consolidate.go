// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"cmp"
	"slices"
)

// consolidate empties the nodes that are used below the threshold and whose
// pods all fit on other nodes, and removes them at once, the least used first:
// what cluster-autoscaler's scale-down does. A node's use is the larger share
// of cpu and memory in requests, on nodes with GPUs that of GPUs. Nodes stay
// that hold pods without controller, or pods that say where other pods must be,
// since it does not know where those would fit.
func (s *simulation) consolidate() error {
	a := s.autoscaler
	if s.arrived < len(s.config.Workload.Pods) || s.running > 0 || len(s.waiting) > 0 {
		s.queue.push(event{at: s.now + a.ConsolidationInterval, kind: consolidate})
	}
	candidates := slices.DeleteFunc(slices.Clone(s.nodes), func(n *nodeState) bool {
		return !n.ready || len(n.pods) == 0 || n.use() >= a.ConsolidationThreshold || slices.ContainsFunc(n.pods, stays)
	})
	slices.SortStableFunc(candidates, func(a, b *nodeState) int { return cmp.Compare(a.use(), b.use()) })
	receives := map[*nodeState]bool{}
	room := rooms{}
	for _, n := range candidates {
		if receives[n] {
			continue
		}
		targets := s.elsewhere(n, room)
		if targets == nil {
			continue
		}
		for _, t := range targets {
			receives[t] = true
		}
		// The node is gone before its pods look for another.
		pods := slices.Clone(n.pods)
		for _, p := range pods {
			if err := s.evict(p); err != nil {
				return err
			}
		}
		if err := s.remove(n); err != nil {
			return err
		}
		s.retry.nodes = append(s.retry.nodes, nil)
	}
	return nil
}

func stays(p *podState) bool { return p.pinned || hasConstraints(p.spec.Object) }

// use is the share of the node that its pods request.
func (n *nodeState) use() float64 {
	if n.gpus > 0 {
		return 1 - gpusOf(n.free)/n.gpus
	}
	return 1 - min(shareOf(n.free.MilliCPU, n.capacity.MilliCPU), shareOf(n.free.Memory, n.capacity.Memory))
}

// rooms is what nodes have left after pods that are on their way there.
type rooms map[*nodeState]*bin

func (r rooms) of(n *nodeState) *bin {
	b, ok := r[n]
	if !ok {
		b = &bin{free: clone(n.free), pods: n.freePods, object: n.object}
		r[n] = b
	}
	return b
}

// elsewhere returns a node for each pod of n, by first fit in the order of the
// nodes, and takes the room there; nil if one pod has none.
func (s *simulation) elsewhere(n *nodeState, room rooms) []*nodeState {
	targets := make([]*nodeState, 0, len(n.pods))
	for _, p := range n.pods {
		i := slices.IndexFunc(s.nodes, func(o *nodeState) bool { return o != n && o.ready && room.of(o).put(p) })
		if i < 0 {
			for j, t := range targets {
				room.of(t).takeBack(n.pods[j])
			}
			return nil
		}
		targets = append(targets, s.nodes[i])
	}
	return targets
}
