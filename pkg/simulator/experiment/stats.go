// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import "math"

// Mean is a mean with its uncertainty.
type Mean struct {
	Value float64 `json:"value"`
	// CI95 is half of the 95% confidence interval, by Student's t; 0 for a
	// single run, of which nothing is known.
	CI95 float64 `json:"ci95"`
	Runs int     `json:"runs"`
}

// MeanOf returns the mean of runs with different seeds.
func MeanOf(values []float64) Mean {
	n := len(values)
	if n == 0 {
		return Mean{}
	}
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	m := Mean{Value: sum / float64(n), Runs: n}
	if n == 1 {
		return m
	}
	squares := 0.0
	for _, v := range values {
		squares += (v - m.Value) * (v - m.Value)
	}
	m.CI95 = quantileT(n-1) * math.Sqrt(squares/float64(n-1)/float64(n))
	return m
}

// t975 holds the 97.5% quantiles of Student's t distribution for 1 to 30
// degrees of freedom, as any table of it has them.
var t975 = []float64{
	12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
	2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
	2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
}

func quantileT(degrees int) float64 {
	if degrees <= len(t975) {
		return t975[degrees-1]
	}
	return 1.96 + 2.4/float64(degrees) // within 0.003 beyond the table
}
