// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"bytes"
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/simulator"
	"github.com/tollgate-dev/tollgate/pkg/simulator/bound"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// The bills of these are worked out by hand: a scan every 10 s, 60 s of boot,
// 600 s until an empty node goes.
func TestRunBill(t *testing.T) {
	small, large := newPool("small", 4, 16, 3.6), newPool("large", 16, 64, 10.8)
	prepaid := small
	prepaid.Prepaid = 1
	limited := small
	limited.MaxNodes = 1
	for name, tc := range map[string]struct {
		pools       []pool.Pool
		pods        []workload.Pod
		scaleUp     simulator.ScaleUp
		changes     []simulator.PriceChange
		dollars     float64
		bought      int
		waitMax     time.Duration
		prepaidPart float64
	}{
		"one pod, one node": {
			// Arrives at 5 s, bought at 10 s, ready at 70 s, ends at 170 s, removed at 770 s: 760 s at $0.001 a second.
			pools: []pool.Pool{small}, pods: []workload.Pod{newPod(0, 2, 2, 5, 100)}, scaleUp: simulator.CheapestFit,
			dollars: 0.76, bought: 1, waitMax: 65 * time.Second,
		},
		"a second pod uses the node before it is removed": {
			// Second arrives at 600 s, ends at 700 s, node removed at 1300 s: 1290 s.
			pools: []pool.Pool{small}, pods: []workload.Pod{newPod(0, 2, 2, 5, 100), newPod(1, 4, 2, 600, 100)}, scaleUp: simulator.CheapestFit,
			dollars: 1.29, bought: 1, waitMax: 65 * time.Second,
		},
		"a second pod that comes too late needs another node": {
			pools: []pool.Pool{small}, pods: []workload.Pod{newPod(0, 2, 2, 5, 100), newPod(1, 4, 2, 5005, 100)}, scaleUp: simulator.CheapestFit,
			dollars: 1.52, bought: 2, waitMax: 65 * time.Second,
		},
		"pods that come together share what is bought for them": {
			pools: []pool.Pool{small}, pods: []workload.Pod{newPod(0, 2, 2, 5, 100), newPod(1, 2, 2, 6, 100)}, scaleUp: simulator.CheapestFit,
			dollars: 0.76, bought: 1, waitMax: 65 * time.Second,
		},
		"a pod that fits on a node that boots waits for it": {
			// Second arrives at 30 s: ready at 70 s.
			pools: []pool.Pool{small}, pods: []workload.Pod{newPod(0, 2, 2, 5, 100), newPod(1, 2, 2, 30, 100)}, scaleUp: simulator.CheapestFit,
			dollars: 0.76, bought: 1, waitMax: 65 * time.Second,
		},
		"least waste buys the small node, though the order is large first": {
			pools: []pool.Pool{large, small}, pods: []workload.Pod{newPod(0, 4, 16, 5, 100)}, scaleUp: simulator.LeastWaste,
			dollars: 0.76, bought: 1, waitMax: 65 * time.Second,
		},
		"a prepaid node costs its price for the duration, used or not": {
			// Duration is 105 s.
			pools: []pool.Pool{prepaid}, pods: []workload.Pod{newPod(0, 2, 2, 5, 100)}, scaleUp: simulator.CheapestFit,
			dollars: 0.105, bought: 1, waitMax: 65 * time.Second, prepaidPart: 0.105,
		},
		"at the maximum of a pool pods wait for room": {
			// Ready at 70, first ends at 170, second runs from 170 to 270, removed at 870: 860 s.
			pools: []pool.Pool{limited}, pods: []workload.Pod{newPod(0, 4, 2, 5, 100), newPod(1, 4, 2, 6, 100)}, scaleUp: simulator.CheapestFit,
			dollars: 0.86, bought: 1, waitMax: 164 * time.Second,
		},
		"a price that doubles on the way": {
			// From 10 s to 410 s at $0.001, from then to 770 s at $0.002.
			pools: []pool.Pool{small}, pods: []workload.Pod{newPod(0, 2, 2, 5, 100)}, scaleUp: simulator.CheapestFit,
			changes: []simulator.PriceChange{{At: 410 * time.Second, Pool: 0, Price: 7_200_000}},
			dollars: 0.4 + 0.72, bought: 1, waitMax: 65 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, &simulator.Config{
				Workload: newWorkload(tc.pods...), Pools: tc.pools, NewPlacer: byPacking,
				Autoscaler: simulator.Autoscaler{ScaleUp: tc.scaleUp}, PriceChanges: tc.changes,
			})
			if math.Abs(r.Dollars-tc.dollars) > 1e-9 || math.Abs(r.PrepaidDollars-tc.prepaidPart) > 1e-9 {
				t.Errorf("dollars = %v, %v of them prepaid, want %v and %v", r.Dollars, r.PrepaidDollars, tc.dollars, tc.prepaidPart)
			}
			if r.NodesBought != tc.bought {
				t.Errorf("bought %d nodes, want %d", r.NodesBought, tc.bought)
			}
			if r.WaitMax != tc.waitMax {
				t.Errorf("longest wait is %v, want %v", r.WaitMax, tc.waitMax)
			}
		})
	}
}

func TestRunConsolidates(t *testing.T) {
	// Two nodes of 4 cores; after 100 s each holds one pod of 1 core, so at 600
	// s one is emptied. Its pod loses no time of its life.
	pods := []workload.Pod{
		newPod(0, 1, 1, 0, 3000), newPod(1, 3, 1, 0, 100),
		newPod(2, 1, 1, 0, 3000), newPod(3, 3, 1, 0, 100),
	}
	config := &simulator.Config{
		Workload: newWorkload(pods...), Pools: []pool.Pool{newPool("small", 4, 16, 3.6)}, NewPlacer: byPacking,
		Autoscaler: simulator.Autoscaler{ScaleUp: simulator.CheapestFit, Consolidation: true},
	}
	r := run(t, config)
	// Both from 10 s; one until 600 s, one until 70+3000+600 s.
	if want := (590.0 + 3660) / 1000; math.Abs(r.Dollars-want) > 1e-9 || r.Evictions != 1 || r.DelayMax != 70*time.Second {
		t.Errorf("dollars %v, evictions %d, delay %v; want %v, 1, 70s", r.Dollars, r.Evictions, r.DelayMax, want)
	}
	config.Autoscaler.Consolidation = false
	r = run(t, config)
	if want := 2 * 3660.0 / 1000; math.Abs(r.Dollars-want) > 1e-9 || r.Evictions != 0 {
		t.Errorf("without consolidation: dollars %v, evictions %d; want %v, 0", r.Dollars, r.Evictions, want)
	}
}

func TestRunStrandedGPUs(t *testing.T) {
	gpus := newPool("gpu", 8, 32, 3.6)
	gpus.Template.Status.Allocatable["nvidia.com/gpu"] = resources(0, 0, 4)["nvidia.com/gpu"]
	one := newPod(0, 8, 8, 0, 3600) // all cores, one GPU: three are stranded for an hour
	one.Object.Spec.Containers[0].Resources.Requests = resources(8, 8, 1)
	r := run(t, &simulator.Config{
		Workload: newWorkload(one), Pools: []pool.Pool{gpus}, NewPlacer: byPacking,
		Autoscaler: simulator.Autoscaler{ScaleUp: simulator.LeastWaste},
	})
	if math.Abs(r.StrandedGPUHours-3) > 1e-9 || math.Abs(r.GPUHours-4*4200.0/3600) > 1e-9 {
		t.Errorf("stranded %v of %v GPU-hours, want 3 of %v", r.StrandedGPUHours, r.GPUHours, 4*4200.0/3600)
	}
}

func TestRunRefuses(t *testing.T) {
	small := newPool("small", 4, 16, 3.6)
	negative := newPool("negative", 64, 256, -1)
	gpu := newPool("gpu", 64, 256, 9)
	gpu.Template.Status.Allocatable["nvidia.com/gpu"] = resources(0, 0, 4)["nvidia.com/gpu"]
	for name, tc := range map[string]struct {
		pools   []pool.Pool
		scaleUp simulator.ScaleUp
		want    string
	}{
		"a pod larger than any pool":           {[]pool.Pool{small}, simulator.LeastWaste, "trace.csv:2: pod pod-0 requests cpu 32000m, memory 1024Mi"},
		"a pod that would need a pool of GPUs": {[]pool.Pool{small, gpu}, simulator.LeastWaste, "trace.csv:2: pod pod-0 requests cpu 32000m, memory 1024Mi; gpu is large enough, but has accelerators"},
		"a pool below 0":                       {[]pool.Pool{negative}, simulator.LeastWaste, "pool negative costs -$1.0000/h"},
		"an unknown rule":                      {[]pool.Pool{small}, "least-wast", "did you mean \"least-waste\"?"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := simulator.Run(t.Context(), &simulator.Config{
				Workload: newWorkload(newPod(0, 32, 1, 0, 100)), Pools: tc.pools, NewPlacer: byPacking,
				Autoscaler: simulator.Autoscaler{ScaleUp: tc.scaleUp},
			})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("err = %v, want one with %q", err, tc.want)
			}
		})
	}
}

// A price of 0 is a price, in the bill and in the bound.
func TestRunFreePool(t *testing.T) {
	free, small := newPool("free", 4, 16, 0), newPool("small", 4, 16, 3.6)
	limited, prepaid := free, free
	limited.MaxNodes, prepaid.Prepaid = 1, 1
	pods := []workload.Pod{newPod(0, 4, 2, 5, 100), newPod(1, 4, 2, 5, 100)}
	for name, tc := range map[string]struct {
		pools   []pool.Pool
		scaleUp simulator.ScaleUp
		dollars float64
	}{
		"alone":            {[]pool.Pool{free}, simulator.LeastWaste, 0},
		"beside another":   {[]pool.Pool{small, free}, simulator.CheapestFit, 0},
		"with one node":    {[]pool.Pool{limited, small}, simulator.CheapestFit, 0.76},
		"prepaid":          {[]pool.Pool{prepaid, small}, simulator.CheapestFit, 0},
		"one node, random": {[]pool.Pool{limited, small}, simulator.RandomPool, 0.76},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorkload(pods...)
			r := run(t, &simulator.Config{
				Workload: w, Pools: tc.pools, NewPlacer: byPacking, Seed: 1,
				Autoscaler: simulator.Autoscaler{ScaleUp: tc.scaleUp},
			})
			c, err := bound.Compute(t.Context(), w, tc.pools, bound.Options{MaxWait: r.DelayMax, Boot: time.Minute, EmptyDelay: 10 * time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Dollars(); r.Dollars < tc.dollars-1e-9 || math.IsNaN(got) || got > r.Dollars || tc.dollars == 0 && got != 0 {
				t.Errorf("dollars %v and bound %v, want %v", r.Dollars, got, tc.dollars)
			}
			var file bytes.Buffer
			if err := c.Write(&file); err != nil {
				t.Fatal(err)
			}
			if _, err := bound.Verify(&file); err != nil {
				t.Errorf("the certificate is refused: %v", err)
			}
		})
	}
}

func TestRunStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := simulator.Run(ctx, &simulator.Config{
		Workload: newWorkload(newPod(0, 1, 1, 0, 100)), Pools: []pool.Pool{newPool("small", 4, 16, 3.6)}, NewPlacer: byPacking,
		Autoscaler: simulator.Autoscaler{ScaleUp: simulator.LeastWaste},
	})
	if err == nil {
		t.Error("no error, want one")
	}
}

// picky never finds a node.
type picky struct{ simulator.Placer }

func (picky) Place(context.Context, *corev1.Pod) (string, error, error) {
	return "", context.DeadlineExceeded, nil
}

func TestRunGivesUpOnPodsThatNeverFit(t *testing.T) {
	r := run(t, &simulator.Config{
		Workload: newWorkload(newPod(0, 1, 1, 0, 100)), Pools: []pool.Pool{newPool("small", 4, 16, 3.6)},
		NewPlacer: func(ctx context.Context, c clock.PassiveClock) (simulator.Placer, error) {
			p, err := byPacking(ctx, c)
			return picky{p}, err
		},
		Autoscaler: simulator.Autoscaler{ScaleUp: simulator.LeastWaste},
	})
	if r.UnschedulableCount != 1 || len(r.Unschedulable) != 1 || !strings.Contains(r.Unschedulable[0], "default/pod-0") {
		t.Errorf("unschedulable = %v (%d), want pod-0", r.Unschedulable, r.UnschedulableCount)
	}
}

func TestRunIsDeterministic(t *testing.T) {
	config := randomConfig(7, 300)
	first := run(t, config)
	if diff := cmp.Diff(first, run(t, randomConfig(7, 300))); diff != "" {
		t.Errorf("two runs of the same configuration differ (-first, +second):\n%s", diff)
	}
	config.Seed++
	if other := run(t, config); other.Dollars == first.Dollars {
		t.Errorf("another seed gives the same dollars %v: chance is not used", other.Dollars)
	}
}
