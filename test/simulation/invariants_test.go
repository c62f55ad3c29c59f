// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulation_test

import (
	"slices"
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/simulator/experiment"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
)

func annotate(node *corev1.Node, price pricing.Money) {
	if node.Annotations == nil {
		node.Annotations = map[string]string{}
	}
	node.Annotations[pricing.PriceAnnotation] = strconv.FormatFloat(price.Dollars(), 'f', 6, 64)
}

// scaled returns the setting with k times the prices of all pools, or of all
// but the first of every so many, as annotations.
func scaled(in *experiment.Setting, k pricing.Money, but int) *experiment.Setting {
	s := *in
	s.Pools = slices.Clone(in.Pools)
	for i := range s.Pools {
		if but == 0 || i%but > 0 {
			s.Pools[i].Price *= k
		}
	}
	s.OnNode = func(n *corev1.Node) { annotate(n, poolOf(s.Pools, n).Price) }
	return &s
}

// difference says where two runs begin to differ, "" for never.
func difference(a, b *outcome) string {
	for i := range min(len(a.placements), len(b.placements)) {
		if x, y := a.placements[i], b.placements[i]; x != y {
			return "placement " + x.pod + " on " + x.node + ", " + y.pod + " on " + y.node
		}
	}
	if len(a.placements) != len(b.placements) {
		return "one run has more placements"
	}
	return ""
}

// All prices times k: in another currency, every pod goes where it went.
func TestScaledPricesChangeNothing(t *testing.T) {
	for _, world := range []string{plain, "aws/cheapest-fit-consolidation/half-spot", "aws/random/prepaid"} {
		for _, policy := range []string{profiles.DominantShare, profiles.DominantShareLifetimes, profiles.NodePrice} {
			t.Run(world+"/"+policy, func(t *testing.T) {
				s := newSetting(t, world, 3, 1)
				once := run(t, scaled(s, 1, 0), policy, options{})
				for _, k := range []pricing.Money{3, 7} {
					more := run(t, scaled(s, k, 0), policy, options{})
					if d := difference(once, more); d != "" {
						t.Errorf("prices x %d: %s", k, d)
					}
					if ratio := more.Dollars / once.Dollars / float64(k); ratio < 1-1e-9 || ratio > 1+1e-9 {
						t.Errorf("prices x %d: the bill is %v, and %v before", k, more.Dollars, once.Dollars)
					}
				}
				if difference(once, run(t, scaled(s, 7, 2), policy, options{})) == "" {
					t.Error("other proportions change nothing either: this tests nothing")
				}
			})
		}
	}
}

// unpriced takes the labels off nodes that prices are found by.
func unpriced(n *corev1.Node) { delete(n.Labels, corev1.LabelInstanceTypeStable) }

func noEstimates(args *config.CostScoreArgs) { args.Estimate = new(bool) }

// With no price at all, every pod goes where it goes without CostScore.
func TestWithoutPricesNothingChanges(t *testing.T) {
	for _, world := range []string{plain, "aws/least-waste-consolidation/half-spot"} {
		t.Run(world, func(t *testing.T) {
			s := newSetting(t, world, 4, 1)
			priced := run(t, s, profiles.DominantShare, options{args: noEstimates})
			s.OnNode = unpriced
			packed := run(t, s, profiles.MostAllocated, options{})
			for _, policy := range []string{profiles.DominantShare, profiles.DominantShareNoAge, profiles.DominantShareLifetimes} {
				if d := difference(packed, run(t, s, policy, options{args: noEstimates})); d != "" {
					t.Errorf("%s: %s", policy, d)
				}
			}
			if difference(packed, priced) == "" {
				t.Error("with prices every pod goes there too: this tests nothing")
			}
		})
	}
}

// The same configuration gives the same run.
func TestRunsAreDeterministic(t *testing.T) {
	for _, policy := range profiles.Names() {
		t.Run(policy, func(t *testing.T) {
			s := newSetting(t, "aws/random-consolidation/half-spot", 3, 3)
			first := run(t, s, policy, options{})
			// Another of everything: workload, pools, scheduler.
			second := run(t, newSetting(t, "aws/random-consolidation/half-spot", 3, 3), policy, options{})
			if d := difference(first, second); d != "" {
				t.Error(d)
			}
			checkEqual(t, first.Result, second.Result)
			other := run(t, newSetting(t, "aws/random-consolidation/half-spot", 3, 4), policy, options{})
			if difference(first, other) == "" {
				t.Error("another seed gives the same run: this tests nothing")
			}
		})
	}
}
