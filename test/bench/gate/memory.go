// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

// memory measures what many TLS Secrets cost a scheduler in memory and at its start: Tollgate's, which keeps facts about
// them, against one with an ordinary informer, which keeps the Secrets. Few Secrets first, as the floor of each.
func (b *bench) memory(ctx context.Context) ([]measure.Entry, error) {
	if _, err := b.start(ctx); err != nil {
		return nil, err
	}
	floor, err := b.footprints(ctx, b.memoryRuns)
	if err != nil {
		return nil, err
	}
	if err := b.createSecrets(ctx, b.secrets); err != nil {
		return nil, err
	}
	full, err := b.footprints(ctx, b.memoryRuns)
	if err != nil {
		return nil, err
	}
	return append(footprintEntries(0, floor), footprintEntries(b.secrets, full)...), nil
}

// footprints are those of Tollgate's and of the plain scheduler, in this order.
type footprints [2]footprint

// footprint of a scheduler: resident memory in MiB when it has settled and at its peak, and seconds from its start until it
// has listed the Secrets.
type footprint struct {
	settled, peak, startup []float64
}

func footprintEntries(secrets int, f footprints) []measure.Entry {
	var entries []measure.Entry
	for _, measure := range []struct {
		name, unit string
		of         func(footprint) []float64
	}{
		{"rss_mib", "MiB", func(f footprint) []float64 { return f.settled }},
		{"rss_peak_mib", "MiB", func(f footprint) []float64 { return f.peak }},
		{"startup_s", "s", func(f footprint) []float64 { return f.startup }},
	} {
		own, plain := measure.of(f[0]), measure.of(f[1])
		e := newEntry(fmt.Sprintf("%s/secrets=%d", measure.name, secrets), measure.unit, medianOf(own), len(own))
		entries = append(entries, e.Against(medianOf(plain).value))
	}
	return entries
}

func (b *bench) createSecrets(ctx context.Context, n int) error {
	ca, err := newAuthority()
	if err != nil {
		return err
	}
	batch := b.nextBatch("secrets")
	done, stop := b.progress.Counter("Secrets created", n)
	defer stop()
	return each(ctx, n, done, func(ctx context.Context, i int) error {
		secret, err := ca.secret(namespaceOf(i), batch, fmt.Sprintf("%s-%05d", batch, i), i, false)
		if err == nil {
			_, _, err = b.createSecret(ctx, secret)
		}
		return err
	})
}

// footprints starts the two schedulers in turn.
func (b *bench) footprints(ctx context.Context, runs int) (footprints, error) {
	var all footprints
	for run := range runs {
		for i := range all {
			which := (i + run) % 2
			if err := b.footprint(ctx, which == 1, &all[which]); err != nil {
				return all, err
			}
			f := all[which]
			b.progress.Step("%s: %.0f MiB, at the peak %.0f MiB, after %.1f s", [2]string{"facts", "ordinary informer"}[which],
				f.settled[run], f.peak[run], f.startup[run])
		}
	}
	return all, nil
}

// footprint starts a scheduler. It has listed the Secrets when a pod that declares one of them is bound, since until then
// both schedulers hold every such pod.
func (b *bench) footprint(ctx context.Context, plain bool, f *footprint) (err error) {
	ca, err := newAuthority()
	if err != nil {
		return err
	}
	batch := b.nextBatch("canary")
	secret, err := ca.secret(canaryNamespace, batch, batch, 0, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.deleteBatch(ctx, batch)) }()
	if _, _, err := b.createSecret(ctx, secret); err != nil {
		return err
	}
	canary := newPod(canaryNamespace, batch, batch, batch)
	bound := b.cluster.bound.expect(canary)
	if err := b.createPod(ctx, canary); err != nil {
		return err
	}
	s, err := b.cluster.startScheduler(ctx, schedulerOptions{plain: plain})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	listed, err := bound.last(ctx)
	if err != nil {
		return err
	}
	use, err := b.settle(ctx, s)
	if err != nil {
		return err
	}
	f.startup = append(f.startup, listed.Sub(s.started).Seconds())
	f.settled, f.peak = append(f.settled, use.Now), append(f.peak, use.Peak)
	return nil
}

const (
	// settleWindow is for how long resident memory must stay within settleTolerance.
	settleWindow    = 5 * time.Second
	settleTolerance = 0.01
	settleLimit     = 30 * time.Second
)

// settle returns the memory use of a scheduler after one garbage collection, when the runtime has given back to the system
// what it will: when resident memory has changed by less than 1% in five seconds, or after half a minute.
func (b *bench) settle(ctx context.Context, s *scheduler) (measure.MemoryUse, error) {
	if err := s.awaitQuiet(ctx); err != nil {
		return measure.MemoryUse{}, err
	}
	if _, err := s.get(ctx, "/debug/pprof/heap?gc=1"); err != nil {
		return measure.MemoryUse{}, fmt.Errorf("making the scheduler collect garbage: %w", err)
	}
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	begin := time.Now()
	since, reference := begin, measure.MemoryUse{}
	for {
		use, err := measure.Memory(s.process.Pid())
		if err != nil {
			return measure.MemoryUse{}, err
		}
		if math.Abs(use.Now-reference.Now) > settleTolerance*reference.Now {
			since, reference = time.Now(), use
		}
		if time.Since(since) >= settleWindow || time.Since(begin) >= settleLimit {
			return use, nil
		}
		select {
		case <-ctx.Done():
			return measure.MemoryUse{}, context.Cause(ctx)
		case <-ticker.C:
		}
	}
}
