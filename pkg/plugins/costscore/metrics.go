// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"sync"

	"k8s.io/component-base/metrics"
	"k8s.io/component-base/metrics/legacyregistry"
)

const metricsSubsystem = "scheduler_costscore"

var (
	priceLookups = metrics.NewCounterVec(&metrics.CounterOpts{
		Subsystem:      metricsSubsystem,
		Name:           "price_lookups_total",
		Help:           "Number of times the price of a node was worked out: when it appears, after each change of it, when the price becomes stale, and for a former state that it is compared with. Labeled by source: Annotation, Rule, Catalog, Estimate or Unknown.",
		StabilityLevel: metrics.ALPHA,
	}, []string{"source"})

	priceProblems = metrics.NewCounterVec(&metrics.CounterOpts{
		Subsystem:      metricsSubsystem,
		Name:           "price_problems_total",
		Help:           "Number of price annotations that could not be used, once per Node and value. Labeled by annotation: the key, one of those configured or the companion that dates it.",
		StabilityLevel: metrics.ALPHA,
	}, []string{"annotation"})

	searches = metrics.NewCounterVec(&metrics.CounterOpts{
		Subsystem:      metricsSubsystem,
		Name:           "searches_total",
		Help:           "Number of scheduling cycles. Labeled by reason: why all nodes were compared; empty if the node came from the index.",
		StabilityLevel: metrics.ALPHA,
	}, []string{"reason"})

	misses = metrics.NewCounter(&metrics.CounterOpts{
		Subsystem:      metricsSubsystem,
		Name:           "search_misses_total",
		Help:           "Number of nodes from the index that were then rejected. It has to stay 0: each is a pod that waits longer than it needs to, and a fault to report.",
		StabilityLevel: metrics.ALPHA,
	})

	classes = metrics.NewGaugeVec(&metrics.GaugeOpts{
		Subsystem:      metricsSubsystem,
		Name:           "index_classes",
		Help:           "Number of different kinds of nodes in the index: price, size, DaemonSets and taints. Each is looked at for every pod. Labeled by profile.",
		StabilityLevel: metrics.ALPHA,
	}, []string{"profile"})

	ages = newPriceAges()

	registerOnce sync.Once
)

// registerMetrics may be called for every profile.
func registerMetrics() {
	registerOnce.Do(func() {
		legacyregistry.MustRegister(priceLookups, priceProblems, searches, misses, classes)
		legacyregistry.CustomMustRegister(ages)
	})
}
