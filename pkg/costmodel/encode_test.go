// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costmodel

import (
	"cmp"
	"math"
	"testing"

	"pgregory.net/rapid"

	_ "github.com/tollgate-dev/tollgate/test/seed"
)

func TestEncode(t *testing.T) {
	paid := func(dollars float64, bucket int) Cost { return Cost{Dollars: dollars, List: dollars, Bucket: bucket} }
	prepaid := func(list float64, bucket int) Cost { return Cost{List: list, Prepaid: true, Bucket: bucket} }
	order := []Cost{
		prepaid(0, 0), prepaid(0, 1), prepaid(0.096, 0), prepaid(0.096, MaxBucket), prepaid(1e6, 0), prepaid(math.Inf(1), 0), prepaid(math.NaN(), 0),
		paid(0, 0), paid(0, 1), paid(1e-300, 0), paid(0.096, 0), paid(0.096, 1), paid(0.096, MaxBucket),
		paid(0.096*(1+0x1p-45), 0), paid(1, 0), paid(1e6, 7), paid(math.MaxFloat64, 63), paid(math.Inf(1), 0), paid(math.NaN(), 0),
	}
	for i := 1; i < len(order); i++ {
		if a, b := order[i-1].Encode(), order[i].Encode(); a >= b {
			t.Errorf("%+v is %d, %+v is %d, want more", order[i-1], a, order[i], b)
		}
	}
	for _, v := range []float64{0, math.Copysign(0, -1), -1, math.Inf(-1)} {
		if got := paid(v, 0).Encode(); got != 0 {
			t.Errorf("%v dollars are %d, want 0", v, got)
		}
	}
	for bucket, want := range map[int]int64{-1: 0, MaxBucket + 1: MaxBucket} {
		if got := paid(0, bucket).Encode(); got != want {
			t.Errorf("bucket %d is %d, want %d", bucket, got, want)
		}
	}
}

// compare is the order in words: prepaid before paid, then dollars or, for
// prepaid nodes, list price, then bucket.
func compare(a, b Cost) int {
	switch {
	case a.Prepaid && !b.Prepaid:
		return -1
	case b.Prepaid && !a.Prepaid:
		return 1
	case a.Prepaid && a.List != b.List:
		return cmp.Compare(a.List, b.List)
	case a.Dollars != b.Dollars:
		return cmp.Compare(a.Dollars, b.Dollars)
	default:
		return cmp.Compare(a.Bucket, b.Bucket)
	}
}

func TestEncodeKeepsTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		strategy, request := genStrategy(t), genRequest(t)
		a, b := strategy(request, genNode(t)), strategy(request, genNode(t))
		if got, want := cmp.Compare(a.Encode(), b.Encode()), compare(a, b); got != want {
			t.Fatalf("%+v and %+v compare as %d, want %d", a, b, got, want)
		}
	})
}

// The order holds over the whole range, up to the precision that is promised, which
// subnormal numbers do not have.
func TestEncodeKeepsTheOrderOfAllNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Float64Range(0, 1e300).Draw(t, "a")
		b := rapid.OneOf(rapid.Float64Range(0, 1e300), rapid.Just(a), rapid.Just(a*(1+0x1p-45))).Draw(t, "b")
		prepaid := rapid.Bool().Draw(t, "prepaid")
		x, y := Cost{Dollars: a, List: a, Prepaid: prepaid}.Encode(), Cost{Dollars: b, List: b, Prepaid: prepaid}.Encode()
		near := math.Abs(a-b) <= 0x1p-46*max(a, b, 0x1p-1022)
		if got, want := cmp.Compare(x, y), cmp.Compare(a, b); got != want && (!near || got == -want) {
			t.Fatalf("%v and %v become %d and %d", a, b, x, y)
		}
	})
}
