// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"time"

	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
	"github.com/tollgate-dev/tollgate/pkg/simulator"
	"github.com/tollgate-dev/tollgate/pkg/simulator/bound"
	"github.com/tollgate-dev/tollgate/pkg/simulator/experiment"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
)

// seedRun is what came of one seed.
type seedRun struct {
	seed    uint64
	setting *experiment.Setting
	// results are in the order of the profiles.
	results []*simulator.Result
	// certificate is the bound for all of them; nil if none was asked for.
	certificate *bound.Certificate
}

// dollars returns the bound.
func (r *seedRun) dollars() float64 { return r.certificate.Dollars() }

// simulate runs everything, one after the other.
func (o *simulateOptions) simulate(ctx context.Context, s *source, all []*profiles.Profile) ([]*seedRun, error) {
	progress := newProgress(o, len(all))
	defer progress.end()
	var runs []*seedRun
	for i := range o.seeds {
		run := &seedRun{seed: o.seed + uint64(i)} //nolint:gosec // not negative
		var err error
		if run.setting, err = s.setting(run.seed); err != nil {
			return nil, err
		}
		for j, p := range all {
			result, err := run.setting.Run(ctx, p, progress.of(i, j, p.Name))
			if err != nil {
				return nil, ui.WithHint(err, "%s", runHint(s))
			}
			run.results = append(run.results, result)
		}
		if o.bound {
			progress.bound(i)
			if err := run.computeBound(ctx); err != nil {
				return nil, err
			}
		}
		runs = append(runs, run)
	}
	return runs, nil
}

func runHint(s *source) string {
	switch {
	case s.now != nil:
		return "pods that fit no node of the cluster cannot be simulated: take them out of the file"
	case s.world.Cloud == "":
		return "add a pool to the file of --pools; if the pods want a GPU model of the trace, --cloud NAME maps it to those of a cloud"
	default:
		return "--pools FILE takes node pools of your own"
	}
}

// computeBound computes a bound that holds for all results that ran all pods.
func (r *seedRun) computeBound(ctx context.Context) error {
	var err error
	if r.certificate, err = r.setting.Bound(ctx, experiment.LongestDelay(r.results...)); err != nil {
		return err
	}
	for _, result := range r.results {
		if result.UnschedulableCount > 0 {
			continue // is not compared with the bound
		}
		if err := experiment.Holds(r.certificate, result); err != nil {
			return err
		}
	}
	return nil
}

// maxWait is what the bound allows for.
func (r *seedRun) maxWait() time.Duration { return time.Duration(r.certificate.World.MaxWait) }
