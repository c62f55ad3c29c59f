// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/apis/config/hint"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// ScaleUp names a rule by which an autoscaler chooses what to buy.
type ScaleUp string

const (
	// LeastWaste buys what leaves least cpu and memory free, at any price:
	// cluster-autoscaler's default expander.
	LeastWaste ScaleUp = "least-waste"
	// CheapestFit buys the cheapest node that holds the pod that has waited
	// longest, a prepaid one first: as Karpenter does for a single pod.
	CheapestFit ScaleUp = "cheapest-fit"
	// RandomPool buys any node that will do: cluster-autoscaler's random
	// expander.
	RandomPool ScaleUp = "random"
)

// ScaleUps lists the rules.
var ScaleUps = []ScaleUp{LeastWaste, CheapestFit, RandomPool}

// expander chooses one of several options, of which there is at least one.
type expander func([]option, *simulation) option

func scaleUpOf(name ScaleUp) (expander, error) {
	switch name {
	case LeastWaste:
		return leastWaste, nil
	case CheapestFit:
		return cheapestFit, nil
	case RandomPool:
		return randomPool, nil
	default:
		return nil, unknownScaleUp(name)
	}
}

func unknownScaleUp(name ScaleUp) error {
	names := make([]string, len(ScaleUps))
	for i, n := range ScaleUps {
		names[i] = string(n)
	}
	text := fmt.Sprintf("scale-up %q is none of %s", name, strings.Join(names, ", "))
	if nearest := hint.Nearest(string(name), names); nearest != "" {
		text += fmt.Sprintf("; did you mean %q?", nearest)
	}
	return fmt.Errorf("%s", text)
}

// leastWaste leaves equal waste to chance, as cluster-autoscaler does.
func leastWaste(options []option, s *simulation) option {
	least := slices.MinFunc(options, func(a, b option) int { return cmp.Compare(a.wasted, b.wasted) })
	options = slices.DeleteFunc(options, func(o option) bool { return o.wasted > least.wasted })
	return options[s.random.IntN(len(options))]
}

// cheapestFit decides equal prices by the order of the pools.
func cheapestFit(options []option, s *simulation) option {
	price := func(o option) pricing.Money {
		if p := &s.pools[o.pool]; p.live < p.Prepaid {
			return 0
		}
		return s.bill.pools[o.pool].price
	}
	return slices.MinFunc(options, func(a, b option) int { return cmp.Compare(price(a), price(b)) })
}

func randomPool(options []option, s *simulation) option {
	return options[s.random.IntN(len(options))]
}
