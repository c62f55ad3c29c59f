// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"time"

	"k8s.io/component-base/metrics"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// collectTimeout bounds what a scrape waits for the cache. Prometheus gives up after ten seconds.
const collectTimeout = 5 * time.Second

// collector tells what the objects in the cache say, when it is asked.
type collector struct {
	metrics.BaseStableCollector

	reader  client.Reader
	options Options
	elected <-chan struct{}
}

var _ metrics.StableCollector = (*collector)(nil)

var (
	secretsHealthyDesc = metrics.NewDesc(subsystem+"_secrets_watch_healthy",
		"1 while every TLS Secret can be judged, else 0: the Secrets are not listed yet, or the permission to read them is missing. Every replica tells.",
		nil, nil, metrics.ALPHA, "")

	descs = []*metrics.Desc{
		certificatesDesc, expirationDesc, renewalDesc, issuingDesc, rateLimitDesc, deadlockedDesc, issuersDesc,
		heldDesc, oldestHeldDesc, secretsHealthyDesc,
	}
)

// DescribeWithStability implements metrics.StableCollector.
func (c *collector) DescribeWithStability(ch chan<- *metrics.Desc) {
	for _, d := range descs {
		ch <- d
	}
}

// CollectWithStability implements metrics.StableCollector.
func (c *collector) CollectWithStability(ch chan<- metrics.Metric) {
	send := func(d *metrics.Desc, value float64, labels ...string) {
		ch <- metrics.NewLazyConstMetric(d, metrics.GaugeValue, value, labels...)
	}
	healthy := 0.0
	if c.options.SecretsStatus() == nil {
		healthy = 1
	}
	send(secretsHealthyDesc, healthy)
	if !leads(c.elected) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), collectTimeout)
	defer cancel()
	for _, collect := range []func(context.Context, sender) error{c.certificates, c.issuers, c.pods} {
		if err := collect(ctx, send); err != nil {
			klog.FromContext(ctx).Error(err, "Reading the cache for metrics; some are missing in this scrape")
		}
	}
}

// sender sends one gauge.
type sender func(d *metrics.Desc, value float64, labels ...string)
