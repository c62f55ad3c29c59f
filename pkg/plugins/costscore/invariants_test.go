// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	fwk "k8s.io/kube-scheduler/framework"
	schedconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"pgregory.net/rapid"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
	_ "github.com/tollgate-dev/tollgate/test/seed"
)

// drawNodes draws nodes of some sizes and prices, in millionths of a dollar;
// a price of 0 is one that is not known.
func drawNodes(t *rapid.T) (nodes []*v1.Node, prices []int64) {
	prices = rapid.SliceOfN(rapid.Int64Range(0, 50), 2, 130).Draw(t, "prices")
	cores := rapid.SliceOfN(rapid.IntRange(1, 4), len(prices), len(prices)).Draw(t, "cores")
	for i := range prices {
		prices[i] *= 1000
	}
	return nodesOf(prices, cores, 1), prices
}

func nodesOf(prices []int64, cores []int, factor int64) []*v1.Node {
	var nodes []*v1.Node
	for i, price := range prices {
		value := ""
		if price > 0 {
			value = fmt.Sprintf("%d.%06d", price*factor/1_000_000, price*factor%1_000_000)
		}
		nodes = append(nodes, node(fmt.Sprintf("n%03d", i), value, capacity(resources{
			"cpu": fmt.Sprint(cores[i] * 2), "memory": fmt.Sprintf("%dGi", cores[i]*8), "pods": "110",
		})))
	}
	return nodes
}

func drawStrategy(t *rapid.T) func(*config.CostScoreArgs) {
	strategy := rapid.SampledFrom(config.Strategies).Draw(t, "strategy")
	return func(args *config.CostScoreArgs) {
		args.Strategy, args.Estimate = strategy, new(bool)
		args.TrustAnnotations = true // as prices are drawn, some are far from any estimate
	}
}

func TestOrderOfNodesChangesNothing(outer *testing.T) {
	rapid.Check(outer, func(t *rapid.T) {
		nodes, _ := drawNodes(t)
		c := newCluster(outer, nodes, nil, drawStrategy(t))
		seed := rapid.Int64().Draw(t, "seed")
		want := c.place(outer, pod("p").Obj())
		got := c.place(outer, pod("p").Obj(), func(infos []fwk.NodeInfo) {
			rand.New(rand.NewSource(seed)).Shuffle(len(infos), func(i, j int) { infos[i], infos[j] = infos[j], infos[i] })
		})
		if diff := cmp.Diff(want.costScores, got.costScores); diff != "" {
			t.Fatalf("scores depend on the order (-want, +got):\n%s", diff)
		}
		if diff := cmp.Diff(want.best, got.best); diff != "" {
			t.Fatalf("decisions depend on the order (-want, +got):\n%s", diff)
		}
	})
}

// All nodes have a price of their own: one made from the median is rounded to a
// micro-dollar, and in proportion up to that only.
func TestScalingAllPricesChangesNothing(outer *testing.T) {
	rapid.Check(outer, func(t *rapid.T) {
		prices := rapid.SliceOfN(rapid.Int64Range(1, 50), 2, 40).Draw(t, "prices")
		cores := rapid.SliceOfN(rapid.IntRange(1, 4), len(prices), len(prices)).Draw(t, "cores")
		strategy := drawStrategy(t)
		// Powers of two keep float64 costs exactly in proportion.
		factor := rapid.SampledFrom([]int64{2, 16, 1024}).Draw(t, "factor")
		want := newCluster(outer, nodesOf(prices, cores, 1), nil, strategy).place(outer, pod("p").Obj())
		got := newCluster(outer, nodesOf(prices, cores, factor), nil, strategy).place(outer, pod("p").Obj())
		if diff := cmp.Diff(want.best, got.best); diff != "" {
			t.Fatalf("decisions depend on the currency (-want, +got):\n%s", diff)
		}
	})
}

func TestDearerTwinNeverWins(outer *testing.T) {
	rapid.Check(outer, func(t *rapid.T) {
		nodes, prices := drawNodes(t)
		of := rapid.IntRange(0, len(nodes)-1).Draw(t, "of")
		if prices[of] == 0 {
			t.Skip("a price that is not known has no dearer one")
		}
		twin := nodes[of].DeepCopy()
		twin.Name = "twin"
		twin.Annotations[pricing.PriceAnnotation] = fmt.Sprintf("0.%06d", prices[of]+1)
		got := newCluster(outer, append(nodes, twin), nil, drawStrategy(t)).place(outer, pod("p").Obj())
		for _, name := range got.best {
			if name == "twin" {
				t.Fatalf("the dearer twin of %s is among the best: %v", nodes[of].Name, got.best)
			}
		}
	})
}

// Without any price, decisions are those of the profile without CostScore.
func TestNoPricesDecideNothing(outer *testing.T) {
	rapid.Check(outer, func(t *rapid.T) {
		cores := rapid.SliceOfN(rapid.IntRange(1, 4), 2, 40).Draw(t, "cores")
		nodes := nodesOf(make([]int64, len(cores)), cores, 1)
		var pods []*v1.Pod
		for i, n := range nodes {
			if rapid.Bool().Draw(t, "used") {
				pods = append(pods, on(n.Name, fmt.Sprint("used", i), time.Hour))
			}
		}
		with := newCluster(outer, nodes, pods, drawStrategy(t))
		got := with.place(outer, pod("p").Obj())
		if got.costScores != nil {
			t.Fatalf("got scores %v, want none", got.costScores)
		}
		want := newClusterOf(outer, nodes, pods, func(p *schedconfig.KubeSchedulerProfile) {
			p.Plugins.MultiPoint.Enabled = slices.DeleteFunc(p.Plugins.MultiPoint.Enabled, func(p schedconfig.Plugin) bool { return p.Name == Name })
		}).place(outer, pod("p").Obj())
		if diff := cmp.Diff(want.best, got.best); diff != "" {
			t.Fatalf("decisions depend on CostScore (-without, +with):\n%s", diff)
		}
	})
}
