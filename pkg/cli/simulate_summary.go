// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"math"
	"slices"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/simulator"
	"github.com/tollgate-dev/tollgate/pkg/simulator/bound"
	"github.com/tollgate-dev/tollgate/pkg/simulator/experiment"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
)

func (o *simulateOptions) worldOf(kind string) SimulateWorld {
	a := o.autoscaler()
	return SimulateWorld{
		Kind: kind, ScaleUp: string(a.ScaleUp), Consolidation: a.Consolidation,
		BootSeconds: a.BootTime.Seconds(), ScanIntervalSeconds: a.ScanInterval.Seconds(), EmptyDelaySeconds: a.EmptyDelay.Seconds(),
		Copies: o.copies, FirstSeed: o.seed, Seeds: o.seeds,
	}
}

// report sums up all runs.
func (o *simulateOptions) report(s *source, all []*profiles.Profile, runs []*seedRun) *SimulateReport {
	w := runs[0].setting.Workload
	base, column := baseline(all)
	r := &SimulateReport{
		Schema: SimulateSchema, Currency: Currency, Time: o.Clock.Now().UTC(), World: s.world, Baseline: all[base].Name, baselineColumn: column, extra: s.notes,
		Workload: SimulateWorkload{
			Name: w.Name, Pods: len(w.Pods), Nodes: len(w.Nodes), DurationSeconds: w.Duration().Seconds(),
			LeftOut: w.Notes(), HourlyPriceMicroDollars: s.now,
		},
	}
	r.World.Pools = len(runs[0].setting.Pools)
	if runs[0].certificate != nil {
		r.Bound = boundOf(runs)
	}
	for i, p := range all {
		r.Profiles = append(r.Profiles, rowOf(p.Name, runs, i, base))
	}
	return r
}

func boundOf(runs []*seedRun) *SimulateBound {
	over := func(f func(*seedRun) float64) experiment.Mean { return meanOver(runs, f) }
	dollars := over((*seedRun).dollars)
	b := &SimulateBound{
		MicroDollars: microDollars(dollars.Value), MicroDollarsCI95: microDollars(dollars.CI95),
		AssumingNothingMicroDollars: microDollars(over(func(r *seedRun) float64 { return r.certificate.DollarsAssuming(bound.AssumesNothing) }).Value),
	}
	var assumes bound.Assumption
	for _, r := range runs {
		best, wait := r.certificate.Best(), r.maxWait().Seconds()
		if most := bound.Stronger(assumes, best.Assumes); most != assumes {
			assumes, b.Assumes, b.Proof = most, string(most), best.Name
		}
		b.MaxWaitSeconds = max(b.MaxWaitSeconds, wait)
		b.Seeds = append(b.Seeds, SimulateBoundSeed{
			Seed: r.seed, MicroDollars: *r.boundMicroDollars(), Assumes: string(best.Assumes), Proof: best.Name, MaxWaitSeconds: wait,
		})
	}
	return b
}

// rowOf sums up the runs of one profile.
func rowOf(name string, runs []*seedRun, i, base int) SimulateRow {
	mean := func(f func(*simulator.Result) float64) experiment.Mean {
		return meanOver(runs, func(r *seedRun) float64 { return f(r.results[i]) })
	}
	dollars := mean(func(r *simulator.Result) float64 { return r.Dollars })
	value := func(f func(*simulator.Result) float64) float64 { return round4(mean(f).Value) }
	hours := func(kind string) float64 {
		return value(func(r *simulator.Result) float64 { return r.NodeHours[kind] })
	}
	row := SimulateRow{
		Profile: name, MicroDollars: microDollars(dollars.Value), MicroDollarsCI95: microDollars(dollars.CI95),
		PrepaidMicroDollars:     microDollars(mean(func(r *simulator.Result) float64 { return r.PrepaidDollars }).Value),
		HourlyAtEndMicroDollars: microDollars(mean(func(r *simulator.Result) float64 { return r.EndDollarsPerHour }).Value),
		NodeHours: SimulateNodeHours{
			OnDemand: hours(string(pricing.CapacityTypeOnDemand)), Spot: hours(string(pricing.CapacityTypeSpot)),
			Unknown: hours(string(pricing.CapacityTypeUnknown)), Prepaid: hours("prepaid"),
		},
		GPUHours:         value(func(r *simulator.Result) float64 { return r.GPUHours }),
		StrandedGPUHours: value(func(r *simulator.Result) float64 { return r.StrandedGPUHours }),
		WaitP50Seconds:   value(func(r *simulator.Result) float64 { return r.WaitP50.Seconds() }),
		WaitP99Seconds:   value(func(r *simulator.Result) float64 { return r.WaitP99.Seconds() }),
		WaitMaxSeconds:   value(func(r *simulator.Result) float64 { return r.WaitMax.Seconds() }),
		Evictions:        value(func(r *simulator.Result) float64 { return float64(r.Evictions) }),
		Placements:       value(func(r *simulator.Result) float64 { return float64(r.Placements) }),
		NodesBought:      value(func(r *simulator.Result) float64 { return float64(r.NodesBought) }),
		PeakNodes:        value(func(r *simulator.Result) float64 { return float64(r.PeakNodes) }),
	}
	for _, run := range runs {
		result := run.results[i]
		row.DelayMaxSeconds = max(row.DelayMaxSeconds, result.DelayMax.Seconds())
		row.Unschedulable += result.UnschedulableCount
		if row.UnschedulablePods == nil {
			row.UnschedulablePods = result.Unschedulable
		}
		row.Seeds = append(row.Seeds, SimulateSeed{Seed: run.seed, MicroDollars: microDollars(result.Dollars), BoundMicroDollars: run.boundMicroDollars()})
	}
	if !gaveUp(runs, i) && !gaveUp(runs, base) {
		row.VersusBaselinePercent, row.VersusBaselinePercentCI95 = percentOver(runs, func(r *seedRun) float64 {
			return excess(r.results[i].Dollars, r.results[base].Dollars)
		})
	}
	if runs[0].certificate != nil && !gaveUp(runs, i) {
		row.AboveBoundPercent, row.AboveBoundPercentCI95 = percentOver(runs, func(r *seedRun) float64 {
			return excess(r.results[i].Dollars, r.dollars())
		})
	}
	return row
}

// gaveUp reports whether a profile left pods undone with any seed: its bill is
// for less work than the others'.
func gaveUp(runs []*seedRun, i int) bool {
	return slices.ContainsFunc(runs, func(r *seedRun) bool { return r.results[i].UnschedulableCount > 0 })
}

// percentOver is meanOver, and nil where there is no number, as of a bill
// compared with one of nothing.
func percentOver(runs []*seedRun, f func(*seedRun) float64) (value *float64, ci95 float64) {
	m := meanOver(runs, f)
	if math.IsInf(m.Value, 0) || math.IsNaN(m.Value) {
		return nil, 0
	}
	v := round4(m.Value)
	return &v, round4(m.CI95)
}

func (r *seedRun) boundMicroDollars() *int64 {
	if r.certificate == nil {
		return nil
	}
	v := microDollars(r.dollars())
	return &v
}

func meanOver(runs []*seedRun, f func(*seedRun) float64) experiment.Mean {
	values := make([]float64, len(runs))
	for i, r := range runs {
		values[i] = f(r)
	}
	return experiment.MeanOf(values)
}

// excess is by how many percent a is above b; 0 if both are 0.
func excess(a, b float64) float64 {
	if a == b {
		return 0
	}
	return 100 * (a/b - 1)
}
