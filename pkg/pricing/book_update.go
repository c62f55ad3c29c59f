// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"cmp"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Set adds a node, or replaces it by its present state, and returns its price.
// Set does not give prepaid slots: Price.Prepaid says only whether the node has
// one already. A node of the same name with another UID is another node: it has
// to wait for a slot again.
func (b *Book) Set(node *corev1.Node) Price {
	if price, same := b.renew(node); same {
		return price
	}
	return b.replace(node)
}

// Update is Set for those who do not need the price. It reports whether the node was
// set before in a state that agrees in all that prices are made from.
func (b *Book) Update(node *corev1.Node) (alike bool) {
	if _, alike = b.renew(node); !alike {
		b.replace(node)
	}
	return alike
}

func (b *Book) replace(node *corev1.Node) Price {
	now := b.clock.Now()
	matching := b.slots.matching(node)

	b.mu.Lock()
	e := b.entries[node.Name]
	if e != nil && e.node.UID != node.UID {
		b.forget(e)
		e = nil
	}
	if e == nil {
		e = &entry{slot: noSlot}
		b.entries[node.Name] = e
	}
	e.node = node
	b.slots.update(e, matching)
	told := []news{b.lookUp(e, now)}
	b.mu.Unlock()
	b.tell(told)
	return told[0].price
}

// renew replaces a node by a state of it that has the same price. Most changes of
// Node objects are of this kind: a kubelet that says that it is alive.
func (b *Book) renew(node *corev1.Node) (price Price, same bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[node.Name]
	if e == nil || !alike(e.node, node) {
		return Price{}, false
	}
	e.node = node
	b.refresh(e)
	return e.price, true
}

// alike reports whether two states of a node agree in all that prices are made from.
func alike(a, b *corev1.Node) bool {
	return a.UID == b.UID && IsVirtual(a) == IsVirtual(b) && a.Spec.ProviderID == b.Spec.ProviderID && a.CreationTimestamp.Equal(&b.CreationTimestamp) &&
		maps.Equal(a.Labels, b.Labels) && maps.Equal(a.Annotations, b.Annotations) &&
		maps.EqualFunc(a.Status.Capacity, b.Status.Capacity, resource.Quantity.Equal) &&
		maps.EqualFunc(a.Status.Allocatable, b.Status.Allocatable, resource.Quantity.Equal)
}

// Delete forgets a node, if it is set.
func (b *Book) Delete(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.entries[name]; e != nil {
		b.forget(e)
		delete(b.entries, name)
	}
}

func (b *Book) forget(e *entry) {
	b.slots.forget(e)
	b.ratios.replace(e.ratio, 0)
}

// behind reports whether something has to be done before the Book can answer.
func (b *Book) behind() bool {
	return b.slots.due || !b.nextDue.IsZero() && !b.clock.Now().Before(b.nextDue)
}

// catchUp gives prepaid slots, and looks up the prices that are due. All
// of them at once: what one of them is now may change the median, and whoever
// asks first must not matter.
func (b *Book) catchUp() []news {
	b.slots.settle()
	now := b.clock.Now()
	if b.nextDue.IsZero() || now.Before(b.nextDue) {
		return nil
	}
	b.nextDue = time.Time{}
	b.version++
	var all []news
	for _, e := range b.entries {
		if !e.due.IsZero() && !now.Before(e.due) {
			all = append(all, b.lookUp(e, now))
		} else {
			b.expect(e.due)
		}
	}
	slices.SortFunc(all, func(a, b news) int { return cmp.Compare(a.node.Name, b.node.Name) })
	return all
}

// lookUp works out the price of an entry.
func (b *Book) lookUp(e *entry, now time.Time) news {
	before, version := e.price.Problem, b.ratios.version
	price := b.resolver.resolve(e.node, now, b.ratios.median())
	price.Prepaid = e.slot != noSlot
	e.price, e.due = price, dueAt(&price, now)
	if !b.resolver.Estimate {
		ratio := ratioOf(e.node, &price)
		b.ratios.replace(e.ratio, ratio)
		e.ratio, e.median = ratio, version
		e.needsMedian = !price.Known() || price.Source == SourceEstimate
	}
	b.expect(e.due)
	return news{node: e.node, price: price, problem: price.Problem != "" && price.Problem != before}
}

// dueAt returns when a price becomes another one by itself: it becomes stale, or
// is no longer one of the future; zero for never.
func dueAt(p *Price, now time.Time) time.Time {
	switch {
	case isFuture(p.AsOf, now):
		return p.AsOf.Add(-clockSkew)
	case p.Stale:
		return time.Time{}
	default:
		return p.StaleAt
	}
}

// expect takes note of when an entry is due.
func (b *Book) expect(due time.Time) {
	if !due.IsZero() && (b.nextDue.IsZero() || due.Before(b.nextDue)) {
		b.nextDue = due
	}
}

// fresh reports whether the median is still what the entry's price is made from.
func (b *Book) fresh(e *entry) bool {
	return !e.needsMedian || e.median == b.ratios.version
}

// refresh brings an entry's price to the present median.
func (b *Book) refresh(e *entry) {
	if !b.fresh(e) {
		b.lookUp(e, b.clock.Now())
	}
}
