// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"maps"
	"math"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// CostScoreArgs returns what the arguments of CostScore have to say in the
// world, for a policy to see the prices that are billed: its node fee and
// prepaid nodes.
func (w World) CostScoreArgs(pools []Pool) func(*config.CostScoreArgs) {
	fee := pricing.Money(0)
	if w.Capacity == CapacityNodeFee {
		fee = NodeFee
	}
	return Args(pools, fee)
}

// Args returns what the arguments of CostScore have to say for it to see the
// nodes of the pools at the prices that are billed: the fee, which the pools'
// prices hold, a rule for each pool with prepaid nodes, and trust in the
// annotations that ReadPools writes.
func Args(pools []Pool, fee pricing.Money) func(*config.CostScoreArgs) {
	return func(args *config.CostScoreArgs) {
		if fee > 0 {
			args.NodeFee = strconv.FormatFloat(fee.Dollars(), 'f', -1, 64)
		}
		for i := range pools {
			p := &pools[i]
			if _, ok := p.Template.Annotations[pricing.PriceAnnotation]; ok {
				args.TrustAnnotations = true
			}
			if p.Prepaid > 0 {
				args.Prepaid = append(args.Prepaid, config.PrepaidNodes{
					NodeSelector: metav1.LabelSelector{MatchLabels: selectorOf(pools, i)},
					Count:        int32(min(p.Prepaid, math.MaxInt32)),
				})
			}
		}
	}
}

// selectorOf returns the labels that tell the pool's nodes from those of all
// others: instance type and how the node is bought if they do, else all.
func selectorOf(pools []Pool, i int) map[string]string {
	all := pools[i].Template.Labels
	short := map[string]string{}
	if t, ok := all[instanceTypeLabel]; ok {
		short[instanceTypeLabel] = t
	}
	for j := range shops {
		if bought, ok := all[shops[j].capacityLabel]; ok {
			short[shops[j].capacityLabel] = bought
		}
	}
	for j := range pools {
		if j != i && holds(pools[j].Template.Labels, short) {
			return maps.Clone(all)
		}
	}
	return short
}

// holds reports whether the labels include all of selector.
func holds(labels, selector map[string]string) bool {
	for key, value := range selector {
		if have, ok := labels[key]; !ok || have != value {
			return false
		}
	}
	return true
}
