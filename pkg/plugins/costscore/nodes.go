// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"slices"
	"sync"
	"sync/atomic"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// nodes knows the prices of nodes and tells people what is wrong with them. It
// is safe for concurrent use, and allocates nothing for a node that is the same
// as before and has no problem.
type nodes struct {
	book     *pricing.Book
	lister   corelisters.NodeLister
	problems *problemReporter
	// handled reports whether the informer's first list has been handled; nil
	// counts as no.
	handled func() bool
	// current is the node that is being set.
	current atomic.Pointer[v1.Node]

	// former is what formerPrice found last.
	former atomic.Pointer[pricing.NodePrice]

	primed atomic.Bool
	mu     sync.Mutex // held while priming
}

func newNodes(book *pricing.Book, lister corelisters.NodeLister, problems *problemReporter) *nodes {
	n := &nodes{book: book, lister: lister, problems: problems}
	book.OnLookup = func(node *v1.Node, price pricing.Price) {
		priceLookups.WithLabelValues(string(price.Source)).Inc()
		if price.Problem == "" && n.current.Load() == node {
			problems.solved(node.Name)
		}
	}
	return n
}

// price returns the price of node and reports what is wrong with it. It is for
// scheduling cycles: only the scheduler that leads has them, so that replicas do
// not repeat each other, as they would if the book reported what it meets.
func (n *nodes) price(node *v1.Node) pricing.Price {
	price := n.lookUp(node)
	if price.Problem != "" {
		n.problems.report(node, price)
	}
	return price
}

// lookUp returns the price of node. The book keeps prices by the Node object,
// so the node of a newer snapshot has its newer price.
func (n *nodes) lookUp(node *v1.Node) pricing.Price {
	n.prime()
	return n.book.Price(node)
}

// version changes when prices may have changed of nodes that did not; see
// pricing.Book.
func (n *nodes) version() uint64 {
	n.prime()
	return n.book.Version()
}

// prime has the book know all nodes before the first question, which gives away
// the prepaid slots. The scheduler waits for the informer's first list and for
// its own handlers, but not for ours.
func (n *nodes) prime() {
	if n.primed.Load() {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.primed.Load() {
		return
	}
	defer n.primed.Store(true)
	if n.handledFirst() {
		return
	}
	all, err := n.lister.List(labels.Everything())
	if err != nil {
		return // an informer's lister has no errors
	}
	for _, node := range all {
		n.book.Set(node)
	}
	// What changes from here on is handled after it was set above. What changed
	// meanwhile may have been handled before.
	for _, node := range all {
		switch now, err := n.lister.Get(node.Name); {
		case err != nil:
			n.book.Delete(node.Name)
		case now != node:
			n.book.Set(now)
		}
	}
}

// known reports whether the book knows all nodes.
func (n *nodes) known() bool { return n.primed.Load() || n.handledFirst() }

func (n *nodes) handledFirst() bool { return n.handled != nil && n.handled() }

// formerPrice is lookUp for the state of a node before a change. The scheduler's
// queue asks for it, under its lock, once for each pod that this plugin rejected,
// and the book does not keep former states: so the last one is remembered.
func (n *nodes) formerPrice(node *v1.Node) pricing.Price {
	if f := n.former.Load(); f != nil && f.Node == node {
		return f.Price
	}
	price := n.lookUp(node)
	n.former.Store(&pricing.NodePrice{Node: node, Price: price})
	return price
}

// set adds a node, or replaces it by its present state, and reports whether all that
// prices are made from is as before. It does not ask for the price: see prime.
func (n *nodes) set(node *v1.Node) (alike bool) {
	n.current.Store(node)
	return n.book.Update(node)
}

// gone reports whether a node has been deleted.
func (n *nodes) gone(name string) bool {
	_, err := n.lister.Get(name)
	return err != nil
}

// usedAlike reports whether two states of a node are alike in what the index keeps
// of it beside what prices are made from.
func usedAlike(a, b *v1.Node) bool {
	return a.Spec.Unschedulable == b.Spec.Unschedulable &&
		slices.EqualFunc(a.Spec.Taints, b.Spec.Taints, func(a, b v1.Taint) bool {
			return a.Key == b.Key && a.Value == b.Value && a.Effect == b.Effect
		})
}

// nodeHandler keeps the book and forgets deleted nodes.
func (pl *CostScore) nodeHandler() cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{
		AddFunc: func(obj any) {
			node := obj.(*v1.Node)
			pl.nodes.set(node)
			pl.changed(node.Name) // another one may have had it until just now
		},
		UpdateFunc: func(oldObj, newObj any) {
			oldNode, newNode := oldObj.(*v1.Node), newObj.(*v1.Node)
			if alike := pl.nodes.set(newNode); !alike || !usedAlike(oldNode, newNode) {
				pl.changed(newNode.Name)
			}
		},
		DeleteFunc: func(obj any) {
			name, err := cache.DeletionHandlingMetaNamespaceKeyFunc(obj)
			if err != nil {
				return // neither a node nor the key of one
			}
			pl.nodes.book.Delete(name)
			most := pl.nodes.book.Len()
			pl.podFacts.forget(name, most, pl.nodes.gone)
			pl.problems.forget(name, most, pl.nodes.gone)
		},
	}
}
