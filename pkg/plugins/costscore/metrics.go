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
		Help:           "Number of times the price of a node was looked up: once per Node and again after each change of it. Labeled by source: Annotation, Catalog, Estimate or Unknown.",
		StabilityLevel: metrics.ALPHA,
	}, []string{"source"})

	priceProblems = metrics.NewCounterVec(&metrics.CounterOpts{
		Subsystem:      metricsSubsystem,
		Name:           "price_problems_total",
		Help:           "Number of price annotations that could not be read, once per Node and value. Labeled by annotation: the key, one of those configured.",
		StabilityLevel: metrics.ALPHA,
	}, []string{"annotation"})

	registerOnce sync.Once
)

// registerMetrics may be called for every profile.
func registerMetrics() {
	registerOnce.Do(func() {
		legacyregistry.MustRegister(priceLookups, priceProblems)
	})
}
