// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package nodeindex

import (
	"slices"
	"sort"
)

// blockSize is how many nodes a block holds before it is split: small enough
// that to move a block is nothing, large enough that there are few.
const blockSize = 64

// block is a run of the nodes of a class.
type block struct {
	nodes []*Node
	// most is the most that any of the nodes has free, for each resource.
	most Room
}

// measure works out most.
func (b *block) measure() {
	b.most = Room{}
	for i, n := range b.nodes {
		f := &n.Free
		if i == 0 {
			b.most = *f
			continue
		}
		b.most.MilliCPU = max(b.most.MilliCPU, f.MilliCPU)
		b.most.Memory = max(b.most.Memory, f.Memory)
		b.most.EphemeralStorage = max(b.most.EphemeralStorage, f.EphemeralStorage)
		b.most.Pods = max(b.most.Pods, f.Pods)
	}
}

// position is a place in the order of a class.
type position struct{ block, node int }

// lowerBound returns the position of the first node for which the predicate
// holds. It has to hold for all that come after one for which it holds.
func (c *class) lowerBound(holds func(*Node) bool) position {
	b := sort.Search(len(c.blocks), func(i int) bool {
		nodes := c.blocks[i].nodes
		return holds(nodes[len(nodes)-1])
	})
	if b == len(c.blocks) {
		return position{block: b}
	}
	nodes := c.blocks[b].nodes
	return position{b, sort.Search(len(nodes), func(i int) bool { return holds(nodes[i]) })}
}

func (c *class) insert(n *Node) {
	at := c.lowerBound(func(other *Node) bool { return compare(other, n) > 0 })
	if at.block == len(c.blocks) {
		if at.block == 0 {
			c.blocks = append(c.blocks, &block{nodes: make([]*Node, 0, blockSize+1)})
		} else {
			at.block--
			at.node = len(c.blocks[at.block].nodes)
		}
	}
	b := c.blocks[at.block]
	b.nodes = slices.Insert(b.nodes, at.node, n)
	if len(b.nodes) > blockSize {
		half := len(b.nodes) / 2
		next := &block{nodes: append(make([]*Node, 0, blockSize+1), b.nodes[half:]...)}
		clear(b.nodes[half:])
		b.nodes = b.nodes[:half]
		next.measure()
		c.blocks = slices.Insert(c.blocks, at.block+1, next)
	}
	b.measure()
}

// remove takes out a node that is in the class.
func (c *class) remove(n *Node) {
	at := c.lowerBound(func(other *Node) bool { return compare(other, n) >= 0 })
	b := c.blocks[at.block]
	b.nodes = slices.Delete(b.nodes, at.node, at.node+1)
	if len(b.nodes) == 0 {
		c.blocks = slices.Delete(c.blocks, at.block, at.block+1)
		return
	}
	b.measure()
	c.join(at.block + 1)
	c.join(at.block)
}

// join puts a block into the one before it if they fill half a block at most.
// Nodes leave everywhere, and come back where the young ones are.
func (c *class) join(i int) {
	if i == 0 || i == len(c.blocks) {
		return
	}
	before, b := c.blocks[i-1], c.blocks[i]
	if len(before.nodes)+len(b.nodes) > blockSize/2 {
		return
	}
	before.nodes = append(before.nodes, b.nodes...)
	before.measure()
	c.blocks = slices.Delete(c.blocks, i, i+1)
}

// next returns the first node at or after a position that has the room.
func (c *class) next(at position, need *Room) (*Node, position) {
	for ; at.block < len(c.blocks); at = (position{block: at.block + 1}) {
		b := c.blocks[at.block]
		if !b.most.covers(need) {
			continue
		}
		for ; at.node < len(b.nodes); at.node++ {
			if n := b.nodes[at.node]; n.Free.covers(need) {
				return n, at
			}
		}
	}
	return nil, at
}
