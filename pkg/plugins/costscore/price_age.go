// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/component-base/metrics"
)

var (
	priceAgeDesc = metrics.NewDesc(metricsSubsystem+"_price_age_seconds",
		"Age in seconds of the oldest data that the price of a node rests on now. Prices without a date, such as most annotations, have no age. Labeled by source of the price.",
		[]string{"source"}, nil, metrics.ALPHA, "")
	stalePricesDesc = metrics.NewDesc(metricsSubsystem+"_stale_prices",
		"Number of nodes whose price rests on data older than the argument maxPriceAge.",
		nil, nil, metrics.ALPHA, "")
)

// priceAges computes the ages of prices when they are scraped: an age grows
// without any event. One collector serves the plugins of all profiles.
type priceAges struct {
	metrics.BaseStableCollector

	mu      sync.Mutex
	plugins map[*CostScore]struct{}
}

func newPriceAges() *priceAges {
	return &priceAges{plugins: map[*CostScore]struct{}{}}
}

// add counts the nodes of a plugin in until ctx ends.
func (a *priceAges) add(ctx context.Context, pl *CostScore) {
	a.mu.Lock()
	a.plugins[pl] = struct{}{}
	a.mu.Unlock()
	context.AfterFunc(ctx, func() {
		a.mu.Lock()
		delete(a.plugins, pl)
		a.mu.Unlock()
	})
}

// DescribeWithStability sends what CollectWithStability may send.
func (a *priceAges) DescribeWithStability(ch chan<- *metrics.Desc) {
	ch <- priceAgeDesc
	ch <- stalePricesDesc
}

// CollectWithStability sends the highest age of each source, and the number of
// nodes whose price is stale in any profile.
func (a *priceAges) CollectWithStability(ch chan<- metrics.Metric) {
	oldest, stale := map[string]float64{}, sets.New[string]()
	a.mu.Lock()
	for pl := range a.plugins {
		pl.collectAges(oldest, stale)
	}
	a.mu.Unlock()
	for _, source := range slices.Sorted(maps.Keys(oldest)) {
		ch <- metrics.NewLazyConstMetric(priceAgeDesc, metrics.GaugeValue, oldest[source], source)
	}
	ch <- metrics.NewLazyConstMetric(stalePricesDesc, metrics.GaugeValue, float64(stale.Len()))
}

func (pl *CostScore) collectAges(oldest map[string]float64, stale sets.Set[string]) {
	if !pl.nodes.known() {
		return // asking the book now would give away prepaid slots too early
	}
	now := pl.clock.Now()
	for _, n := range pl.nodes.book.Prices() {
		if !n.Price.AsOf.IsZero() {
			source := string(n.Price.Source)
			oldest[source] = max(oldest[source], now.Sub(n.Price.AsOf).Seconds())
		}
		if n.Price.Stale {
			stale.Insert(n.Node.Name)
		}
	}
}
