// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"math/rand/v2"
	"testing"
)

func upTo(n int) []float64 {
	samples := make([]float64, n)
	for i := range samples {
		samples[n-1-i] = float64(i + 1) // in the wrong order
	}
	return samples
}

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		n    int
		q    float64
		want summary
	}{
		// The ranks of the intervals are those of tables of the sign test.
		{1, 0.5, summary{value: 1}},
		{4, 0.5, summary{value: 2.5}},
		{5, 0.5, summary{value: 3}},
		{6, 0.5, summary{value: 3.5, low: 1, high: 6, bounded: true}},
		{10, 0.5, summary{value: 5.5, low: 2, high: 9, bounded: true}},
		{20, 0.5, summary{value: 10.5, low: 6, high: 15, bounded: true}},
		{100, 0.99, summary{value: 99}},
		{367, 0.99, summary{value: 364}},
		{500, 0.99, summary{value: 495, low: 490, high: 500, bounded: true}},
	} {
		if got := quantileOf(upTo(c.n), c.q); got != c.want {
			t.Errorf("quantile %v of 1 to %d: got %+v, want %+v", c.q, c.n, got, c.want)
		}
	}
	if got := quantileOf(nil, 0.5); !math.IsNaN(got.value) || got.bounded {
		t.Errorf("of nothing: %+v", got)
	}
}

// The interval holds the true quantile about as often as it says.
func TestIntervalCovers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		n int
		q float64
	}{{10, 0.5}, {25, 0.5}, {500, 0.99}} {
		const rounds = 4000
		hits := 0
		for range rounds {
			samples := make([]float64, c.n)
			for i := range samples {
				samples[i] = random.Float64() // its q-quantile is q
			}
			if s := quantileOf(samples, c.q); s.low <= c.q && c.q <= s.high {
				hits++
			}
		}
		if covered := float64(hits) / rounds; covered < level-0.01 || covered > 0.99 {
			t.Errorf("%d samples, quantile %v: covered in %.3f of the rounds, want %v or a little more", c.n, c.q, covered, level)
		}
	}
}

func TestRatios(t *testing.T) {
	got := medianOf(ratios([]float64{90, 50, 210}, []float64{100, 50, 200}))
	if got.value != 1 {
		t.Errorf("median of 0.9, 1 and 1.05: %v", got.value)
	}
}
