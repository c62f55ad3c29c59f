// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// A new price counts in the very next cycle, also that of a node that did not
// change itself.
func TestNewPricesCountAtOnce(t *testing.T) {
	reserved := label("reserved", "yes")
	full := capacity(resources{"cpu": "4", "memory": "16Gi", "pods": "0"})
	maxAge := func(args *config.CostScoreArgs) {
		args.MaxPriceAge.Duration = time.Hour
		args.Prices = []config.NodePrice{{NodeSelector: metav1.LabelSelector{MatchLabels: map[string]string{"rule": "yes"}}, HourlyPrice: "0.40"}}
	}
	asOf := annotation(pricing.AsOfAnnotation, testNow.Add(-30*time.Minute).Format(time.RFC3339))
	created := func(n *v1.Node) { n.CreationTimestamp = metav1.NewTime(testNow) }

	tests := map[string]struct {
		args  []func(*config.CostScoreArgs)
		nodes []*v1.Node
		// to replaces the node of its name; nil for nothing.
		to *v1.Node
		// removed is a node that goes.
		removed string
		// passes is the time until the next cycle.
		passes        time.Duration
		before, after string
	}{
		"an annotation is raised": {
			nodes: []*v1.Node{node("a", "0.10"), node("b", "0.20")},
			to:    node("a", "0.30"), before: "a", after: "b",
		},
		"an annotation is lowered": {
			nodes: []*v1.Node{node("a", "0.10"), node("b", "0.20")},
			to:    node("b", "0.05"), before: "a", after: "b",
		},
		"an annotation goes": {
			args:  []func(*config.CostScoreArgs){noEstimates},
			nodes: []*v1.Node{node("a", "0.10"), node("b", "0.20"), node("c", "0.90", full)},
			to:    node("a", ""), before: "a", after: "b",
		},
		"a prepaid node goes": {
			args:    []func(*config.CostScoreArgs){prepaid(1, config.StrategyDominantShare)},
			nodes:   []*v1.Node{node("a", "8", reserved), node("b", "9", reserved, created), node("c", "0.01")},
			removed: "a", before: "a", after: "b",
		},
		"a prepaid node loses its slot": {
			args:  []func(*config.CostScoreArgs){prepaid(1, config.StrategyDominantShare)},
			nodes: []*v1.Node{node("a", "9", reserved), node("b", "8", reserved, created), node("c", "0.01")},
			to:    node("a", "9"), before: "a", after: "b",
		},
		"a node comes to match a prepaid rule": {
			args:  []func(*config.CostScoreArgs){prepaid(1, config.StrategyDominantShare)},
			nodes: []*v1.Node{node("a", "9"), node("b", "8"), node("c", "0.01")},
			to:    node("a", "9", reserved), before: "c", after: "a",
		},
		"a price becomes stale": {
			args:   []func(*config.CostScoreArgs){maxAge},
			nodes:  []*v1.Node{node("a", "0.10", asOf, label("rule", "yes")), node("b", "0.20")},
			passes: 30 * time.Minute, before: "a", after: "b",
		},
		"a price is about to become stale": {
			args:   []func(*config.CostScoreArgs){maxAge},
			nodes:  []*v1.Node{node("a", "0.10", asOf, label("rule", "yes")), node("b", "0.20")},
			passes: 30*time.Minute - 1, before: "a", after: "a",
		},
		"the median rises": {
			args:  []func(*config.CostScoreArgs){noEstimates},
			nodes: []*v1.Node{node("full", "0.20", full), node("b", "0.30"), node("median", "")},
			to:    node("full", "0.60", full), before: "median", after: "b",
		},
		"the median falls": {
			args:  []func(*config.CostScoreArgs){noEstimates},
			nodes: []*v1.Node{node("full", "0.60", full), node("b", "0.30"), node("median", "")},
			to:    node("full", "0.20", full), before: "b", after: "median",
		},
		"the median loses a node": {
			args:    []func(*config.CostScoreArgs){noEstimates},
			nodes:   []*v1.Node{node("full", "0.20", full), node("b", "0.30"), node("c", "0.90", full), node("median", ""), node("d", "0.21", full)},
			removed: "c", before: "median", after: "median",
		},
	}
	for name, tt := range tests {
		for order, cacheFirst := range map[string]bool{"the cache first": true, "the plugin first": false} {
			t.Run(name+", "+order, func(t *testing.T) {
				l := newLive(t, tt.nodes, tt.args...)
				if got := l.cycle(t, pod("p").Obj()).found; got != tt.before {
					t.Fatalf("got node %q at first, want %q", got, tt.before)
				}
				l.pass(tt.passes)
				for i, was := range tt.nodes {
					var cache, plugin func()
					switch {
					case tt.to != nil && was.Name == tt.to.Name:
						cache = func() { l.cache.UpdateNode(l.logger, was, tt.to) }
						plugin = func() { l.cluster.update(t, was, tt.to) }
					case was.Name == tt.removed:
						cache = func() { l.must(t, l.cache.RemoveNode(l.logger, tt.nodes[i])) }
						plugin = func() { l.remove(t, was, was) }
					default:
						continue
					}
					if cacheFirst {
						cache()
						plugin()
					} else {
						plugin()
						cache()
					}
				}
				if got := l.cycle(t, pod("p").Obj()).found; got != tt.after {
					t.Errorf("got node %q, want %q", got, tt.after)
				}
				l.wantAsAnew(t, pod("p").Obj())
			})
		}
	}
}
