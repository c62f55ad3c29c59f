// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"maps"
	"sync"

	fwk "k8s.io/kube-scheduler/framework"
)

// podFactsCache remembers the facts about the pods of a node for as long as
// the NodeInfo's generation is the same one. It is safe for concurrent use, and
// a hit allocates nothing.
type podFactsCache struct {
	lifetimes bool // the strategy looks at them

	mu    sync.RWMutex
	nodes map[string]podFactsEntry
}

type podFactsEntry struct {
	generation int64
	facts      podFacts
	pods       []podFact // not changed any more
}

func newPodFactsCache(lifetimes bool) *podFactsCache {
	return &podFactsCache{lifetimes: lifetimes, nodes: map[string]podFactsEntry{}}
}

// of returns the facts about the pods of a node. Generations are unique to the
// contents of a NodeInfo within one scheduler.
func (c *podFactsCache) of(nodeInfo fwk.NodeInfo) podFacts {
	name, generation := nodeInfo.Node().Name, nodeInfo.GetGeneration()
	c.mu.RLock()
	entry, ok := c.nodes[name]
	c.mu.RUnlock()
	if ok && entry.generation == generation {
		return entry.facts
	}

	pods := readPods(entry.pods, nodeInfo.GetPods(), c.lifetimes)
	facts := factsOf(pods, c.lifetimes)
	c.mu.Lock()
	c.nodes[name] = podFactsEntry{generation: generation, facts: facts, pods: pods}
	c.mu.Unlock()
	return facts
}

// forget forgets a deleted node; see forgetNode.
func (c *podFactsCache) forget(name string, most int, gone func(name string) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	forgetNode(c.nodes, name, most, gone)
}

// forgetNode takes a deleted node out of what is remembered by node. A
// scheduling cycle that still has the old snapshot may bring a node back after
// it was forgotten: so if there are more than most, which is how many nodes there
// are, all that are gone go. To look at all each time would take the square of
// the number of nodes where many are deleted.
func forgetNode[V any](nodes map[string]V, name string, most int, gone func(name string) bool) {
	delete(nodes, name)
	if len(nodes) > most {
		maps.DeleteFunc(nodes, func(name string, _ V) bool { return gone(name) })
	}
}
