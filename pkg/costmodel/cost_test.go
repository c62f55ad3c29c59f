// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costmodel

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
)

const gib = int64(1) << 30

type scalars = map[corev1.ResourceName]int64

func TestDominantShare(t *testing.T) {
	large := Node{Price: 96_000, Allocatable: Request{MilliCPU: 2000, Memory: 8 * gib, EphemeralStorage: 100 * gib}}
	gpu := Node{Price: 1_000_000, Allocatable: Request{MilliCPU: 10_000, Memory: 100 * gib, Scalar: scalars{"nvidia.com/gpu": 4, "a.com/x": 4, "b.com/x": 4}}}
	tests := []struct {
		name     string
		request  Request
		node     Node
		exponent float64
		want     Cost
	}{
		{
			name: "cpu", request: Request{MilliCPU: 1000, Memory: gib}, node: large,
			want: Cost{Dollars: 0.048, Price: 96_000, Share: 0.5, Resource: "cpu", AgeFactor: 1},
		},
		{
			name: "memory", request: Request{MilliCPU: 1000, Memory: 6 * gib}, node: large,
			want: Cost{Dollars: 0.072, Price: 96_000, Share: 0.75, Resource: "memory", AgeFactor: 1},
		},
		{
			name: "equal shares name cpu", request: Request{MilliCPU: 1000, Memory: 4 * gib}, node: large,
			want: Cost{Dollars: 0.048, Price: 96_000, Share: 0.5, Resource: "cpu", AgeFactor: 1},
		},
		{
			name: "ephemeral storage", request: Request{MilliCPU: 1000, EphemeralStorage: 80 * gib}, node: large,
			want: Cost{Dollars: 0.0768, Price: 96_000, Share: 0.8, Resource: "ephemeral-storage", AgeFactor: 1},
		},
		{
			name: "no requests count as 100m and 200Mi", node: large,
			want: Cost{Dollars: 0.0048, Price: 96_000, Share: 0.05, Resource: "cpu", AgeFactor: 1},
		},
		{
			name: "what DaemonSets take is not for sale", request: Request{MilliCPU: 1000},
			node: Node{Price: 96_000, Allocatable: large.Allocatable, DaemonSets: Request{MilliCPU: 400}},
			want: Cost{Dollars: 0.06, Price: 96_000, Share: 0.625, Resource: "cpu", AgeFactor: 1},
		},
		{
			name: "DaemonSets leave nothing", request: Request{MilliCPU: 1000},
			node: Node{Price: 96_000, Allocatable: large.Allocatable, DaemonSets: Request{MilliCPU: 2500}},
			want: Cost{Dollars: 0.096, Price: 96_000, Share: 1, Resource: "cpu", AgeFactor: 1},
		},
		{
			name: "a node that reports nothing", node: Node{Price: 96_000},
			want: Cost{Dollars: 0.096, Price: 96_000, Share: 1, Resource: "cpu", AgeFactor: 1},
		},
		{
			name: "GPU", request: Request{MilliCPU: 1000, Scalar: scalars{"nvidia.com/gpu": 3, "a.com/zero": 0}}, node: gpu,
			want: Cost{Dollars: 0.75, Price: 1_000_000, Share: 0.75, Resource: "nvidia.com/gpu", AgeFactor: 1},
		},
		{
			name: "CPU pod on a GPU node", request: Request{MilliCPU: 1000}, node: gpu,
			want: Cost{Dollars: 0.1, Price: 1_000_000, Share: 0.1, Resource: "cpu", AgeFactor: 1},
		},
		{
			name: "equal scalar shares name the first", request: Request{Scalar: scalars{"b.com/x": 2, "nvidia.com/gpu": 2, "a.com/x": 2}}, node: gpu,
			want: Cost{Dollars: 0.5, Price: 1_000_000, Share: 0.5, Resource: "a.com/x", AgeFactor: 1},
		},
		{
			name: "age", request: Request{MilliCPU: 1000}, exponent: 0.5,
			node: Node{Price: 96_000, Allocatable: large.Allocatable, Age: 15 * time.Minute},
			want: Cost{Dollars: 0.024, Price: 96_000, Share: 0.5, Resource: "cpu", AgeFactor: 0.5},
		},
		{
			name: "age of a day with the default exponent", request: Request{MilliCPU: 1000}, exponent: DefaultAgeExponent,
			node: Node{Price: 96_000, Allocatable: large.Allocatable, Age: 24 * time.Hour},
			want: Cost{Dollars: 0.048 * math.Pow(289, -0.06), Price: 96_000, Share: 0.5, Resource: "cpu", AgeFactor: math.Pow(289, -0.06)},
		},
		{
			name: "age before now counts as none", request: Request{MilliCPU: 1000}, exponent: DefaultAgeExponent,
			node: Node{Price: 96_000, Allocatable: large.Allocatable, Age: -time.Hour},
			want: Cost{Dollars: 0.048, Price: 96_000, Share: 0.5, Resource: "cpu", AgeFactor: 1},
		},
		{
			name: "free node", request: Request{MilliCPU: 1000}, node: Node{Allocatable: large.Allocatable},
			want: Cost{Share: 0.5, Resource: "cpu", AgeFactor: 1},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.want.List = tt.want.Dollars
			got := DominantShare(tt.exponent)(tt.request, tt.node)
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateApprox(1e-14, 0)); diff != "" {
				t.Errorf("unexpected cost (-want, +got):\n%s", diff)
			}
		})
	}
}

func TestNodePrice(t *testing.T) {
	got := NodePrice()(Request{MilliCPU: 1}, Node{Price: 96_000, Age: time.Hour})
	if diff := cmp.Diff(Cost{Dollars: 0.096, List: 0.096, Price: 96_000, Share: 1, AgeFactor: 1}, got); diff != "" {
		t.Errorf("unexpected cost (-want, +got):\n%s", diff)
	}
}

func TestPacking(t *testing.T) {
	node := Node{Allocatable: Request{MilliCPU: 2000, Memory: 8 * gib}, Requested: Request{MilliCPU: 500, Memory: gib}}
	tests := []struct {
		name    string
		request Request
		node    Node
		want    float64
	}{
		{"mean of cpu and memory", Request{MilliCPU: 500, Memory: gib}, node, 0.375},
		{"no requests count", Request{}, node, (0.3 + (1+200.0/1024)/8) / 2},
		{"never above 1", Request{MilliCPU: 9000, Memory: 90 * gib}, node, 1},
		{"only cpu", Request{MilliCPU: 500}, Node{Allocatable: Request{MilliCPU: 1000}}, 0.5},
		{"nothing", Request{MilliCPU: 500}, Node{}, 0},
	}
	for _, tt := range tests {
		if got := Packing(tt.request, tt.node); math.Abs(got-tt.want) > 1e-14 {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestScoringDoesNotAllocate(t *testing.T) {
	dominantShare, lifetimes, nodePrice := DominantShare(DefaultAgeExponent), DominantShareLifetimes(), NodePrice()
	node := Node{Price: 96_000, Prepaid: true, Age: time.Hour, Extension: time.Hour, Allocatable: Request{MilliCPU: 2000, Memory: 8 * gib, Scalar: scalars{"nvidia.com/gpu": 4}}}
	for name, request := range map[string]Request{
		"plain":  {MilliCPU: 100, Memory: gib},
		"scalar": {MilliCPU: 100, Scalar: scalars{"nvidia.com/gpu": 1}},
	} {
		var sink int64
		if n := testing.AllocsPerRun(100, func() {
			for _, strategy := range []Strategy{dominantShare, lifetimes, nodePrice} {
				sink += strategy(request, node).Encode()
			}
			sink += int64(Packing(request, node)) + int64(Extension(time.Hour, time.Minute))
		}); n != 0 {
			t.Errorf("%s: scoring one node allocates %v times", name, n)
		}
	}
}

func BenchmarkDominantShare(b *testing.B) {
	strategy := DominantShare(DefaultAgeExponent)
	node := Node{Price: 96_000, Age: time.Hour, Allocatable: Request{MilliCPU: 1930, Memory: 7 * gib}}
	request := Request{MilliCPU: 100, Memory: gib}
	b.ReportAllocs()
	for b.Loop() {
		strategy(request, node)
	}
}
