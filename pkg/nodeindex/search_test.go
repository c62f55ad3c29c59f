// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package nodeindex

import (
	"math"
	"slices"
	"testing"
)

// Which node comes first, rule by rule. The first of each list is the one.
func TestCheapest(t *testing.T) {
	room := Room{MilliCPU: 4, Memory: 4, EphemeralStorage: 4, Pods: 4}
	a, b := Class{Price: 1, Known: true}, Class{Price: 2, Known: true}
	prepaid, unknown := Class{Price: 9, Known: true, Prepaid: true}, Class{Price: 0}
	refused := Class{Price: 0, Known: true, Taints: "refused"}
	in := func(key Class, n Node) entry {
		if n.Free == (Room{}) {
			n.Free = room
		}
		return entry{key, n}
	}
	const packsBest = "z-packs-best" // the rank of a name, if packing counts
	tests := map[string]struct {
		nodes []entry // the cheapest first
		need  Room
		// packs has packing scores count.
		packs bool
	}{
		"no nodes":                  {},
		"the cheaper class":         {nodes: []entry{in(a, Node{Name: "z", Created: 9}), in(b, Node{Name: "a"})}},
		"the older pods":            {nodes: []entry{in(a, Node{Name: "z", Oldest: 1000}), in(a, Node{Name: "a", Oldest: 1_000_000})}},
		"a node without pods last":  {nodes: []entry{in(a, Node{Name: "z", Oldest: 1000}), in(a, Node{Name: "a", Oldest: NoPods})}},
		"prepaid before paid":       {nodes: []entry{in(prepaid, Node{Name: "z"}), in(a, Node{Name: "a"})}},
		"unknown last":              {nodes: []entry{in(b, Node{Name: "z"}), in(unknown, Node{Name: "a"})}},
		"unknown, if there is none": {nodes: []entry{in(unknown, Node{Name: "z"})}},
		"a class that is refused":   {nodes: []entry{in(b, Node{Name: "z"}), in(refused, Node{Name: "a"})}},
		"the fuller":                {nodes: []entry{in(a, Node{Name: "z", Packing: 1, Created: 9}), in(a, Node{Name: "a"})}},
		"the older node":            {nodes: []entry{in(a, Node{Name: "z", Created: 1}), in(a, Node{Name: "a", Created: 2})}},
		"by name":                   {nodes: []entry{in(a, Node{Name: "a"}), in(a, Node{Name: "b"})}},
		"the older node of two classes, fuller or not": {nodes: []entry{
			in(a, Node{Name: "z", Created: 1}), in(Class{Price: 1, Known: true, Extended: "x"}, Node{Name: "a", Created: 2, Packing: 1}),
		}},
		"the packing score before the age of the node": {packs: true, nodes: []entry{in(a, Node{Name: packsBest, Created: 2}), in(a, Node{Name: "a", Created: 1, Packing: 1})}},
		"the packing score of two classes": {packs: true, nodes: []entry{
			in(Class{Price: 1, Known: true, Extended: "x"}, Node{Name: packsBest, Created: 2}), in(a, Node{Name: "a", Created: 1}),
		}},
		"the cost before the packing score": {packs: true, nodes: []entry{in(a, Node{Name: "a"}), in(b, Node{Name: packsBest})}},
		"no CPU":                            {need: Room{MilliCPU: 5, Pods: 1}, nodes: []entry{in(b, Node{Name: "z", Free: Room{MilliCPU: 5, Pods: 1}}), in(a, Node{Name: "a"})}},
		"no memory":                         {need: Room{Memory: 5, Pods: 1}, nodes: []entry{in(b, Node{Name: "z", Free: Room{Memory: 5, Pods: 1}}), in(a, Node{Name: "a"})}},
		"no storage":                        {need: Room{EphemeralStorage: 5, Pods: 1}, nodes: []entry{in(b, Node{Name: "z", Free: Room{EphemeralStorage: 5, Pods: 1}}), in(a, Node{Name: "a"})}},
		"no pods":                           {need: Room{Pods: 1}, nodes: []entry{in(b, Node{Name: "z"}), in(a, Node{Name: "a", Free: Room{MilliCPU: 9, Memory: 9}})}},
		"overdrawn, but not needed":         {need: Room{MilliCPU: 1, Pods: 1}, nodes: []entry{in(a, Node{Name: "z", Free: Room{MilliCPU: 1, Memory: -1, EphemeralStorage: -1, Pods: 1}}), in(b, Node{Name: "a"})}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			q := &Query{
				Need:   tt.need,
				Admits: func(c *Class, _ *Sample) bool { return c.Taints != "refused" },
				Cost: func(c *Class, _ *Sample, oldest int64) int64 {
					switch {
					case !c.Known:
						return math.MaxInt64
					case c.Prepaid:
						return math.MinInt64 + int64(c.Price)
					}
					return int64(c.Price)<<40 + min(oldest, 1<<39)
				},
			}
			if tt.packs {
				q.PackedMost = func(*Sample, float64) int64 { return 100 }
				q.Packed = func(name string) int64 { return map[bool]int64{true: 100}[name == packsBest] }
			}
			want := ""
			if len(tt.nodes) > 0 {
				want = tt.nodes[0].node.Name
			}
			for range 2 {
				x := &Index{}
				model(tt.nodes).fill(x)
				if got, complete := x.Cheapest(q); got != want || !complete {
					t.Errorf("got node %q, complete: %t, want %q", got, complete, want)
				}
				slices.Reverse(tt.nodes)
			}
		})
	}
}

// The difference of two costs may be more than an int64 holds.
func TestDearer(t *testing.T) {
	for _, tt := range []struct {
		cost, other int64
		want        bool
	}{
		{0, 0, false}, {slack, 0, false}, {slack + 1, 0, true}, {0, slack + 1, false},
		{math.MaxInt64, math.MinInt64, true}, {math.MinInt64, math.MaxInt64, false},
		{math.MaxInt64, math.MaxInt64 - slack, false}, {math.MinInt64 + slack, math.MinInt64, false},
		{1, math.MinInt64 + 1, true}, {math.MinInt64 + slack + 1, math.MinInt64, true},
	} {
		if got := dearer(tt.cost, tt.other); got != tt.want {
			t.Errorf("dearer(%d, %d) is %t", tt.cost, tt.other, got)
		}
	}
}

// One cost is worked out for each class, and some more for the cheapest: of the first
// node again, and where pods differ in age.
func TestFewCostsAreWorkedOut(t *testing.T) {
	const classes = 20
	x := fleet(5000, classes)
	for need := range int64(100) {
		q, asked := ordinary(80*need), 0
		cost := q.Cost
		q.Cost = func(c *Class, s *Sample, oldest int64) int64 {
			asked++
			return cost(c, s, oldest)
		}
		if name, _ := x.Cheapest(q); name == "" || asked > classes+3 {
			t.Errorf("worked out %d costs to find %q, want at most %d", asked, name, classes+3)
		}
	}
}

// Where there is a floor, only costs that may be the lowest are worked out.
func TestFloorSparesCosts(t *testing.T) {
	const classes = 20
	x := fleet(5000, classes)
	for need := range int64(100) {
		q, asked := ordinary(80*need), 0
		cost := q.Cost
		q.Floor = func(c *Class, s *Sample, oldest int64) int64 { return cost(c, s, oldest) - 1 }
		q.Cost = func(c *Class, s *Sample, oldest int64) int64 {
			asked++
			return cost(c, s, oldest)
		}
		if name, _ := x.Cheapest(q); name == "" || asked > 3 {
			t.Errorf("worked out %d costs to find %q, want 3 at most", asked, name)
		}
	}
}

// Nodes that are too dear are not matched, be they of the same class or of others:
// that may take long.
func TestFewNodesAreMatched(t *testing.T) {
	const classes = 20
	x := fleet(5000, classes)
	for need := range int64(100) {
		q, asked := ordinary(80*need), 0
		q.Match = func(string) Verdict {
			asked++
			return verdict(asked%3 == 0)
		}
		if name, _ := x.Cheapest(q); name == "" || asked > 9 {
			t.Errorf("matched %d nodes to find %q", asked, name)
		}
		q, asked = ordinary(80*need), 0
		q.Match = func(string) Verdict {
			asked++
			return verdict(asked == 1)
		}
		if name, _ := x.Cheapest(q); name == "" || asked > 6 {
			t.Errorf("matched %d nodes though the first was the cheapest", asked)
		}
	}
}
