// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"fmt"
	"testing"

	v1 "k8s.io/api/core/v1"
)

// The snapshot has the same list if a node was replaced by another one of its
// name between two cycles.
func TestAnotherNodeOfTheSameName(t *testing.T) {
	for name, cacheFirst := range map[string]bool{"the cache first": true, "the plugin first": false} {
		t.Run(name, func(t *testing.T) {
			nodes := []*v1.Node{node("a", "0.30")}
			for i := range 100 {
				nodes = append(nodes, node(fmt.Sprintf("n%03d", i), "0.20"))
			}
			l := newLive(t, nodes)
			l.cycle(t, pod("p").Obj())
			l.plugin.follower.turn = 1 // a has just been looked at
			another := node("a", "0.10")
			another.UID = "another"
			tell := func() {
				l.remove(t, nodes[0], nodes[0])
				l.add(t, another)
			}
			if !cacheFirst {
				tell()
			}
			l.must(t, l.cache.RemoveNode(l.logger, nodes[0]))
			l.cache.AddNode(l.logger, another)
			if cacheFirst {
				tell()
			}
			if got := l.cycle(t, pod("p").Obj()).found; got != "a" {
				t.Errorf("got node %q, want a", got)
			}
		})
	}
}
