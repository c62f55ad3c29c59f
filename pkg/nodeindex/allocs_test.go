// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package nodeindex

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// fleet returns an index of nodes in classes of different prices, three quarters
// of which are full.
func fleet(nodes, classes int) *Index {
	random := rand.New(rand.NewPCG(uint64(nodes), uint64(classes)))
	x := &Index{}
	for i := range nodes {
		key, n := fleetNode(random, i, classes)
		x.Put(key, n, func() Sample { return sampleOf(key) })
	}
	return x
}

func fleetNode(random *rand.Rand, i, classes int) (Class, Node) {
	free := int64(0)
	if random.IntN(4) == 0 {
		free = 1 + random.Int64N(8000)
	}
	key := classOf(i % classes)
	key.Known, key.Prepaid, key.Price = true, false, pricing.Money(1000+i%classes*679%1000) // dear and cheap ones alternate
	return key, Node{
		Name: fmt.Sprintf("n%06d", i), Created: int64(i), Oldest: random.Int64N(1 << 50), Packing: 2 - float64(free)/4000,
		Free: Room{MilliCPU: free, Memory: free << 20, EphemeralStorage: free << 20, Pods: random.Int64N(110)},
	}
}

// ordinary is a question with answers that cost next to nothing.
func ordinary(need int64) *Query {
	return &Query{
		Need:   Room{MilliCPU: need, Memory: need << 20, Pods: 1},
		Admits: func(*Class, *Sample) bool { return true },
		Cost:   func(c *Class, _ *Sample, oldest int64) int64 { return int64(c.Price)<<50 + oldest },
		Match:  func(string) Verdict { return Matched }, Packed: func(string) int64 { return 50 },
		PackedMost: func(*Sample, float64) int64 { return 50 },
	}
}

// A search allocates no more in a large cluster than in a small one.
func TestCheapestAllocatesLittle(t *testing.T) {
	const most = 10
	for _, classes := range []int{1, 20, 200} {
		first := -1.0
		for _, nodes := range []int{200, 5000, 20_000} {
			x, q := fleet(nodes, classes), ordinary(2000)
			got := testing.AllocsPerRun(100, func() {
				if name, _ := x.Cheapest(q); name == "" {
					t.Error("no node has room")
				}
			})
			if first < 0 {
				first = got
			}
			if got > most || got != first {
				t.Errorf("%d nodes of %d classes: %v allocations, want at most %d and as many as for 200 nodes, %v", nodes, classes, got, most, first)
			}
		}
	}
}

// A node that is the same as before is free, and so is to move one within a class
// of one block.
func TestPutAllocatesNothing(t *testing.T) {
	x := fleet(50, 1)
	m := x.members["n000007"]
	key, n := m.class.key, *m.node
	sample := func() Sample { panic("the class is known") }
	for what, change := range map[string]func(){
		"the same": func() {},
		"moved":    func() { n.Oldest = (n.Oldest + 1<<47) % (1 << 50) },
	} {
		if got := testing.AllocsPerRun(100, func() {
			change()
			x.Put(key, n, sample)
		}); got > 0 {
			t.Errorf("to put a node that is %s allocates %v times", what, got)
		}
	}
}
