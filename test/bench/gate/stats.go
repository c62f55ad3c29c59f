// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"slices"
)

// level is the confidence of all intervals.
const level = 0.95

// summary is a quantile of samples with its confidence interval.
type summary struct {
	value     float64
	low, high float64
	// bounded is false if there are too few samples for an interval.
	bounded bool
}

// quantileOf returns the q-quantile by nearest rank, that is the sample of rank ceil(q n), or for the median of an even
// number the mean of the two in the middle. The interval is that of order statistics, which assumes only that the samples
// are independent and of one distribution: the number of samples below the true quantile is binomial(n, q).
// See H. A. David and H. N. Nagaraja, Order Statistics, section 7.1.
func quantileOf(samples []float64, q float64) summary {
	n := len(samples)
	if n == 0 {
		return summary{value: math.NaN()}
	}
	sorted := slices.Sorted(slices.Values(samples))
	rank := max(1, int(math.Ceil(q*float64(n)-1e-9)))
	s := summary{value: sorted[rank-1]}
	if q == 0.5 && n%2 == 0 {
		s.value = (sorted[n/2-1] + sorted[n/2]) / 2
	}
	low, high := 0, n+1
	below := 0.0 // probability of fewer than k samples below the quantile
	for k := 1; k <= n; k++ {
		below += binomial(n, k-1, q)
		if below <= (1-level)/2 {
			low = k
		}
		if below >= (1+level)/2 {
			high = k
			break
		}
	}
	if low >= 1 && high <= n {
		s.low, s.high, s.bounded = sorted[low-1], sorted[high-1], true
	}
	return s
}

func medianOf(samples []float64) summary { return quantileOf(samples, 0.5) }

// binomial is the probability of k successes in n trials of probability p, for 0 < p < 1.
func binomial(n, k int, p float64) float64 {
	lgamma := func(x int) float64 {
		v, _ := math.Lgamma(float64(x))
		return v
	}
	return math.Exp(lgamma(n+1) - lgamma(k+1) - lgamma(n-k+1) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
}

// ratios divides pair by pair.
func ratios(values, baselines []float64) []float64 {
	out := make([]float64, len(values))
	for i := range values {
		out[i] = values[i] / baselines[i]
	}
	return out
}
