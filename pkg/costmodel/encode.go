// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costmodel

import "math"

// Encode returns an integer that orders like the cost, for scores that must be
// integers until they are ranked: the bits of a positive IEEE 754 number are
// in the order of the numbers. Equal costs give equal integers, different ones
// different integers, however close they are.
//
// 0 and everything below is 0. Infinity comes after all costs, and NaN, which
// is no cost at all, last: math.MaxInt64.
func Encode(dollars float64) int64 {
	switch {
	case math.IsNaN(dollars):
		return math.MaxInt64
	case dollars <= 0:
		return 0
	default:
		return int64(math.Float64bits(dollars))
	}
}
