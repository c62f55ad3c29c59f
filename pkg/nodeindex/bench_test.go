// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package nodeindex

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkCheapest is one question, by the number of nodes and of classes.
func BenchmarkCheapest(b *testing.B) {
	for _, nodes := range []int{100, 1000, 10_000, 100_000} {
		for _, classes := range []int{1, 20, 200, 5000} {
			if classes > nodes {
				continue
			}
			b.Run(fmt.Sprintf("nodes=%d/classes=%d", nodes, classes), func(b *testing.B) {
				x := fleet(nodes, classes)
				b.ReportAllocs()
				for i := int64(0); b.Loop(); i++ {
					x.Cheapest(ordinary(1 + i*37%4000))
				}
			})
		}
	}
}

// BenchmarkPut moves a node within its class, by the number of nodes.
func BenchmarkPut(b *testing.B) {
	for _, nodes := range []int{100, 1000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			x, random := fleet(nodes, 20), rand.New(rand.NewPCG(1, 2))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				key, n := fleetNode(random, i%nodes, 20)
				x.Put(key, n, func() Sample { return sampleOf(key) })
			}
		})
	}
}
