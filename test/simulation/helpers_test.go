// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package simulation_test runs whole simulations with the real scheduler
// framework, and checks what has to be true of them.
package simulation_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/simulator"
	"github.com/tollgate-dev/tollgate/pkg/simulator/experiment"
	"github.com/tollgate-dev/tollgate/pkg/simulator/placer"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// plain is the world in which nothing but the policy matters.
const plain = "aws/least-waste/on-demand"

// excerpt is the first 200 pods of an openb trace.
var excerpt = sync.OnceValues(func() (*workload.Workload, error) {
	return workload.Open("../../pkg/simulator/workload/testdata/openb_head.csv.gz", workload.Options{})
})

// newSetting is so many copies of the excerpt in a world.
func newSetting(t testing.TB, world string, copies int, seed uint64) *experiment.Setting {
	t.Helper()
	trace, err := excerpt()
	must(t, err)
	w, err := pool.ParseWorld(world)
	must(t, err)
	s, err := experiment.InWorld(trace, w, copies, seed)
	must(t, err)
	return s
}

// wholeTrace is an openb trace, most of which happens within 34 days.
var wholeTrace = sync.OnceValues(func() (*workload.Workload, error) {
	return workload.Open("../bench/cost/traces/openb_pod_list_default.csv.gz", workload.Options{})
})

// busy are the workloads of newBusySetting by seed.
var busy = map[uint64]*workload.Workload{}

// newBusySetting is 38 hours of a busy cluster: 3000 pods or so, some thirty at
// a time.
func newBusySetting(t testing.TB, world string, seed uint64) *experiment.Setting {
	t.Helper()
	if busy[seed] == nil {
		trace, err := wholeTrace()
		must(t, err)
		busy[seed] = workload.Clip(workload.Superpose(trace, 8, seed), 38*time.Hour)
	}
	w, err := pool.ParseWorld(world)
	must(t, err)
	s, err := experiment.InWorld(busy[seed], w, 0, seed)
	must(t, err)
	return s
}

// outcome is a Result and where each pod went, in order.
type outcome struct {
	*simulator.Result
	placements []placement
}

type placement struct{ pod, node string }

// options change a run; each may be nil.
type options struct {
	args func(*config.CostScoreArgs)
	wrap func(simulator.Placer, clock.PassiveClock) simulator.Placer
}

// run simulates a policy in a setting.
func run(t testing.TB, s *experiment.Setting, policy string, o options) *outcome {
	t.Helper()
	profile, err := profiles.Named(policy)
	must(t, err)
	for _, change := range []func(*config.CostScoreArgs){s.Args, o.args} {
		if change != nil {
			profile = profile.WithCostScore(change)
		}
	}
	return runPlacer(t, s, func(ctx context.Context, c clock.PassiveClock) (simulator.Placer, error) {
		p, err := placer.New(ctx, profile.Config, placer.Options{Clock: c})
		if err == nil && o.wrap != nil {
			return o.wrap(p, c), nil
		}
		return p, err
	})
}

func runPlacer(t testing.TB, s *experiment.Setting, newPlacer func(context.Context, clock.PassiveClock) (simulator.Placer, error)) *outcome {
	t.Helper()
	out := &outcome{}
	var err error
	out.Result, err = simulator.Run(t.Context(), &simulator.Config{
		Workload: s.Workload, Pools: s.Pools, NodePools: s.NodePools, Autoscaler: s.Autoscaler,
		Seed: s.Seed, OnNode: s.OnNode, PriceChanges: s.PriceChanges,
		NewPlacer: func(ctx context.Context, c clock.PassiveClock) (simulator.Placer, error) {
			p, err := newPlacer(ctx, c)
			return &recorder{p, out}, err
		},
	})
	must(t, err)
	if out.UnschedulableCount > 0 {
		t.Fatalf("%d pods were not scheduled: %v", out.UnschedulableCount, out.Unschedulable)
	}
	return out
}

// recorder writes down where pods go.
type recorder struct {
	simulator.Placer
	out *outcome
}

func (r *recorder) Place(ctx context.Context, pod *corev1.Pod) (string, error, error) {
	node, reason, err := r.Placer.Place(ctx, pod)
	if node != "" {
		r.out.placements = append(r.out.placements, placement{pod.Name, node})
	}
	return node, reason, err
}

// poolOf returns the pool of a bought node: its name is that of the pool and a
// number.
func poolOf(pools []pool.Pool, node *corev1.Node) *pool.Pool {
	name := node.Name[:strings.LastIndexByte(node.Name, '-')]
	for i := range pools {
		if pools[i].Name == name {
			return &pools[i]
		}
	}
	panic("no pool of node " + node.Name)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
