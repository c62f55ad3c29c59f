// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"

	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
	"github.com/tollgate-dev/tollgate/test/perf/policy"
)

func TestQuantile(t *testing.T) {
	for q, want := range map[float64]float64{0: 1, 0.5: 2.5, 1: 4, 0.25: 1.75} {
		if got := quantile([]float64{4, 1, 3, 2}, q); got != want {
			t.Errorf("quantile %v: %v, want %v", q, got, want)
		}
	}
}

// The ratio is the median of the ratios of each turn, not the ratio of the medians: a turn that was slow for all counts once.
func TestPairedResult(t *testing.T) {
	r := newPairedResult("s", "m", "us", map[string][]float64{
		policy.Default:  {10, 100, 20},
		policy.Tollgate: {5, 50, 5},
	})
	want := []measure.Entry{{Name: "s/m", Value: 5, Unit: "us", Baseline: ptr.To(20.0), Ratio: ptr.To(0.5), Samples: 3}}
	if diff := cmp.Diff(want, r.entries()); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func TestEntries(t *testing.T) {
	r := newResult("s", "m", "", map[string]float64{policy.Default: 4, policy.MostAllocated: 0, policy.Tollgate: 1}, 7)
	want := []measure.Entry{
		{Name: "s/m", Value: 1, Baseline: ptr.To(4.0), Ratio: ptr.To(0.25), Samples: 7},
		{Name: "s/m/vs-most-allocated", Value: 1, Baseline: ptr.To(0.0), Samples: 7},
	}
	if diff := cmp.Diff(want, r.entries()); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if got := newResult("s", "m", "", map[string]float64{policy.Default: 4}, 1).entries(); len(got) > 0 {
		t.Errorf("entries without Tollgate: %v", got)
	}
}

func TestPerfResults(t *testing.T) {
	line := "BenchmarkPerfScheduling/basic-1000@tollgate@0/w-2 \t 1\t 2.5 cpu-ms/pod\t 150.5 heap_memory_usage/Average\t 200.0 pods\t 4000 allocs/op"
	run, ok := parsePerf(line)
	if !ok || run.suite != "basic-1000" || run.policy != policy.Tollgate {
		t.Fatalf("%+v, %v", run, ok)
	}
	for _, other := range []string{"", "PASS", "BenchmarkPerfScheduling/basic-1000@tollgate@0/w-2", "Benchmark/x/y 1 2 3", line[:60] + " x y"} {
		if run, ok := parsePerf(other); ok {
			t.Errorf("%q was taken: %+v", other, run)
		}
	}
	got := map[string]float64{}
	for _, r := range perfResults("basic-1000", map[string][]perfRun{policy.Tollgate: {run}}) {
		got[r.metric] = r.values[policy.Tollgate]
	}
	want := map[string]float64{"cpu_ms_per_pod": 2.5, "heap_mib": 150.5, "allocs_per_pod": 20}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("measures (-want +got):\n%s", diff)
	}
}
