// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"cmp"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"
)

// Book knows the prices of the nodes of one cluster. It is safe for concurrent
// use, and answers for a node that is set without allocating.
//
// A node is told by its name, and its state by the pointer: Node objects are
// replaced, never modified, once they are given to a Book.
//
// Prepaid slots are given when somebody asks for a price, not when a node is
// set. Set all nodes that there are at first, then ask: in whatever order they
// are set, the oldest of them are prepaid, and so a restart gives the slots as
// they would have been given from the beginning. It differs only where a node
// came to match a rule after a younger one had taken the last slot: the younger
// one keeps it for as long as the Book lives, and the older one has it after a
// restart.
type Book struct {
	// OnProblem, if set, is called once for each node and each text of
	// Price.Problem there. Whether the node is prepaid may not be known yet.
	// Set it before the first use of the Book; it may ask the Book.
	OnProblem func(node *corev1.Node, price Price)
	// OnLookup, if set, is called each time the price of a node is worked out
	// anew: once for every call of Set or Update with something that prices are
	// made from changed, for every call of Price with an object that is not set,
	// and when a price becomes stale or one of the future begins. As OnProblem
	// otherwise.
	OnLookup func(node *corev1.Node, price Price)

	resolver *Resolver
	clock    clock.PassiveClock

	mu      sync.RWMutex
	entries map[string]*entry
	slots   slots
	ratios  ratios
	// version counts the changes of prices that nobody set a node for.
	version uint64
	// nextDue is not after the time at which the next entry is due; zero if none
	// is.
	nextDue time.Time
}

// entry is one node that is set.
type entry struct {
	node  *corev1.Node
	price Price
	// due is when the price changes by itself, see dueAt.
	due time.Time
	// ratio is what the node adds to the median; 0 for nothing.
	ratio float64
	// median is the version of the median that the price is made from; it
	// counts only if needsMedian is set.
	median      uint64
	needsMedian bool
	// rules are the prepaid rules that match the node, and slot is the one
	// whose slot it holds, or noSlot.
	rules []int
	slot  int
}

// NodePrice is a node with its price.
type NodePrice struct {
	Node  *corev1.Node
	Price Price
}

// NewBook returns a Book without nodes. The first call in a process decodes
// the embedded catalog.
func NewBook(o Options, c clock.PassiveClock) *Book {
	return &Book{resolver: NewResolver(o), clock: c, entries: map[string]*entry{}, slots: newSlots(o.Prepaid)}
}

// Price returns what a node costs. An object that is not set is looked up
// afresh each time and then forgotten. It takes no prepaid slot, but if it is
// another state of a node that is set and holds one, it is prepaid too.
func (b *Book) Price(node *corev1.Node) Price {
	b.mu.RLock()
	if e := b.entries[node.Name]; e != nil && e.node == node && b.fresh(e) && !b.behind() {
		price := e.price
		b.mu.RUnlock()
		return price
	}
	b.mu.RUnlock()

	b.mu.Lock()
	news := b.catchUp()
	e := b.entries[node.Name]
	if e != nil && e.node == node {
		b.refresh(e)
		price := e.price
		b.mu.Unlock()
		b.tell(news)
		return price
	}
	prepaid, m := b.slots.holds(e, node), b.ratios.median()
	b.mu.Unlock()

	price := b.resolver.resolve(node, b.clock.Now(), m)
	price.Prepaid = prepaid
	b.tell(news)
	if b.OnLookup != nil {
		b.OnLookup(node, price)
	}
	return price
}

// Version returns a number that changes when the price of a node may have
// changed without a new state of that node: another node took or left a prepaid
// slot, a price became stale, or the median changed that prices are made from.
// Whoever keeps prices need not ask again as long as it is the same.
func (b *Book) Version() uint64 {
	b.mu.RLock()
	if !b.behind() {
		defer b.mu.RUnlock()
		return b.version + b.slots.changes + b.medians()
	}
	b.mu.RUnlock()

	b.mu.Lock()
	news := b.catchUp()
	version := b.version + b.slots.changes + b.medians()
	b.mu.Unlock()
	b.tell(news)
	return version
}

// medians counts the medians that there were, if prices are made from them.
func (b *Book) medians() uint64 {
	if b.resolver.Estimate {
		return 0
	}
	return b.ratios.version
}

// Len returns the number of nodes that are set.
func (b *Book) Len() int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return len(b.entries)
}

// Prices returns all nodes that are set with their prices, by name.
func (b *Book) Prices() []NodePrice {
	b.mu.Lock()
	news := b.catchUp()
	all := make([]NodePrice, 0, len(b.entries))
	for _, e := range b.entries {
		b.refresh(e)
		all = append(all, NodePrice{Node: e.node, Price: e.price})
	}
	b.mu.Unlock()
	b.tell(news)
	slices.SortFunc(all, func(a, b NodePrice) int { return cmp.Compare(a.Node.Name, b.Node.Name) })
	return all
}

// news is what callers of the Book learn about after its lock is given back.
type news struct {
	node    *corev1.Node
	price   Price
	problem bool
}

func (b *Book) tell(all []news) {
	for i := range all {
		n := &all[i]
		if b.OnLookup != nil {
			b.OnLookup(n.node, n.price)
		}
		if n.problem && b.OnProblem != nil {
			b.OnProblem(n.node, n.price)
		}
	}
}
