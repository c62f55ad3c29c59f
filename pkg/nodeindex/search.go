// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package nodeindex

import (
	"cmp"
	"container/heap"
)

// Query asks for the cheapest node for a pod.
type Query struct {
	// Need is what the pod requests. Its Pods is 1.
	Need Room
	// Admits reports whether the pod may use the nodes of a class at all.
	Admits func(*Class, *Sample) bool
	// Cost returns the encoded cost on a node of the class whose oldest pod
	// started at a time; see costmodel.Cost.Encode.
	Cost func(c *Class, s *Sample, oldest int64) int64
	// Floor returns what Cost does not return less than for any node of the class
	// whose oldest pod started then or later. It is asked about every class, and
	// Cost only where the floor is low. nil if Cost takes as little time.
	Floor func(c *Class, s *Sample, oldest int64) int64
	// Match says whether the pod may use a node of a class that Admits admits;
	// nil if it may use all.
	Match func(name string) Verdict
	// Packed returns the packing score of the node with the pod, from 0 to
	// 100: of equal costs the higher wins. nil if packing does not count. It is
	// called for nodes of equal cost only.
	Packed func(name string) int64
	// PackedMost returns a score that Packed does not exceed for any node of
	// the class whose Packing is at most that.
	PackedMost func(s *Sample, packing float64) int64
}

// Verdict is what Match says of a node.
type Verdict int

const (
	Refused Verdict = iota
	Matched
	// GiveUp ends the search: it takes too long.
	GiveUp
)

// slack is by how much an encoded cost may come out above that of a node which
// is dearer on paper, since powers are not rounded correctly: two steps of
// costmodel.Cost.Encode, which keeps its six lowest bits for other things.
const slack = 2 << 6

// Cheapest returns the name of the node with the lowest cost; of these the one
// with the highest packing score; of these in one class the fullest, the oldest,
// the first by name; of these in several classes the oldest, the first by name.
// It returns "" if no node has room or is admitted. complete is false if the
// search gave up.
func (x *Index) Cheapest(q *Query) (name string, complete bool) {
	s := search{Query: q}
	x.heads = x.heads[:0]
	for _, c := range x.classes {
		if !q.Admits(&c.key, &c.sample) {
			continue
		}
		if n, at := c.next(position{}, &q.Need); n != nil {
			x.heads = append(x.heads, head{c, at, s.floorOf(c, n)})
		}
	}
	// Most classes are too dear, so none of their nodes is matched.
	for heap.Init(&x.heads); len(x.heads) > 0; heap.Pop(&x.heads) {
		h := &x.heads[0]
		if dearer(h.floor, s.best.costOr(h.floor)) {
			break
		}
		s.class(h)
		if s.gaveUp {
			return "", false
		}
	}
	if s.best.node == nil {
		return "", true
	}
	return s.best.node.Name, true
}

// Each calls visit for every node that has the room and that the pod may use, class
// by class. It does not give up.
func (x *Index) Each(q *Query, visit func(*Class, *Sample, *Node)) {
	s := search{Query: q}
	for _, c := range x.classes {
		if !q.Admits(&c.key, &c.sample) {
			continue
		}
		for n, at := c.next(position{}, &q.Need); n != nil; n, at = c.next(at, &q.Need) {
			at.node++
			if s.matches(n) {
				visit(&c.key, &c.sample, n)
			}
		}
	}
}

// dearer reports whether a node of one cost cannot come before one of another,
// and nor can those that follow it in its class.
func dearer(cost, other int64) bool {
	return cost > other && uint64(cost)-uint64(other) > slack // the difference may be more than an int64 holds
}

// head is where the first node of a class is that has room, and what the nodes
// from there on cost at least.
type head struct {
	class *class
	at    position
	floor int64
}

// heads are a heap, the cheapest first.
type heads []head

func (h heads) Len() int           { return len(h) }
func (h heads) Less(i, j int) bool { return h[i].floor < h[j].floor }
func (h heads) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push is not used.
func (h *heads) Push(any) {}

// Pop implements heap.Interface. It returns nothing.
func (h *heads) Pop() any {
	*h = (*h)[:len(*h)-1]
	return nil
}

// search is a Query on its way.
type search struct {
	*Query
	gaveUp bool
	best   found
}

// found is a node with what it is compared by.
type found struct {
	node   *Node
	cost   int64
	packed int64
	// known says that packed has been worked out.
	known bool
}

// matches reports whether the pod may use a node.
func (s *search) matches(n *Node) bool {
	if s.Match == nil {
		return true
	}
	v := s.Match(n.Name)
	s.gaveUp = s.gaveUp || v == GiveUp
	return v == Matched
}

// class looks for a better node in a class than the best so far. What is too dear,
// or cannot come first by packing, is not matched: that may take long. Nor is a
// cost worked out as long as a floor will do.
func (s *search) class(h *head) {
	c := h.class
	var mine found // the best of this class
	var same struct {
		begun, known bool // the cost is
		oldest, cost int64
	}
	for n, at := c.next(h.at, &s.Need); n != nil; n, at = c.next(at, &s.Need) {
		if !same.begun || n.Oldest != same.oldest {
			same.begun, same.known, same.oldest, same.cost = true, false, n.Oldest, s.floorOf(c, n)
			if s.tooDear(same.cost, &mine) {
				break
			}
		}
		if !same.known && (mine.node != nil || s.best.node != nil) {
			same.known, same.cost = true, s.costOf(c, n)
			if s.tooDear(same.cost, &mine) {
				break
			}
		}
		if s.hopeless(&mine, c, n, same.cost, 0) || !s.ties(same.cost) && s.hopeless(&s.best, c, n, same.cost, 1) {
			// Those that cost the same come fullest first.
			at = c.lowerBound(func(other *Node) bool { return other.Oldest > same.oldest })
			continue
		}
		at.node++
		if !s.matches(n) {
			if s.gaveUp {
				return
			}
			continue
		}
		if !same.known {
			same.known, same.cost = true, s.costOf(c, n)
		}
		// Of what is alike, the first in the order of the class counts.
		if f := (found{node: n, cost: same.cost}); s.compare(&f, &mine) < 0 {
			mine = f
		}
	}
	if cmp.Or(s.compare(&mine, &s.best), olderThan(&mine, &s.best)) < 0 {
		s.best = mine
	}
}

// tooDear reports whether neither a node of a cost nor those that follow it in its
// class can come before what was found.
func (s *search) tooDear(cost int64, mine *found) bool {
	return dearer(cost, s.best.costOr(cost)) || dearer(cost, mine.costOr(cost))
}

// ties reports whether the age of the nodes decides between a node of a cost and the
// best so far.
func (s *search) ties(cost int64) bool {
	return s.Packed == nil && s.best.node != nil && cost == s.best.cost
}

// floorOf returns what the cost on a node of a class, and on those that follow it,
// is not less than.
func (s *search) floorOf(c *class, n *Node) int64 {
	if s.Floor == nil {
		return s.costOf(c, n)
	}
	return s.Floor(&c.key, &c.sample, n.Oldest)
}

// costOf returns the cost on a node of a class.
func (s *search) costOf(c *class, n *Node) int64 {
	return s.Cost(&c.key, &c.sample, n.Oldest)
}

// costOr returns the cost, or other if nothing was found.
func (f *found) costOr(other int64) int64 {
	if f.node == nil {
		return other
	}
	return f.cost
}

// hopeless reports whether neither a node of a class nor those that follow it at
// the same cost have a packing score above that of what was found less margin.
func (s *search) hopeless(f *found, c *class, n *Node, cost, margin int64) bool {
	switch {
	case f.node == nil || cost < f.cost:
		return false
	case cost > f.cost || s.Packed == nil:
		return true
	}
	s.pack(f)
	return s.PackedMost(&c.sample, n.Packing) <= f.packed-margin
}

func (s *search) pack(f *found) {
	if !f.known && s.Packed != nil {
		f.packed, f.known = s.Packed(f.node.Name), true
	}
}

// compare orders by cost and packing score; nothing comes last. Scores are
// worked out for equal costs only.
func (s *search) compare(a, b *found) int {
	switch {
	case a.node == nil || b.node == nil:
		return cmp.Compare(btoi(a.node == nil), btoi(b.node == nil))
	case a.cost != b.cost:
		return cmp.Compare(a.cost, b.cost)
	}
	s.pack(a)
	s.pack(b)
	return cmp.Compare(b.packed, a.packed)
}

func olderThan(a, b *found) int {
	if a.node == nil || b.node == nil {
		return 0
	}
	return cmp.Or(cmp.Compare(a.node.Created, b.node.Created), cmp.Compare(a.node.Name, b.node.Name))
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
