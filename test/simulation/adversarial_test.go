// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulation_test

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/simulator"
	"github.com/tollgate-dev/tollgate/pkg/simulator/experiment"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
)

// chance is a number from 0 to 99 that depends on the name alone.
func chance(name string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(name))
	return h.Sum32() % 100
}

// trouble is what is wrong with the prices.
type trouble struct {
	world string // plain unless it is set
	do    func(*experiment.Setting)
	args  func(*config.CostScoreArgs)
	// same says that every pod goes where it goes without the trouble.
	same bool
}

func onEachNode(f func(n *corev1.Node, p *pool.Pool)) func(*experiment.Setting) {
	return func(s *experiment.Setting) {
		s.OnNode = func(n *corev1.Node) { f(n, poolOf(s.Pools, n)) }
	}
}

// wrong multiplies the annotated prices of 5% of the nodes.
func wrong(by pricing.Money) func(*experiment.Setting) {
	return onEachNode(func(n *corev1.Node, p *pool.Pool) {
		switch chance(n.Name) {
		case 0, 1, 2:
			annotate(n, p.Price*by)
		case 3, 4:
			annotate(n, p.Price/by)
		}
	})
}

// old annotates every node with a price of 30 days ago, when each pool was up to
// 20% cheaper or dearer.
func old(n *corev1.Node, p *pool.Pool) {
	annotate(n, p.Price*pricing.Money(80+chance(p.Name)*40/99)/100)
	n.Annotations[pricing.PriceAnnotation+pricing.AsOfSuffix] = n.CreationTimestamp.Add(-30 * 24 * time.Hour).Format(time.RFC3339)
}

func oneDay(args *config.CostScoreArgs) { args.MaxPriceAge.Duration = 24 * time.Hour }

// spike makes spot nodes three times as dear for the middle third of the run.
func spike(s *experiment.Setting) {
	third := s.Workload.Duration() / 3
	for i := range s.Pools {
		if p := &s.Pools[i]; p.CapacityType == pricing.CapacityTypeSpot {
			s.PriceChanges = append(s.PriceChanges,
				simulator.PriceChange{At: third, Pool: i, Price: 3 * p.Price}, simulator.PriceChange{At: 2 * third, Pool: i, Price: p.Price})
		}
	}
}

// jitter changes every price by up to 5% up or down each minute.
func jitter(s *experiment.Setting) {
	random := rand.New(rand.NewPCG(s.Seed, 5))
	for at := time.Minute; at < s.Workload.Duration(); at += time.Minute {
		for i := range s.Pools {
			price := s.Pools[i].Price * pricing.Money(950+random.IntN(101)) / 1000
			s.PriceChanges = append(s.PriceChanges, simulator.PriceChange{At: at, Pool: i, Price: price})
		}
	}
}

const halfSpot = "aws/least-waste/half-spot"

// Measured with three seeds, in parts of MostAllocated's bill: 0.954 without
// trouble; 0.965 without labels on 20%, 0.968 with 5% nine times wrong, 0.947 with
// old prices that are up to 20% wrong, 1 without any price; 0.875 with spot, and
// 0.968 where spot prices treble.
var troubles = map[string]trouble{
	"none, with spot": {world: halfSpot},
	"no labels on 20% of the nodes": {do: onEachNode(func(n *corev1.Node, _ *pool.Pool) {
		if chance(n.Name) < 20 {
			unpriced(n)
		}
	})},
	// The guard against prices more than ten times the catalog's or below a tenth.
	"5% eleven times wrong": {do: wrong(11), same: true},
	// These it lets through.
	"5% nine times wrong": {do: wrong(9)},
	// Prices that are too old give way to the catalog's, if it has one.
	"30 days old": {do: onEachNode(old), args: oneDay, same: true},
	"30 days old, not in the catalog": {args: oneDay, do: onEachNode(func(n *corev1.Node, p *pool.Pool) {
		old(n, p)
		unpriced(n)
	})},
	"spot prices treble for a third of the time": {world: halfSpot, do: spike},
	"no price at all": {args: noEstimates, do: onEachNode(func(n *corev1.Node, _ *pool.Pool) { unpriced(n) })},
}

const seeds = 3

// newTrouble is a setting in trouble.
func newTrouble(t *testing.T, tr *trouble, seed uint64) *experiment.Setting {
	t.Helper()
	s := newBusySetting(t, cmp.Or(tr.world, plain), seed)
	if tr.do != nil {
		tr.do(s)
	}
	return s
}

var steady = map[uint64]*outcome{}

// newSteady is the run in which nothing happens to prices.
func newSteady(t *testing.T, seed uint64) *outcome {
	t.Helper()
	if steady[seed] == nil {
		steady[seed] = run(t, newBusySetting(t, plain, seed), profiles.DominantShare, options{})
	}
	return steady[seed]
}

// Whatever happens to prices, CostScore costs no more than packing without them
// does, as a mean over workloads. That is no law for a single
// workload: which node the autoscaler happens to buy next makes 5% and more.
func TestTroubleWithPrices(t *testing.T) {
	packed := map[string]float64{} // dollars by world, seed and price changes
	for _, name := range slices.Sorted(maps.Keys(troubles)) {
		t.Run(name, func(t *testing.T) {
			tr := troubles[name]
			sum, sumPacked := 0.0, 0.0
			for seed := uint64(1); seed <= seeds; seed++ {
				s := newTrouble(t, &tr, seed)
				key := fmt.Sprint(tr.world, seed, len(s.PriceChanges))
				if packed[key] == 0 {
					packed[key] = run(t, s, profiles.MostAllocated, options{}).Dollars
				}
				r := run(t, s, profiles.DominantShare, options{args: tr.args})
				t.Logf("seed %d: %.2f dollars, %.4f of MostAllocated's", seed, r.Dollars, r.Dollars/packed[key])
				sum, sumPacked = sum+r.Dollars, sumPacked+packed[key]
				if d := difference(newSteady(t, seed), r); tr.same != (d == "") {
					t.Errorf("seed %d: want the same placements as without trouble: %v; the first that differs: %q", seed, tr.same, d)
				}
			}
			t.Logf("mean: %.4f of MostAllocated's", sum/sumPacked)
			if sum > 1.01*sumPacked {
				t.Errorf("costs %.4f of what MostAllocated does, want 1.01 at most", sum/sumPacked)
			}
		})
	}
}

// Prices that go up and down by 5% each minute make no pod move, and buy no more
// nodes to speak of. Measured: 0.991 of the dollars,
// 1.05 of the nodes.
func TestJitter(t *testing.T) {
	var dollars, before float64
	var bought, boughtBefore int
	for seed := uint64(1); seed <= seeds; seed++ {
		s := newBusySetting(t, plain, seed)
		steady := newSteady(t, seed)
		jitter(s)
		r := run(t, s, profiles.DominantShare, options{})
		t.Logf("seed %d: %.2f dollars and %d nodes, %.2f and %d without", seed, r.Dollars, r.NodesBought, steady.Dollars, steady.NodesBought)
		dollars, before = dollars+r.Dollars, before+steady.Dollars
		bought, boughtBefore = bought+r.NodesBought, boughtBefore+steady.NodesBought
		if r.Evictions > 0 || r.Placements != len(s.Workload.Pods) {
			t.Errorf("seed %d: %d evictions, %d placements of %d pods", seed, r.Evictions, r.Placements, len(s.Workload.Pods))
		}
	}
	t.Logf("dollars %.4f, nodes %.4f of those without", dollars/before, float64(bought)/float64(boughtBefore))
	if math.Abs(dollars/before-1) > 0.03 || float64(bought) > 1.08*float64(boughtBefore) {
		t.Errorf("%.2f dollars and %d nodes, %.2f and %d without", dollars, bought, before, boughtBefore)
	}
}
