// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import "slices"

// startMirror lets a mirror pod run on the node that it belongs to. As a copy of
// a DaemonSet it takes room and nothing else: a node with no other pods is empty,
// nobody evicts it, and it goes with its node.
func (s *simulation) startMirror(p *podState, n *nodeState) error {
	if err := s.placer.AddPod(p.spec.Object); err != nil {
		return err
	}
	p.mirror = true
	p.turn++
	p.node, p.bound = n, p.spec.Object
	n.mirrors = append(n.mirrors, p)
	subtract(&n.capacity, p.request)
	n.take(p)
	s.account(n)
	s.queue.push(event{at: s.now + p.remaining, kind: podEnds, pod: p, turn: p.turn})
	return nil
}

// endMirror ends a mirror pod at the end of its lifetime.
func (s *simulation) endMirror(p *podState) error {
	n := p.node
	if err := s.placer.RemovePod(p.bound); err != nil {
		return err
	}
	p.turn++
	p.node, p.bound = nil, nil
	n.mirrors = slices.DeleteFunc(n.mirrors, func(o *podState) bool { return o == p })
	n.capacity.Add(p.request)
	n.release(p)
	s.account(n)
	s.retry.nodes = append(s.retry.nodes, n)
	return nil
}

// dropMirrors ends the mirror pods of a node that is removed.
func (s *simulation) dropMirrors(n *nodeState) error {
	for _, p := range slices.Clone(n.mirrors) {
		if err := s.endMirror(p); err != nil {
			return err
		}
	}
	return nil
}
