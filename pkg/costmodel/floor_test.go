// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costmodel

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestFloorIsNotAboveCost(t *testing.T) {
	exponents := map[float64]Floor{}
	rapid.Check(t, func(t *rapid.T) {
		exponent := rapid.SampledFrom([]float64{0, 0.03, DefaultAgeExponent, 0.5, 1}).Draw(t, "exponent")
		floor := exponents[exponent]
		if floor == nil {
			floor = DominantShareFloor(exponent)
			exponents[exponent] = floor
		}
		r, n := genRequest(t), genNode(t)
		r.EphemeralStorage = rapid.SampledFrom([]int64{0, 0, 1, 1 << 40}).Draw(t, "storage")
		n.Allocatable.EphemeralStorage = rapid.SampledFrom([]int64{0, 1, 100 * gib}).Draw(t, "disk")
		n.Age = time.Duration(rapid.Int64Range(0, math.MaxInt64).Draw(t, "age")) >> rapid.IntRange(0, 62).Draw(t, "younger")
		older := n.Age + min(math.MaxInt64-n.Age, time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "older")))
		if got, cost := floor(&r, &n, older), DominantShare(exponent)(r, n); got > cost.Encode() {
			t.Fatalf("the floor is %d, the cost %d: %+v", got, cost.Encode(), cost)
		}
	})
}

// A floor that is far below says nothing.
func TestFloorIsNear(t *testing.T) {
	floor, strategy := DominantShareFloor(DefaultAgeExponent), DominantShare(DefaultAgeExponent)
	r := Request{MilliCPU: 500, Memory: gib}
	for age := time.Duration(1); age < math.MaxInt64/2; age += age/7 + 1 {
		n := Node{Price: 96_000, Allocatable: Request{MilliCPU: 2000, Memory: 8 * gib}, Age: age}
		got, cost := math.Float64frombits(uint64(floor(&r, &n, age))), strategy(r, n)
		if below := 1 - got/cost.Dollars; below < 0 || below > 0.004 {
			t.Errorf("after %s the floor is %.4f%% below the cost", age, 100*below)
		}
	}
	if last := ageStep(math.MaxInt64); last >= octaves<<stepBits {
		t.Errorf("the longest time is in step %d", last)
	}
}

func BenchmarkFloor(b *testing.B) {
	floor, strategy := DominantShareFloor(DefaultAgeExponent), DominantShare(DefaultAgeExponent)
	r := Request{MilliCPU: 500, Memory: gib}
	n := Node{Price: 96_000, Allocatable: Request{MilliCPU: 2000, Memory: 8 * gib}, Age: 100 * time.Hour}
	b.Run("floor", func(b *testing.B) {
		for b.Loop() {
			floor(&r, &n, n.Age)
		}
	})
	b.Run("cost", func(b *testing.B) {
		for b.Loop() {
			c := strategy(r, n)
			c.Encode()
		}
	})
}
