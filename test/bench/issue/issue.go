// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"

	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

// issueTimes are what a controller took to issue certificates from nothing.
type issueTimes struct {
	certs int
	// took is from the beginning of the first request that creates a TLSCertificate until the last is Ready.
	took time.Duration
	// ready is for each TLSCertificate, in seconds, from the beginning of the request that creates it until it is Ready.
	ready []float64
	used  usage
}

// issue has n certificates issued by a controller that has nothing else to do.
func (b *bench) issue(ctx context.Context, p *controller, n int) (*issueTimes, error) {
	before, err := p.usage(ctx)
	if err != nil {
		return nil, err
	}
	begun, err := b.create(ctx, p.cluster, 0, n)
	if err != nil {
		return nil, err
	}
	if err := b.awaitReady(ctx, p.cluster, n); err != nil {
		return nil, err
	}
	t := &issueTimes{certs: n}
	first, last := begun[0], begun[0]
	for i, at := range begun {
		ready := p.cluster.ready.at(certificateKey(i))
		t.ready = append(t.ready, ready.Sub(at).Seconds())
		if at.Before(first) {
			first = at
		}
		if ready.After(last) {
			last = ready
		}
	}
	t.took = last.Sub(first)
	// What comes after a certificate is Ready, such as events and cleaning up, is part of the price.
	if _, err := p.awaitIdle(ctx, b.quiet); err != nil {
		return nil, err
	}
	after, err := p.usage(ctx)
	if err != nil {
		return nil, err
	}
	t.used = usage{cpu: after.cpu - before.cpu, memory: after.memory, requests: after.requests.minus(before.requests)}
	b.progress.Say("%d certificates in %s; requests for each: %s", n, t.took.Round(time.Millisecond), t.used.requests.describe(float64(n)))
	return t, nil
}

// entries are named kind/<measure>. The baselines are of a certain number of certificates and apply to no other.
func (t *issueTimes) entries(kind string, baseline map[string]float64) []measure.Entry {
	n := float64(t.certs)
	entries := []measure.Entry{
		newEntry(kind+"/certs_per_second", "1/s", n/t.took.Seconds(), t.certs),
		newEntry(kind+"/total_s", "s", t.took.Seconds(), 1),
		newEntry(kind+"/ready_p50_s", "s", quantileOf(t.ready, 0.5), t.certs),
		newEntry(kind+"/ready_p99_s", "s", quantileOf(t.ready, 0.99), t.certs),
		newEntry(kind+"/peak_rss_mib", "MiB", t.used.memory.Peak, 1),
		newEntry(kind+"/cpu_seconds", "s", t.used.cpu.Seconds(), 1),
		newEntry(kind+"/requests_per_cert", "", t.used.requests.all/n, t.certs),
		newEntry(kind+"/writes_per_cert", "", t.used.requests.writes/n, t.certs),
		newEntry(kind+"/solver_writes_per_cert", "", t.used.requests.solver/n, t.certs),
	}
	if t.certs != baselineCerts {
		return entries
	}
	for i := range entries {
		if value, known := baseline[entries[i].Name]; known {
			entries[i] = entries[i].Against(value)
		}
	}
	return entries
}
