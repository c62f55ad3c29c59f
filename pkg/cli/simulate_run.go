// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
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
	// certificate is the bound for all of them; nil if none was asked for, or
	// one that does not hold was found.
	certificate *bound.Certificate
}

// dollars returns the bound.
func (r *seedRun) dollars() float64 { return r.certificate.Dollars() }

// simulate runs everything, one after the other. What refutes a bound it returns
// as refuted, with runs that have no bound: bills do not depend on it.
func (o *simulateOptions) simulate(ctx context.Context, s *source, all []*profiles.Profile) (runs []*seedRun, refuted, err error) {
	progress := newProgress(o, len(all))
	defer progress.end()
	for i := range o.seeds {
		run := &seedRun{seed: o.seed + uint64(i)} //nolint:gosec // not negative
		if run.setting, err = s.setting(run.seed); err != nil {
			return nil, nil, err
		}
		for j, p := range all {
			result, err := run.setting.Run(ctx, p, progress.of(i, j, p.Name))
			if err != nil {
				return nil, nil, ui.WithHint(err, "%s", runHint(s, p.Name, err))
			}
			if err := countable(result, p.Name); err != nil {
				return nil, nil, err
			}
			run.results = append(run.results, result)
		}
		if o.bound && refuted == nil {
			progress.bound(i)
			if run.certificate, err = run.setting.Bound(ctx, experiment.LongestDelay(run.results...)); err != nil {
				return nil, nil, err
			}
			refuted = run.refuted(all)
		}
		runs = append(runs, run)
	}
	if refuted != nil {
		for _, run := range runs {
			run.certificate = nil
		}
	}
	return runs, refuted, nil
}

// countable returns an error for a bill beyond what integers of micro-dollars
// hold: 9 trillion dollars.
func countable(r *simulator.Result, profile string) error {
	if microDollars(r.Dollars) < maxMicroDollars && microDollars(r.EndDollarsPerHour) < maxMicroDollars {
		return nil
	}
	return ui.WithHint(fmt.Errorf("the bill of profile %s is beyond %s, which is the most that can be counted", profile, monthly(maxMicroDollars)),
		"lower prices, numbers of prepaid nodes, or the time that is simulated")
}

// runHint is for pods that fit nowhere, and for profiles of files that no
// scheduler can be built of.
func runHint(s *source, profile string, err error) string {
	var unfit *simulator.UnfitError
	switch {
	case !errors.As(err, &unfit) && isBuiltIn(profile):
		return ""
	case !errors.As(err, &unfit):
		return "kube-scheduler would not run with this profile either: change its plugins, or leave it out of --profile"
	case s.now != nil:
		return "pods that fit no node of the cluster cannot be simulated: take them out of the file"
	case s.world.Cloud == "":
		return "add a pool to the file of --pools; if the pods want a GPU model of the trace, --cloud NAME maps it to those of a cloud"
	default:
		return "--pools FILE takes node pools of your own"
	}
}

// refuted returns an error if a bill is below the bound, which is wrong then.
// Profiles that gave pods up are not compared with it.
func (r *seedRun) refuted(all []*profiles.Profile) error {
	for i, result := range r.results {
		if result.UnschedulableCount > 0 {
			continue
		}
		if err := experiment.Holds(r.certificate, result); err != nil {
			return fmt.Errorf("profile %s with seed %d: %w", all[i].Name, r.seed, err)
		}
	}
	return nil
}

// maxWait is what the bound allows for.
func (r *seedRun) maxWait() time.Duration { return time.Duration(r.certificate.World.MaxWait) }
