// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/test/bench/sched/internal/cycle"
	"github.com/tollgate-dev/tollgate/test/perf/policy"
)

// cycles measures the scheduling cycle alone.
func (b *bench) cycles(ctx context.Context) (err error) {
	if b.cpuProfile != "" {
		file, err := os.Create(b.cpuProfile)
		if err != nil {
			return fmt.Errorf("writing the profile: %w", err)
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		if err := pprof.StartCPUProfile(file); err != nil {
			return fmt.Errorf("writing the profile: %w", err)
		}
		defer pprof.StopCPUProfile()
	}
	var policies []cycle.Policy
	for _, name := range b.policies {
		config, err := policy.Config(name, b.shipped)
		if err != nil {
			return err
		}
		policies = append(policies, cycle.Policy{Name: name, Config: config})
	}
	for _, cell := range b.cells {
		measured, err := cycle.Measure(ctx, cell, policies, cycle.Options{Budget: b.cellTime, MinRounds: b.rounds})
		if err != nil {
			return err
		}
		results := cycleResults(cell.Name(), measured)
		if err := b.add(results...); err != nil {
			return err
		}
		b.progress.Say("%s: %s", cell.Name(), brief(results[0], b.policies))
	}
	return nil
}

// brief is a line about a result.
func brief(r result, policies []string) string {
	var fields []string
	for _, name := range policies {
		fields = append(fields, fmt.Sprintf("%s %.4g %s", name, r.values[name], r.unit))
	}
	for _, other := range []string{policy.Default, policy.MostAllocated} {
		if ratio, ok := r.ratios[other]; ok {
			fields = append(fields, fmt.Sprintf("ratio to %s %.3f", other, ratio))
		}
	}
	return strings.Join(fields, ", ")
}

// cycleMeasure is the measure of the scheduling cycle that counts.
const cycleMeasure = "us_per_placement"

// cycleResults are the measures of a cell; the first is the one that counts.
func cycleResults(suite string, measured []cycle.Measured) []result {
	perRound := func(metric, unit string, of func(cycle.Sample) float64) result {
		samples := map[string][]float64{}
		for _, m := range measured {
			for _, s := range m.Samples {
				samples[m.Policy] = append(samples[m.Policy], of(s)/float64(s.Placements))
			}
		}
		return newPairedResult(suite, metric, unit, samples)
	}
	// What the Go runtime counts is not exact for a single round.
	total := func(metric, unit string, of func(cycle.Sample) float64) result {
		values, rounds := map[string]float64{}, 0
		for _, m := range measured {
			sum, placements := 0.0, 0
			for _, s := range m.Samples {
				sum += of(s)
				placements += s.Placements
			}
			values[m.Policy], rounds = sum/float64(placements), len(m.Samples)
		}
		return newResult(suite, metric, unit, values, rounds)
	}
	algorithm := func(metric string, q float64) result {
		values, count := map[string]float64{}, 0
		for _, m := range measured {
			var all []float64
			for _, s := range m.Samples {
				for _, ns := range s.Algorithm {
					all = append(all, float64(ns)/float64(time.Microsecond))
				}
			}
			values[m.Policy], count = quantile(all, q), len(all)
		}
		return newResult(suite, metric, "us", values, count)
	}
	heap := map[string]float64{}
	for _, m := range measured {
		heap[m.Policy] = m.Heap / (1 << 20)
	}
	results := []result{
		perRound(cycleMeasure, "us", func(s cycle.Sample) float64 { return microseconds(s.Cycle) }),
		algorithm("algorithm_p50_us", 0.5),
		algorithm("algorithm_p99_us", 0.99),
		total("cpu_us_per_placement", "us", func(s cycle.Sample) float64 { return microseconds(s.CPU) }),
		total("allocs_per_placement", "", func(s cycle.Sample) float64 { return float64(s.Allocs) }),
		total("bytes_per_placement", "B", func(s cycle.Sample) float64 { return float64(s.Bytes) }),
		perRound("events_us_per_placement", "us", func(s cycle.Sample) float64 { return microseconds(s.Events) }),
		heartbeatResult(suite, measured),
		total("nodes_evaluated", "", func(s cycle.Sample) float64 { return float64(s.Evaluated) }),
		newResult(suite, "heap_mib", "MiB", heap, 1),
	}
	return append(results, judgedResults(suite, measured)...)
}

// heartbeatResult is what the event handlers take for a node that reports nothing new.
func heartbeatResult(suite string, measured []cycle.Measured) result {
	samples := map[string][]float64{}
	for _, m := range measured {
		for _, s := range m.Samples {
			samples[m.Policy] = append(samples[m.Policy], microseconds(s.Heartbeat)/float64(s.Heartbeats))
		}
	}
	return newPairedResult(suite, "us_per_heartbeat", "us", samples)
}

// judgedResults say how good the placements are, if they were judged.
func judgedResults(suite string, measured []cycle.Measured) []result {
	cheapest, excess, count := map[string]float64{}, map[string]float64{}, 0
	for _, m := range measured {
		if count = m.Judged.Placements; count == 0 {
			return nil
		}
		cheapest[m.Policy] = 100 * float64(m.Judged.Cheapest) / float64(count)
		excess[m.Policy] = 100 * m.Judged.Excess / float64(count)
	}
	return []result{
		newResult(suite, "on_cheapest_percent", "%", cheapest, count),
		newResult(suite, "cost_above_cheapest_percent", "%", excess, count),
	}
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
