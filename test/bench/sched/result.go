// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"slices"

	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
	"github.com/tollgate-dev/tollgate/test/perf/policy"
)

// result is one measure of a suite, for each policy.
type result struct {
	suite, metric, unit string
	// values are by policy.
	values map[string]float64
	// ratios are Tollgate's value over that of another policy. Where the policies were measured in turn, it is the median of the
	// ratios of each turn.
	ratios  map[string]float64
	samples int
}

// newResult is a measure of which each policy has one value.
func newResult(suite, metric, unit string, values map[string]float64, samples int) result {
	r := result{suite: suite, metric: metric, unit: unit, values: values, ratios: map[string]float64{}, samples: samples}
	for _, other := range []string{policy.Default, policy.MostAllocated} {
		if ratio := values[policy.Tollgate] / values[other]; !math.IsNaN(ratio) && !math.IsInf(ratio, 0) {
			r.ratios[other] = ratio
		}
	}
	return r
}

// newPairedResult is a measure of which each policy has one sample a turn.
func newPairedResult(suite, metric, unit string, samples map[string][]float64) result {
	r := result{suite: suite, metric: metric, unit: unit, values: map[string]float64{}, ratios: map[string]float64{}}
	for name, s := range samples {
		r.values[name] = median(s)
		r.samples = len(s)
	}
	ours := samples[policy.Tollgate]
	for _, other := range []string{policy.Default, policy.MostAllocated} {
		if theirs := samples[other]; len(ours) > 0 && len(theirs) == len(ours) {
			ratios := make([]float64, len(ours))
			for i := range ours {
				ratios[i] = ours[i] / theirs[i]
			}
			r.ratios[other] = median(ratios)
		}
	}
	return r
}

// versus ends the names of entries whose baseline is not upstream's default.
const versus = "/vs-" + policy.MostAllocated

// entries are Tollgate's value against upstream's default, and against upstream's packing.
func (r result) entries() []measure.Entry {
	value, ok := r.values[policy.Tollgate]
	if !ok {
		return nil
	}
	var out []measure.Entry
	for _, other := range []struct{ policy, suffix string }{{policy.Default, ""}, {policy.MostAllocated, versus}} {
		baseline, ok := r.values[other.policy]
		if !ok {
			continue
		}
		e := measure.Entry{Name: r.suite + "/" + r.metric + other.suffix, Value: value, Unit: r.unit, Samples: r.samples}.Against(baseline)
		if ratio, ok := r.ratios[other.policy]; ok {
			e.Ratio = &ratio
		}
		out = append(out, e)
	}
	return out
}

func median(values []float64) float64 { return quantile(values, 0.5) }

// quantile returns the value of rank q by linear interpolation between the two next to it.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := q * float64(len(sorted)-1)
	below := int(rank)
	if below+1 == len(sorted) {
		return sorted[below]
	}
	return sorted[below] + (rank-float64(below))*(sorted[below+1]-sorted[below])
}
