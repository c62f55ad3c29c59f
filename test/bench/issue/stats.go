// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"slices"
)

// quantileOf returns the q-quantile by nearest rank, that is the sample of rank ceil(q n).
func quantileOf(samples []float64, q float64) float64 {
	if len(samples) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(samples))
	return sorted[max(1, int(math.Ceil(q*float64(len(sorted))-1e-9)))-1]
}
