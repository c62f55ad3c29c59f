// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package experiment runs policies in equal worlds and compares them: what
// kubectl tollgate simulate and the benchmark have in common.
package experiment

import (
	"context"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/simulator"
	"github.com/tollgate-dev/tollgate/pkg/simulator/placer"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// Setting is everything but the policy.
type Setting struct {
	Workload *workload.Workload
	Pools    []pool.Pool
	// NodePools is the pool of each of Workload.Nodes.
	NodePools  []int
	Autoscaler simulator.Autoscaler
	Seed       uint64
	// Args tells policies that use CostScore what an administrator of this
	// world would: per-node fee and prepaid nodes. nil for nothing.
	Args func(*config.CostScoreArgs)
	// OnNode and PriceChanges are as in simulator.Config.
	OnNode       func(*corev1.Node)
	PriceChanges []simulator.PriceChange
}

// InWorld returns the setting of a trace in a world: so many copies of the
// trace, shifted by the seed. Every pod declares its lifetime, which only
// policies that use lifetimes read.
func InWorld(trace *workload.Workload, w pool.World, copies int, seed uint64) (*Setting, error) {
	trace, err := w.Workload(trace)
	if err != nil {
		return nil, err
	}
	trace = repeat(trace, copies, seed)
	pools, err := w.Pools(trace, copies)
	if err != nil {
		return nil, err
	}
	declareLifetimes(trace)
	return &Setting{
		Workload: trace, Pools: pools, Seed: seed, Args: w.CostScoreArgs(pools),
		Autoscaler: simulator.Autoscaler{ScaleUp: simulator.ScaleUp(w.ScaleUp), Consolidation: w.Consolidation}.WithDefaults(),
	}, nil
}

// repeat returns so many copies of the trace on top of each other, for as long as
// the part that is repeated: the last pods would run on alone for as long again.
// For 0 it returns the trace as it is.
func repeat(trace *workload.Workload, copies int, seed uint64) *workload.Workload {
	if copies <= 0 {
		return trace
	}
	_, length := workload.DenseWindow(trace)
	return workload.Clip(workload.Superpose(trace, copies, seed), length)
}

// declareLifetimes replaces the pods of w, which must be its own, by pods that
// declare their lifetimes, in whole seconds and at least one, and share
// everything else.
func declareLifetimes(w *workload.Workload) {
	for i := range w.Pods {
		p := &w.Pods[i]
		object := *p.Object
		object.Annotations = maps.Clone(object.Annotations)
		if object.Annotations == nil {
			object.Annotations = map[string]string{}
		}
		object.Annotations[costmodel.LifetimeAnnotation] = max(time.Second, p.Lifetime.Round(time.Second)).String()
		p.Object = &object
	}
}

// Run simulates one policy.
func (s *Setting) Run(ctx context.Context, profile *profiles.Profile, progress func(simulator.Progress)) (*simulator.Result, error) {
	if s.Args != nil {
		profile = profile.WithCostScore(s.Args)
	}
	result, err := simulator.Run(ctx, &simulator.Config{
		Workload: s.Workload, Pools: s.Pools, NodePools: s.NodePools,
		Autoscaler: s.Autoscaler, Seed: s.Seed, OnNode: s.OnNode, PriceChanges: s.PriceChanges, Progress: progress,
		NewPlacer: func(ctx context.Context, c clock.PassiveClock) (simulator.Placer, error) {
			return placer.New(ctx, profile.Config, placer.Options{Clock: c})
		},
	})
	if err != nil {
		return nil, fmt.Errorf("running profile %s: %w", profile.Name, err)
	}
	return result, nil
}
