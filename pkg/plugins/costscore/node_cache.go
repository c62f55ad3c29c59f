// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"maps"
	"sync"

	v1 "k8s.io/api/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	fwk "k8s.io/kube-scheduler/framework"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// nodeCache remembers what is expensive to find out about a node: its price
// for as long as the Node object is the same one, and the facts about its pods
// for as long as the NodeInfo's generation is the same one. It is safe for
// concurrent use, and a hit allocates nothing.
type nodeCache struct {
	resolver *pricing.Resolver
	problems *problemReporter

	mu     sync.RWMutex
	prices map[string]priceEntry
	pods   map[string]podEntry
}

type priceEntry struct {
	node  *v1.Node
	price pricing.Price
}

type podEntry struct {
	generation int64
	facts      podFacts
}

func newNodeCache(resolver *pricing.Resolver, problems *problemReporter) *nodeCache {
	return &nodeCache{
		resolver: resolver,
		problems: problems,
		prices:   map[string]priceEntry{},
		pods:     map[string]podEntry{},
	}
}

// price returns the price of node. Node objects in the scheduler are never
// modified, only replaced, so the same pointer means the same price.
func (c *nodeCache) price(node *v1.Node) pricing.Price {
	c.mu.RLock()
	entry, ok := c.prices[node.Name]
	c.mu.RUnlock()
	if ok && entry.node == node {
		return entry.price
	}

	price := c.resolver.Price(node)
	priceLookups.WithLabelValues(string(price.Source)).Inc()
	c.mu.Lock()
	before := c.prices[node.Name].price.Problem
	c.prices[node.Name] = priceEntry{node: node, price: price}
	c.mu.Unlock()

	if price.Problem != "" && price.Problem != before {
		c.problems.report(node, price)
	}
	return price
}

// podFacts returns the facts about the pods of a node. Generations are unique
// to the contents of a NodeInfo within one scheduler.
func (c *nodeCache) podFacts(nodeInfo fwk.NodeInfo) podFacts {
	name, generation := nodeInfo.Node().Name, nodeInfo.GetGeneration()
	c.mu.RLock()
	entry, ok := c.pods[name]
	c.mu.RUnlock()
	if ok && entry.generation == generation {
		return entry.facts
	}

	facts := podFactsOf(nodeInfo.GetPods())
	c.mu.Lock()
	c.pods[name] = podEntry{generation: generation, facts: facts}
	c.mu.Unlock()
	return facts
}

// deleteHandler forgets deleted nodes. A scheduling cycle that still has the old
// snapshot may ask for a node after it was forgotten, so every deletion clears
// away what those before it left behind.
func (c *nodeCache) deleteHandler(nodes corelisters.NodeLister) cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{DeleteFunc: func(any) {
		c.forget(func(name string) bool {
			_, err := nodes.Get(name)
			return err != nil
		})
	}}
}

// forget forgets the nodes that are gone.
func (c *nodeCache) forget(gone func(name string) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.prices, func(name string, _ priceEntry) bool { return gone(name) })
	maps.DeleteFunc(c.pods, func(name string, _ podEntry) bool { return gone(name) })
}
