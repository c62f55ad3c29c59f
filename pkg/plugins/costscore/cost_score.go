// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"
	"fmt"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/apis/config/validation"
	"github.com/tollgate-dev/tollgate/pkg/costmodel"
)

// Name of the plugin used in the plugin registry and configurations.
const Name = "CostScore"

// CostScore ranks nodes by what the pod would cost there, and rejects nodes
// that the pod's price and spot limits exclude.
type CostScore struct {
	clock     clock.PassiveClock
	strategy  costmodel.Strategy
	floor     costmodel.Floor // of its costs; nil for none
	lifetimes bool            // the strategy uses them
	nodes     *nodes
	podFacts  *podFactsCache
	podLister corelisters.PodLister
	problems  *problemReporter
	activator fwk.PodActivator
	handle    fwk.Handle

	indexed     bool // the arguments do not say otherwise
	mostRefused int
	mostTime    time.Duration
	searching   sync.Mutex
	factsOnce   sync.Once
	facts       profileFacts
	follower    follower
	candidates  candidates
	classes     int // of the index, when last told
	handed      handed
}

var (
	_ fwk.PreFilterPlugin   = &CostScore{}
	_ fwk.FilterPlugin      = &CostScore{}
	_ fwk.PreScorePlugin    = &CostScore{}
	_ fwk.ScorePlugin       = &CostScore{}
	_ fwk.ScoreExtensions   = &CostScore{}
	_ fwk.ReservePlugin     = &CostScore{}
	_ fwk.EnqueueExtensions = &CostScore{}
	_ fwk.SignPlugin        = &CostScore{}
)

// Name returns the name of the plugin.
func (pl *CostScore) Name() string {
	return Name
}

// PreFilter reads the pod's limits, and leaves one node alone if the index has
// the one that comparing all of them would choose. Else it returns Skip for a pod
// without limits.
func (pl *CostScore) PreFilter(ctx context.Context, state fwk.CycleState, pod *v1.Pod, nodes []fwk.NodeInfo) (*fwk.PreFilterResult, *fwk.Status) {
	limits, err := limitsOf(pl.latest(pod))
	if err != nil {
		return nil, fwk.NewStatus(fwk.UnschedulableAndUnresolvable, err.Error())
	}
	node, reason := pl.search(ctx, state, pod, &limits, nodes)
	searches.WithLabelValues(reason).Inc()
	if node == "" && limits.none() {
		return nil, fwk.NewStatus(fwk.Skip)
	}
	state.Write(preFilterStateKey, &limits)
	if node == "" {
		return nil, nil
	}
	return only(node), nil
}

// PreFilterExtensions returns nil: limits do not depend on other pods.
func (pl *CostScore) PreFilterExtensions() fwk.PreFilterExtensions {
	return nil
}

// Filter rejects a node that the pod's limits exclude. Evicting pods changes
// no price, so the rejection is unresolvable.
func (pl *CostScore) Filter(_ context.Context, state fwk.CycleState, pod *v1.Pod, nodeInfo fwk.NodeInfo) *fwk.Status {
	limits, err := readLimits(state, pod)
	if err != nil {
		return fwk.NewStatus(fwk.UnschedulableAndUnresolvable, err.Error())
	}
	if !limits.none() {
		if reason := limits.reject(pl.nodes.price(nodeInfo.Node())); reason != "" {
			return fwk.NewStatus(fwk.UnschedulableAndUnresolvable, reason)
		}
	}
	pl.handed.accepted(state, pod, nodeInfo.Node())
	return nil
}

// PreScore computes what the pod requests, once. It returns Skip when none of
// the candidate nodes has a known price.
func (pl *CostScore) PreScore(_ context.Context, state fwk.CycleState, pod *v1.Pod, nodes []fwk.NodeInfo) *fwk.Status {
	for _, nodeInfo := range nodes {
		if pl.nodes.price(nodeInfo.Node()).Known() {
			s := pl.newPreScoreState(pod)
			if s.lifetimeErr != nil {
				pl.problems.reportLifetime(pod, s)
			}
			state.Write(preScoreStateKey, s)
			return nil
		}
	}
	return fwk.NewStatus(fwk.Skip)
}

// Score returns the cost of the pod on the node as an integer of the same
// order: the lower, the better. NormalizeScore turns the order round.
func (pl *CostScore) Score(ctx context.Context, state fwk.CycleState, pod *v1.Pod, nodeInfo fwk.NodeInfo) (int64, *fwk.Status) {
	s, err := pl.readPreScoreState(state, pod)
	if err != nil {
		return 0, fwk.AsStatus(err)
	}
	price := pl.nodes.price(nodeInfo.Node())
	if !price.Known() {
		return unknownCost, nil
	}
	cost := pl.cost(s, price, nodeInfo)
	if logger := klog.FromContext(ctx).V(5); logger.Enabled() {
		logCost(logger, pod, nodeInfo.Node(), price, cost)
	}
	return cost.Encode(), nil
}

// ScoreExtensions of the Score plugin.
func (pl *CostScore) ScoreExtensions() fwk.ScoreExtensions {
	return pl
}

// NormalizeScore replaces encoded costs by ranks from 0 to 100, of which the
// cheapest node has the highest.
func (pl *CostScore) NormalizeScore(_ context.Context, _ fwk.CycleState, _ *v1.Pod, scores fwk.NodeScoreList) *fwk.Status {
	normalize(scores)
	return nil
}

// New initializes a new plugin and returns it. All faults in args are reported
// in one error.
func New(ctx context.Context, obj runtime.Object, h fwk.Handle) (fwk.Plugin, error) {
	return NewWithClock(clock.RealClock{})(ctx, obj, h)
}

// NewWithClock returns a New that measures the ages of pods and of prices by
// the clock, as simulations need it.
func NewWithClock(clock clock.PassiveClock) frameworkruntime.PluginFactory {
	return func(ctx context.Context, obj runtime.Object, h fwk.Handle) (fwk.Plugin, error) {
		args, ok := obj.(*config.CostScoreArgs)
		if !ok {
			return nil, fmt.Errorf("want args to be of type *config.CostScoreArgs, got %T", obj)
		}
		if err := validation.ValidateCostScoreArgs(nil, args); err != nil {
			return nil, fmt.Errorf("validating CostScoreArgs: %w", err)
		}
		registerMetrics()
		return newCostScore(ctx, args, h, clock)
	}
}
