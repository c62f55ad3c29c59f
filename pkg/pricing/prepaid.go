// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// noSlot is the slot of an entry that is not prepaid.
const noSlot = -1

// slots gives prepaid slots to nodes. A node takes a slot of the first rule
// that matches it and has one left, in the order of creation and name among
// the nodes that wait, and never a second one. It keeps the slot until it is
// deleted or the rule no longer matches it; then the next in that order has it.
type slots struct {
	rules []PrepaidRule
	// free is how many slots of each rule are left.
	free []int
	// waiting holds the entries that a rule matches and that have no slot.
	waiting map[*entry]bool
	// due says that a waiting entry may get a slot.
	due bool
	// changes counts the slots that were given and given back.
	changes uint64
}

func newSlots(rules []PrepaidRule) slots {
	s := slots{rules: rules, free: make([]int, len(rules)), waiting: map[*entry]bool{}}
	for i := range rules {
		s.free[i] = max(0, rules[i].Count)
	}
	return s
}

// matching returns the rules that match a node, in order.
func (s *slots) matching(node *corev1.Node) []int {
	var all []int
	for i := range s.rules {
		if matches(s.rules[i].Selector, node) {
			all = append(all, i)
		}
	}
	return all
}

// update takes note that the rules that match an entry may have changed.
func (s *slots) update(e *entry, matching []int) {
	if e.slot != noSlot && !slices.Contains(matching, e.slot) {
		s.release(e)
	}
	e.rules = matching
	if e.slot != noSlot {
		return
	}
	if len(matching) == 0 {
		delete(s.waiting, e)
		return
	}
	s.waiting[e] = true
	s.due = s.due || s.firstFree(e) != noSlot
}

// forget takes an entry out.
func (s *slots) forget(e *entry) {
	s.release(e)
	delete(s.waiting, e)
}

func (s *slots) release(e *entry) {
	if e.slot != noSlot {
		s.free[e.slot]++
		e.slot, e.price.Prepaid = noSlot, false
		s.due = true
		s.changes++
	}
}

func (s *slots) firstFree(e *entry) int {
	for _, i := range e.rules {
		if s.free[i] > 0 {
			return i
		}
	}
	return noSlot
}

// settle gives away the slots that are left.
func (s *slots) settle() {
	if !s.due {
		return
	}
	s.due = false
	queue := make([]*entry, 0, len(s.waiting))
	for e := range s.waiting {
		queue = append(queue, e)
	}
	slices.SortFunc(queue, func(a, b *entry) int {
		return cmp.Or(
			a.node.CreationTimestamp.Compare(b.node.CreationTimestamp.Time),
			cmp.Compare(a.node.Name, b.node.Name),
		)
	})
	for _, e := range queue {
		if i := s.firstFree(e); i != noSlot {
			s.free[i]--
			e.slot, e.price.Prepaid = i, true
			s.changes++
			delete(s.waiting, e)
		}
	}
}

// holds reports whether another object of the entry's node has its slot.
func (s *slots) holds(e *entry, node *corev1.Node) bool {
	return e != nil && e.slot != noSlot && e.node.UID == node.UID && matches(s.rules[e.slot].Selector, node)
}
