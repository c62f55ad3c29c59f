// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costmodel

import (
	"math/big"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

const gpuName = corev1.ResourceName("nvidia.com/gpu")

func genRequest(t *rapid.T) Request {
	r := Request{
		MilliCPU: rapid.Int64Range(0, 8000).Draw(t, "milliCPU"),
		Memory:   rapid.Int64Range(0, 64).Draw(t, "memory") << 28,
	}
	if rapid.Bool().Draw(t, "gpu") {
		r.Scalar = scalars{gpuName: rapid.Int64Range(1, 4).Draw(t, "gpus")}
	}
	return r
}

// genNode draws from few sizes, prices and ages, so that ties are common.
func genNode(t *rapid.T) Node {
	size := rapid.Int64Range(1, 12).Draw(t, "size")
	return Node{
		Price:   pricing.Money(rapid.Int64Range(0, 40).Draw(t, "price") * 12_000),
		Prepaid: rapid.IntRange(0, 3).Draw(t, "prepaid") == 0,
		Allocatable: Request{
			MilliCPU: size * 1000,
			Memory:   size * rapid.SampledFrom([]int64{2, 4, 8}).Draw(t, "ratio") * gib,
			Scalar:   scalars{gpuName: rapid.Int64Range(0, 8).Draw(t, "gpuCount")},
		},
		DaemonSets: Request{MilliCPU: rapid.SampledFrom([]int64{0, 100, 1000}).Draw(t, "daemonSets")},
		Age:        rapid.SampledFrom([]time.Duration{0, time.Minute, time.Hour, 24 * time.Hour}).Draw(t, "age"),
		Extension:  rapid.SampledFrom([]time.Duration{0, time.Minute, time.Hour, 2 * time.Hour, Forever}).Draw(t, "extension"),
	}
}

// genNodes draws the number first: slices of unbounded length tend to be short.
func genNodes(t *rapid.T, most int) []Node {
	n := rapid.IntRange(1, most).Draw(t, "n")
	return rapid.SliceOfN(rapid.Custom(genNode), n, n).Draw(t, "nodes")
}

func genStrategy(t *rapid.T) Strategy {
	return rapid.SampledFrom([]Strategy{DominantShare(0), DominantShare(DefaultAgeExponent), DominantShareLifetimes(), NodePrice()}).Draw(t, "strategy")
}

func scores(s Strategy, r Request, nodes []Node) []int64 {
	costs := make([]int64, len(nodes))
	for i, n := range nodes {
		costs[i] = s(r, n).Encode()
	}
	return Rank(costs)
}

func TestScalingPricesChangesNoScore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		strategy, request := genStrategy(t), genRequest(t)
		nodes := genNodes(t, 150)
		k := pricing.Money(rapid.Int64Range(1, 1000).Draw(t, "k"))
		before := scores(strategy, request, nodes)
		for i := range nodes {
			nodes[i].Price *= k
		}
		if after := scores(strategy, request, nodes); !slices.Equal(before, after) {
			t.Fatalf("scores were %v, with prices x %d they are %v", before, k, after)
		}
	})
}

func TestDearerNodeRanksBelow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		strategy, request := genStrategy(t), genRequest(t)
		nodes := genNodes(t, 98)
		cheap := genNode(t)
		cheap.Price = pricing.Money(rapid.Int64Range(0, int64(pricing.MaxMoney)-1).Draw(t, "cheap"))
		dear := cheap
		dear.Price += pricing.Money(rapid.Int64Range(1, int64(pricing.MaxMoney-cheap.Price)).Draw(t, "more"))
		got := scores(strategy, request, append(nodes, cheap, dear))
		if n := len(nodes); got[n] <= got[n+1] {
			t.Fatalf("%v has score %d, %v has %d", cheap.Price, got[n], dear.Price, got[n+1])
		}
	})
}

func TestOrderOfNodesDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		strategy, request := genStrategy(t), genRequest(t)
		nodes := genNodes(t, 150)
		order := make([]int, len(nodes))
		for i := range order {
			order[i] = i
		}
		order = rapid.Permutation(order).Draw(t, "order")
		shuffled := make([]Node, len(nodes))
		for i, j := range order {
			shuffled[i] = nodes[j]
		}
		want, got := scores(strategy, request, nodes), scores(strategy, request, shuffled)
		for i, j := range order {
			if got[i] != want[j] {
				t.Fatalf("node %d has score %d, shuffled %d", j, want[j], got[i])
			}
		}
	})
}

func TestRankKeepsTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 400).Draw(t, "n")
		costs := rapid.SliceOfN(rapid.Int64Range(-300, 300), n, n).Draw(t, "costs")
		got := Rank(slices.Clone(costs))
		distinct := slices.Clone(costs)
		slices.Sort(distinct)
		distinct = slices.Compact(distinct)
		few := len(distinct) <= MaxScore+1
		for i := range costs {
			if got[i] < 0 || got[i] > MaxScore {
				t.Fatalf("score %d is out of range", got[i])
			}
			for j := range costs {
				mayShare := !few && costs[i] >= distinct[50]
				if costs[i] == costs[j] && got[i] != got[j] || costs[i] < costs[j] && (got[i] < got[j] || got[i] == got[j] && !mayShare) {
					t.Fatalf("costs %d and %d have scores %d and %d", costs[i], costs[j], got[i], got[j])
				}
			}
		}
	})
}

// scale is the exact quotient, rounded once.
func TestScaleIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		price := rapid.Int64Range(1, 1<<62).Draw(t, "price")
		available := rapid.Int64Range(1, 1<<62).Draw(t, "available")
		request := rapid.Int64Range(1, available).Draw(t, "request")
		exact := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(price), big.NewInt(request)), big.NewInt(available))
		want, _ := exact.Float64()
		got := scale(price, request, available)
		if want > 1e-3 && got != want {
			t.Fatalf("scale(%d, %d, %d) = %v, want %v", price, request, available, got, want)
		}
		if got <= 0 || got > float64(price) {
			t.Fatalf("scale(%d, %d, %d) = %v is out of range", price, request, available, got)
		}
	})
}

// k times the price for k times the node is the same cost to the last bit.
func TestProportionalNodesCostTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		request := genRequest(t)
		node := genNode(t)
		node.DaemonSets = Request{}
		// The pod must fit the smaller node, or the share is cut off at 1.
		request.Scalar = nil
		request.MilliCPU = min(max(request.MilliCPU, 1), node.Allocatable.MilliCPU)
		request.Memory = min(max(request.Memory, 1), node.Allocatable.Memory)
		k := rapid.Int64Range(1, 1000).Draw(t, "k")
		big := node
		big.Price *= pricing.Money(k)
		big.Allocatable.MilliCPU *= k
		big.Allocatable.Memory *= k
		strategy := DominantShare(DefaultAgeExponent)
		if a, b := strategy(request, node), strategy(request, big); a.Dollars != b.Dollars {
			t.Fatalf("costs are %v and %v", a.Dollars, b.Dollars)
		}
	})
}
