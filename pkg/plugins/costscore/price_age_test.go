// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/component-base/metrics/testutil"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// ofType is a node of a type that the catalog has, by the labels that a cloud
// sets.
func ofType(name, instanceType string, change ...func(*v1.Node)) *v1.Node {
	n := node(name, "", label(v1.LabelTopologyRegion, "us-east-1"), label(v1.LabelInstanceTypeStable, instanceType))
	n.Spec.ProviderID = "aws:///us-east-1a/" + name
	for _, f := range change {
		f(n)
	}
	return n
}

func TestPriceAge(t *testing.T) {
	nodes := []*v1.Node{
		ofType("a", "m5.xlarge"), ofType("b", "m5.xlarge", label(spotLabel, "spot")), node("c", "0.10"),
		node("d", "0.10", annotation(pricing.AsOfAnnotation, testNow.Add(-time.Hour).Format(time.RFC3339))),
	}
	maxAge := func(args *config.CostScoreArgs) { args.MaxPriceAge.Duration = 24 * time.Hour }
	c := newCluster(t, nodes, nil, maxAge)
	ages := newPriceAges()
	ctx, cancel := context.WithCancel(t.Context())
	ages.add(ctx, c.plugin)
	ages.add(t.Context(), newCluster(t, nodes, nil, maxAge).plugin) // a second profile

	// Spot prices are of an older day than on-demand prices.
	age := testNow.Sub(c.plugin.nodes.price(nodes[1]).AsOf).Seconds()
	want := fmt.Sprintf(`
		# HELP scheduler_costscore_price_age_seconds [ALPHA] Age in seconds of the oldest data that the price of a node rests on now. Prices without a date, such as most annotations, have no age. Labeled by source of the price.
		# TYPE scheduler_costscore_price_age_seconds gauge
		scheduler_costscore_price_age_seconds{source="Annotation"} 3600
		scheduler_costscore_price_age_seconds{source="Catalog"} %v
		# HELP scheduler_costscore_stale_prices [ALPHA] Number of nodes whose price rests on data older than the argument maxPriceAge.
		# TYPE scheduler_costscore_stale_prices gauge
		scheduler_costscore_stale_prices 2
	`, age)
	if err := testutil.CustomCollectAndCompare(ages, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	cancel()
	waitFor(t, "the ended profile to be forgotten", func() bool {
		ages.mu.Lock()
		defer ages.mu.Unlock()
		return len(ages.plugins) == 1
	})
}
