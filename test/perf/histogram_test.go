// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package perf_test

import (
	"math"
	"testing"

	"k8s.io/component-base/metrics/legacyregistry"
	"k8s.io/component-base/metrics/testutil"
)

// watched are the scheduler's histograms, in seconds, and the labels that are aggregated.
var watched = map[string]struct {
	metric string
	labels map[string]string
}{
	"algorithm": {"scheduler_scheduling_algorithm_duration_seconds", nil},
	"attempt":   {"scheduler_scheduling_attempt_duration_seconds", map[string]string{"result": "scheduled"}},
}

// snapshot are the watched histograms at a time.
type snapshot map[string]histogram

// histogram counts in milliseconds.
type histogram struct {
	count, sum float64
	// cumulative counts all values up to each of the bounds.
	bounds, cumulative []float64
}

func takeSnapshot() snapshot {
	s := snapshot{}
	for name, w := range watched {
		vec, err := testutil.GetHistogramVecFromGatherer(legacyregistry.DefaultGatherer, w.metric, w.labels)
		if err != nil {
			continue // it has no value yet
		}
		var h histogram
		for _, part := range vec {
			h.count += float64(part.GetSampleCount())
			h.sum += 1000 * part.GetSampleSum()
			for i, bucket := range part.GetBucket() {
				if i == len(h.bounds) {
					h.bounds = append(h.bounds, 1000*bucket.GetUpperBound())
					h.cumulative = append(h.cumulative, 0)
				}
				h.cumulative[i] += float64(bucket.GetCumulativeCount())
			}
		}
		s[name] = h
	}
	return s
}

// minus is what has come since an earlier state, which may be empty.
func (h histogram) minus(earlier histogram) histogram {
	d := histogram{count: h.count - earlier.count, sum: h.sum - earlier.sum, bounds: h.bounds}
	for i, n := range h.cumulative {
		if i < len(earlier.cumulative) {
			n -= earlier.cumulative[i]
		}
		d.cumulative = append(d.cumulative, n)
	}
	return d
}

func (h histogram) mean() float64 { return h.sum / h.count }

// quantile interpolates inside the bucket, as histogram_quantile of Prometheus does.
func (h histogram) quantile(q float64) float64 {
	rank, below, from := q*h.count, 0.0, 0.0
	for i, n := range h.cumulative {
		if n >= rank && n > below {
			if math.IsInf(h.bounds[i], 1) {
				return from
			}
			return from + (h.bounds[i]-from)*(rank-below)/(n-below)
		}
		below, from = n, h.bounds[i]
	}
	return from
}

func TestHistogram(t *testing.T) {
	earlier := histogram{count: 2, sum: 2, bounds: []float64{1, 2, 4}, cumulative: []float64{2, 2, 2}}
	h := histogram{count: 12, sum: 32, bounds: []float64{1, 2, 4}, cumulative: []float64{2, 7, 12}}.minus(earlier)
	if h.count != 10 || h.mean() != 3 {
		t.Errorf("%v values with mean %v, want 10 with mean 3", h.count, h.mean())
	}
	for q, want := range map[float64]float64{0.5: 2, 0.25: 1.5, 0.75: 3, 1: 4} {
		if got := h.quantile(q); got != want {
			t.Errorf("quantile %v: %v, want %v", q, got, want)
		}
	}
	if got := h.minus(histogram{}); got.count != h.count {
		t.Errorf("without an earlier state: %v values, want %v", got.count, h.count)
	}
}
