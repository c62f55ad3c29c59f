// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package nodeindex

import (
	"fmt"
	"hash/fnv"
	"math"
	"slices"

	"pgregory.net/rapid"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
	_ "github.com/tollgate-dev/tollgate/test/seed"
)

// Few different values, so that ties are common.
var (
	oldests  = []int64{0, 1, 2, 3, 1_000_000_007, 1_000_000_008, 2_000_000_000, NoPods}
	packings = []float64{0, 0.1, 0.25, 0.5, 0.5000001, 1, 1.75, 2}
)

// bits takes choices out of one number, so that a node is one draw: many nodes
// are drawn quickly, and each is left out or made simple as a whole.
type bits uint64

func (b *bits) below(n int) int {
	i := uint64(*b) % uint64(n)
	*b = bits(uint64(*b) / uint64(n))
	return int(i)
}

// nodeOf makes a node of one of some classes.
func nodeOf(b bits, name string, classes int) (Class, Node) {
	n := Node{
		Name:    name,
		Oldest:  oldests[b.below(len(oldests))],
		Packing: packings[b.below(len(packings))],
		Created: int64(b.below(3)),
		Free: Room{
			MilliCPU: int64(b.below(6) - 1), Memory: int64(b.below(6) - 1), EphemeralStorage: int64(b.below(4) - 1), Pods: int64(b.below(4)),
		},
	}
	return classOf(b.below(classes)), n
}

// classOf returns the i-th class. Several have the same price.
func classOf(i int) Class {
	return Class{
		Price: pricing.Money(i % 4), Known: i%5 != 4, Prepaid: i%7 == 6,
		Taints: fmt.Sprint("taint", i/4%2), Extended: fmt.Sprint("extended", i),
	}
}

func genNode(classes, nodes int) *rapid.Generator[entry] {
	return rapid.Custom(func(t *rapid.T) entry {
		b := bits(rapid.Uint64().Draw(t, "bits"))
		key, n := nodeOf(b, fmt.Sprintf("n%03d", rapid.IntRange(0, nodes-1).Draw(t, "name")), classes)
		return entry{key, n}
	})
}

func genModel(t *rapid.T, label string, classes, least, most int) model {
	n := rapid.IntRange(least, most).Draw(t, label+" size")
	var m model
	for _, b := range rapid.SliceOfN(rapid.Uint64(), n, n).Draw(t, label) {
		key, node := nodeOf(bits(b), fmt.Sprintf("n%03d", len(m)), classes)
		m = append(m, entry{key, node})
	}
	return m
}

// genQuery draws a question about the nodes of a model. Costs of a class rise
// with Oldest, but for as much as they may be off. Answers depend on nothing but
// the drawn values.
func genQuery(t *rapid.T, m model) *Query {
	q := &Query{Need: Room{
		MilliCPU:         rapid.Int64Range(0, 4).Draw(t, "milliCPU"),
		Memory:           rapid.Int64Range(0, 4).Draw(t, "memory"),
		EphemeralStorage: rapid.Int64Range(0, 2).Draw(t, "ephemeralStorage"),
		Pods:             1,
	}}
	salt := rapid.Uint64().Draw(t, "salt")
	taint := rapid.SampledFrom([]string{"", "taint0", "taint1"}).Draw(t, "refused taint")
	q.Admits = func(c *Class, s *Sample) bool {
		if s.Node.Name != c.Taints+c.Extended {
			panic("the sample is of another class")
		}
		return c.Taints != taint
	}
	perPrice := rapid.SampledFrom([]int64{0, 1, slack, 1 << 20}).Draw(t, "cost per price")
	perAge := rapid.SampledFrom([]int64{0, 1, slack / 2, slack, slack + 1, 1 << 20}).Draw(t, "cost per age")
	jitter := rapid.SampledFrom([]int64{0, 1, slack}).Draw(t, "jitter")
	plain := func(c *Class, oldest int64) int64 {
		return perPrice*int64(c.Price) + perAge*int64(max(0, slices.Index(oldests, oldest)))
	}
	q.Cost = func(c *Class, _ *Sample, oldest int64) int64 {
		if !c.Known {
			return math.MaxInt64
		}
		cost := plain(c, oldest) + int64(hash(salt, fmt.Sprint(c.Extended, oldest))%uint64(jitter+1))
		if c.Prepaid {
			return math.MinInt64 + cost
		}
		return cost
	}
	if rapid.Bool().Draw(t, "floor") {
		below := rapid.SampledFrom([]uint64{1, slack, 1 << 21}).Draw(t, "below")
		q.Floor = func(c *Class, _ *Sample, oldest int64) int64 {
			switch {
			case !c.Known:
				return math.MaxInt64
			case c.Prepaid:
				return math.MinInt64
			}
			return plain(c, oldest) - int64(hash(salt, fmt.Sprint(c.Taints, oldest))%below)
		}
	}
	if rapid.Bool().Draw(t, "match") {
		part := rapid.Uint64Range(1, 5).Draw(t, "part that matches")
		q.Match = func(name string) Verdict { return verdict(hash(salt, name)%part == 0) }
	}
	if rapid.Bool().Draw(t, "packed") {
		packing := map[string]float64{}
		for _, e := range m {
			packing[e.node.Name] = e.node.Packing
		}
		scale := rapid.SampledFrom([]float64{0, 2, 40}).Draw(t, "packing scale")
		less := rapid.Uint64Range(1, 4).Draw(t, "packing less") // rounding makes scores lower than the bound
		most := func(packing float64) int64 { return int64(scale * packing) }
		q.PackedMost = func(_ *Sample, packing float64) int64 { return most(packing) }
		q.Packed = func(name string) int64 { return most(packing[name]) - int64(hash(salt, name)%less) }
	}
	return q
}

func verdict(matches bool) Verdict {
	if matches {
		return Matched
	}
	return Refused
}

func hash(salt uint64, text string) uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, salt, text)
	return h.Sum64()
}
