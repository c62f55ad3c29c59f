// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"
	"fmt"

	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/apis/config/prices"
	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// newCostScore wants valid args.
func newCostScore(ctx context.Context, args *config.CostScoreArgs, h fwk.Handle, clock clock.PassiveClock) (*CostScore, error) {
	options, err := prices.OptionsOf(args)
	if err != nil {
		return nil, fmt.Errorf("reading CostScoreArgs: %w", err)
	}
	book := pricing.NewBook(options, clock)
	informers := h.SharedInformerFactory().Core().V1()
	lifetimes := args.Strategy == config.StrategyDominantShareLifetimes
	problems := newProblemReporter(h.EventRecorder(), args.PriceAnnotations)
	pl := &CostScore{
		clock:     clock,
		strategy:  newStrategy(args),
		floor:     newFloor(args),
		lifetimes: lifetimes,
		nodes:     newNodes(book, informers.Nodes().Lister(), problems),
		podFacts:  newPodFactsCache(lifetimes),
		podLister: informers.Pods().Lister(),
		problems:  problems,
		activator: h,
		handle:    h,
		indexed:   args.Search != config.SearchFull,

		mostRefused: mostRefused,
		mostTime:    mostTime,
	}
	pl.follower.ageless = args.Strategy == config.StrategyNodePrice || ptr.Deref(args.AgeExponent, config.DefaultAgeExponent) == 0
	registration, err := informers.Nodes().Informer().AddEventHandler(pl.nodeHandler())
	if err != nil {
		return nil, fmt.Errorf("watching nodes: %w", err)
	}
	pl.nodes.handled = registration.HasSynced
	ages.add(ctx, pl)
	if _, err := informers.Pods().Informer().AddEventHandler(pl.podHandler(ctx)); err != nil {
		return nil, fmt.Errorf("watching pods: %w", err)
	}
	if pl.indexed {
		if _, err := informers.Pods().Informer().AddEventHandler(pl.assignedPodHandler()); err != nil {
			return nil, fmt.Errorf("watching pods: %w", err)
		}
	}
	return pl, nil
}

func newStrategy(args *config.CostScoreArgs) costmodel.Strategy {
	switch args.Strategy {
	case config.StrategyNodePrice:
		return costmodel.NodePrice()
	case config.StrategyDominantShareLifetimes:
		return costmodel.DominantShareLifetimes()
	default:
		return costmodel.DominantShare(ptr.Deref(args.AgeExponent, config.DefaultAgeExponent))
	}
}

// newFloor returns the floor of the strategy; nil if it has none.
func newFloor(args *config.CostScoreArgs) costmodel.Floor {
	if args.Strategy != config.StrategyDominantShare {
		return nil
	}
	return costmodel.DominantShareFloor(ptr.Deref(args.AgeExponent, config.DefaultAgeExponent))
}
