// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costmodel

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRank(t *testing.T) {
	ascending := func(n int) []int64 {
		costs := make([]int64, n)
		for i := range costs {
			costs[i] = int64(i)
		}
		return costs
	}
	for _, tt := range []struct{ costs, want []int64 }{
		{nil, nil},
		{[]int64{7}, []int64{100}},
		{[]int64{7, 7, 7}, []int64{100, 100, 100}},
		{[]int64{9, 1, 5, 1, 9}, []int64{98, 100, 99, 100, 98}},
	} {
		if diff := cmp.Diff(tt.want, Rank(slices.Clone(tt.costs))); diff != "" {
			t.Errorf("Rank(%v): unexpected scores (-want, +got):\n%s", tt.costs, diff)
		}
	}
	for n := 1; n <= 101; n++ {
		for i, score := range Rank(ascending(n)) {
			if score != int64(100-i) {
				t.Fatalf("%d costs: number %d has score %d, want %d", n, i, score, 100-i)
			}
		}
	}
	for _, n := range []int{102, 103, 500, 5000} {
		scores := Rank(ascending(n))
		for i, score := range scores[:50] {
			if score != int64(100-i) {
				t.Errorf("%d costs: number %d has score %d, want %d", n, i, score, 100-i)
			}
		}
		if scores[50] != 50 || scores[n-1] != 0 {
			t.Errorf("%d costs: the shared scale is %d to %d, want 50 to 0", n, scores[50], scores[n-1])
		}
		if !slices.IsSortedFunc(scores, func(a, b int64) int { return int(b - a) }) {
			t.Errorf("%d costs: scores do not descend: %v", n, scores)
		}
	}
}

func BenchmarkRank(b *testing.B) {
	for _, n := range []int{100, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			costs, scratch := make([]int64, n), make([]int64, n)
			for i := range costs {
				costs[i] = int64(i * 7919 % n)
			}
			b.ReportAllocs()
			for b.Loop() {
				copy(scratch, costs)
				Rank(scratch)
			}
		})
	}
}
