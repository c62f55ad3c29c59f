// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"errors"
	"fmt"
	"slices"
)

// maxInVain is how often nodes are bought for a pod in vain before it is given
// up.
const maxInVain = 5

// purchase is nodes of a pool that were bought together.
type purchase struct {
	pool  int
	nodes []*nodeState
	used  bool // one of the pods that it was for has been bound since
}

// inVainFor reports whether there is, or was, room for the pod on the nodes, and
// the scheduler used it for none of the pods that they were bought for. Nodes
// that others took the room of were not in vain.
func (b *purchase) inVainFor(p *podState) bool {
	return !b.used && slices.ContainsFunc(b.nodes, func(n *nodeState) bool { return n.gone || n.ready && n.hasRoom(p) })
}

// giveUp looks at what was bought for the pods that wait, and drops those for
// which it was in vain too often, and those that nothing can be bought for and
// that no node is left for.
func (s *simulation) giveUp() {
	s.waiting = slices.DeleteFunc(s.waiting, func(p *podState) bool {
		if p.purchase != nil && p.purchase.inVainFor(p) {
			p.inVain++
			p.refused = append(p.refused, p.purchase.pool)
			p.purchase = nil
		}
		switch {
		case p.inVain >= maxInVain:
		case len(p.pools) == 0 && !s.someNodeAdmits(p):
			p.reason = errors.New("no pool admits it, and the nodes that would are gone")
		default:
			return false
		}
		s.result.UnschedulableCount++
		if len(s.result.Unschedulable) < 10 {
			s.result.Unschedulable = append(s.result.Unschedulable, fmt.Sprintf("%s/%s: %v", p.object.Namespace, p.object.Name, p.reason))
		}
		return true
	})
}

// refuses reports whether a node of that pool was bought for the pod in vain, and
// there is a pool of which that is not so: the scheduler may want another zone.
func (p *podState) refuses(pool int) bool {
	return slices.Contains(p.refused, pool) && slices.ContainsFunc(p.pools, func(i int) bool { return !slices.Contains(p.refused, i) })
}
