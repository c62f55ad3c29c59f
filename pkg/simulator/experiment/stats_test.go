// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment_test

import (
	"math"
	"testing"

	"github.com/tollgate-dev/tollgate/pkg/simulator/experiment"
)

func TestMeanOf(t *testing.T) {
	for name, tc := range map[string]struct {
		values   []float64
		mean, ci float64
	}{
		"nothing": {nil, 0, 0},
		"one":     {[]float64{3}, 3, 0},
		"two":     {[]float64{1, 3}, 2, 12.706},                      // sd = sqrt(2), / sqrt(2) = 1
		"five":    {[]float64{1, 2, 3, 4, 5}, 3, 2.776 / math.Sqrt2}, // sd = sqrt(2.5), / sqrt(5)
	} {
		t.Run(name, func(t *testing.T) {
			m := experiment.MeanOf(tc.values)
			if m.Value != tc.mean || math.Abs(m.CI95-tc.ci) > 1e-9 || m.Runs != len(tc.values) {
				t.Errorf("MeanOf = %+v, want %v and %v", m, tc.mean, tc.ci)
			}
		})
	}
}
