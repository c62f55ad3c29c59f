// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"context"
	"sync"

	"k8s.io/component-base/metrics"
)

var watchHealthDesc = metrics.NewDesc(subsystem+"_certgate_secrets_watch_healthy",
	"1 while every TLS Secret that the plugin watches can be judged, else 0: not listed yet, not heard of for minutes, or forbidden. Absent with source PodCondition.",
	nil, nil, metrics.ALPHA, "")

// watchHealth tells at each scrape how the Secret watches of all profiles are.
type watchHealth struct {
	metrics.BaseStableCollector

	mu      sync.Mutex
	sources map[watched]struct{}
}

// watched is what is asked of a tlssecrets.Source.
type watched interface {
	// Status returns nil while every TLS Secret is known.
	Status() error
}

// add counts a source in until ctx ends.
func (h *watchHealth) add(ctx context.Context, s watched) {
	h.mu.Lock()
	h.sources[s] = struct{}{}
	h.mu.Unlock()
	context.AfterFunc(ctx, func() {
		h.mu.Lock()
		delete(h.sources, s)
		h.mu.Unlock()
	})
}

// DescribeWithStability implements metrics.StableCollector.
func (*watchHealth) DescribeWithStability(ch chan<- *metrics.Desc) { ch <- watchHealthDesc }

// CollectWithStability implements metrics.StableCollector.
func (h *watchHealth) CollectWithStability(ch chan<- metrics.Metric) {
	h.mu.Lock()
	healthy, watching := 1.0, len(h.sources) > 0
	for s := range h.sources {
		if s.Status() != nil {
			healthy = 0
		}
	}
	h.mu.Unlock()
	if watching {
		ch <- metrics.NewLazyConstMetric(watchHealthDesc, metrics.GaugeValue, healthy)
	}
}
