// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package placer_test

import (
	"fmt"
	"testing"
)

// What one placement takes, by policy and number of nodes: it should grow no
// faster than the number of nodes does.
func BenchmarkPlace(b *testing.B) {
	for _, policy := range []struct{ name, config string }{
		{"default", upstream}, {"MostAllocated", mostAllocated}, {"DominantShare", dominantShare},
	} {
		for _, nodes := range []int{50, 100, 200, 400} {
			b.Run(fmt.Sprintf("%s/%dnodes", policy.name, nodes), func(b *testing.B) {
				p, _ := newPlacer(b, policy.config)
				for i := range nodes {
					must(b, p.AddNode(node(fmt.Sprint("node-", i), fmt.Sprintf("0.%d", 100+i), 64, 256)))
				}
				pods := 0
				for b.Loop() {
					// One comes and one goes, as in a simulation.
					a := pod(fmt.Sprint("pod-", pods), 500, 1024)
					pods++
					name, _, err := p.Place(b.Context(), a)
					must(b, err)
					bound := p.Bind(a, name)
					must(b, p.AddPod(bound))
					must(b, p.RemovePod(bound))
				}
			})
		}
	}
}
