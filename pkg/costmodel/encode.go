// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costmodel

import "math"

const (
	bucketBits = 6
	// MaxBucket is the highest bucket that Encode tells apart.
	MaxBucket = 1<<bucketBits - 1
)

// Encode returns an integer that orders like the cost, for scores that must be
// integers until they are ranked.
//
// Details:
//
//	paid:    bits(Dollars)
//	prepaid: bits(List) - 2^63
//
// with Bucket in place of the 6 lowest bits. The bits of a positive IEEE 754
// number are in the order of the numbers. So each prepaid node comes before
// each one that is paid for, also before one whose price is 0; prepaid nodes
// are in the order of their list prices; and the bucket decides between equal
// costs only. Equal costs of equal bucket give equal integers. Costs that
// differ by more than 2^-46 of their size, which is a cent in 700 billion
// dollars, give different ones.
//
// 0 and everything below counts as 0. Infinity comes after all costs, and NaN,
// which is no cost at all, last of its kind.
func (c Cost) Encode() int64 {
	if c.Prepaid {
		return math.MinInt64 + encode(c.List, c.Bucket)
	}
	return encode(c.Dollars, c.Bucket)
}

func encode(dollars float64, bucket int) int64 {
	switch {
	case math.IsNaN(dollars):
		return math.MaxInt64
	case dollars <= 0:
		dollars = 0
	}
	return int64(math.Float64bits(dollars))&^MaxBucket | int64(min(max(0, bucket), MaxBucket))
}
