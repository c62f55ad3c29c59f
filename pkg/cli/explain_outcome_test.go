// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	fwk "k8s.io/kube-scheduler/framework"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/simulator/placer"
)

// fits is a node on which the pod costs dollars per hour.
func fits(name string, dollars float64, total int64, scores ...fwk.PluginScore) placer.Verdict {
	price := pricing.Price{PerHour: pricing.Dollar, Source: pricing.SourceCatalog}
	return placer.Verdict{Node: name, Price: price, Cost: costmodel.Cost{Dollars: dollars, List: dollars, Share: dollars, AgeFactor: 1}, Total: total, Scores: scores}
}

func ruledOut(name, plugin, reason string) placer.Verdict {
	v := fits(name, 0.5, 0)
	v.Plugin, v.Reason = plugin, reason
	return v
}

func unknown(name string, total int64) placer.Verdict {
	return placer.Verdict{Node: name, Price: pricing.Price{Source: pricing.SourceUnknown}, Total: total}
}

func prepaid(name string, total int64) placer.Verdict {
	v := fits(name, 0.1, total)
	v.Price.Prepaid, v.Cost.Prepaid, v.Cost.Dollars = true, true, 0
	return v
}

func TestOutcome(t *testing.T) {
	tests := []struct {
		name     string
		current  string
		verdicts []placer.Verdict
		want     string
	}{
		{
			"cheapest", "", []placer.Verdict{fits("b", 0.2, 9), fits("a", 0.1, 10), ruledOut("c", "NodeAffinity", "no match")},
			"pod s/p would run on a, the cheapest of 2 nodes that fit, for $0.100000 per hour; 1 ruled out: 1 by NodeAffinity (no match)",
		},
		{
			"the only one", "", []placer.Verdict{fits("a", 0.1, 10)},
			"pod s/p would run on a, the only node that fits, for $0.100000 per hour",
		},
		{
			"equal nodes", "", []placer.Verdict{fits("b", 0.1, 10), fits("a", 0.1, 10), fits("c", 0.2, 9)},
			"pod s/p would run on a or b, one of the 2 equally cheap as the cheapest of 3 nodes that fit, for $0.100000 per hour",
		},
		{
			"many equal nodes", "", []placer.Verdict{fits("d", 0.1, 10), fits("c", 0.1, 10), fits("b", 0.1, 10), fits("a", 0.1, 10)},
			"pod s/p would run on one of 4 equal nodes such as a, one of the 4 equally cheap as the cheapest of 4 nodes that fit, for $0.100000 per hour",
		},
		{
			"another plugin outweighs cost", "", []placer.Verdict{
				fits("a", 0.3, 110, fwk.PluginScore{Name: "NodeAffinity", Score: 100}, fwk.PluginScore{Name: "CostScore", Score: 10}),
				fits("b", 0.2, 50, fwk.PluginScore{Name: "CostScore", Score: 50}), fits("c", 0.1, 60, fwk.PluginScore{Name: "CostScore", Score: 60}),
			},
			"pod s/p would run on a, the 3rd cheapest of 3 nodes that fit, for $0.300000 per hour; c costs $0.100000, but NodeAffinity is against it",
		},
		{
			"prepaid", "", []placer.Verdict{prepaid("a", 10), fits("b", 0.01, 9)},
			"pod s/p would run on a, the cheapest of 2 nodes that fit, for nothing, since the node is prepaid",
		},
		{
			"unknown price", "", []placer.Verdict{unknown("a", 10)},
			"pod s/p would run on a, number 1 of 1 node that fits, whose price is not known",
		},
		{
			"no node fits, many reasons", "", []placer.Verdict{
				ruledOut("a", "P", "one"), ruledOut("b", "P", "two"), ruledOut("c", "P", "two"), ruledOut("d", "P", "three"), ruledOut("e", "P", "four"), ruledOut("f", "P", "five"),
			},
			"pod s/p fits on no node; 6 ruled out: 2 by P (two), 1 by P (five), 1 by P (four), and 2 more reasons",
		},
		{
			"runs on the best", "a", []placer.Verdict{fits("a", 0.1, 10), fits("b", 0.2, 9)},
			"pod s/p runs on a, the cheapest of 2 nodes that fit, for $0.100000 per hour",
		},
		{
			"runs elsewhere", "b", []placer.Verdict{fits("a", 0.1, 10), fits("b", 0.2, 9)},
			"pod s/p runs on b, the 2nd cheapest of 2 nodes that fit, for $0.200000 per hour; it would now be put on a, for $0.100000 per hour",
		},
		{
			"runs where it does not fit any more", "a", []placer.Verdict{ruledOut("a", "TaintToleration", "taint")},
			"pod s/p runs on a, which is ruled out now: TaintToleration: taint; 1 ruled out: 1 by TaintToleration (taint)",
		},
		{
			"its node is gone", "z", []placer.Verdict{fits("a", 0.1, 10)},
			"pod s/p is bound to z, which is not there any more",
		},
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "s", Name: "p"}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := explainReport(pod, tt.current, "profile", tt.verdicts, time.Time{}).Outcome; got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestOrdinal(t *testing.T) {
	for n, want := range map[int]string{1: "", 2: "2nd ", 3: "3rd ", 4: "4th ", 11: "11th ", 12: "12th ", 21: "21st ", 113: "113th ", 122: "122nd "} {
		if got := ordinal(n); got != want {
			t.Errorf("ordinal(%d) = %q, want %q", n, got, want)
		}
	}
}
