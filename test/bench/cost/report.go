// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/simulator/experiment"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

// entry is one line of cost.json.
type entry struct {
	// Name is <trace>/<cloud>/<scale-up>/<capacity>/<policy>.
	Name string `json:"name"`
	// Value is the mean bill in dollars.
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Baseline is the mean bill of MostAllocated in the same world with the
	// same seeds, and Ratio the mean of the ratios to it, seed by seed.
	Baseline  float64 `json:"baseline"`
	Ratio     float64 `json:"ratio"`
	RatioCI95 float64 `json:"ratio_ci95"`
	// ExcessPct is the mean excess over the lower bound in percent;
	// ExcessFluidPct that over the part of the bound that assumes nothing.
	ExcessPct      float64 `json:"excess_pct"`
	ExcessPctCI95  float64 `json:"excess_pct_ci95"`
	ExcessFluidPct float64 `json:"excess_fluid_pct"`
	// ExcessRatio is the excess over that of MostAllocated.
	ExcessRatio float64 `json:"excess_ratio"`
	Copies      int     `json:"copies"`
	Seeds       int     `json:"seeds"`

	NodeHours        map[string]float64 `json:"node_hours"`
	StrandedGPUHours float64            `json:"stranded_gpu_hours"`
	WaitP50Seconds   float64            `json:"wait_p50_seconds"`
	WaitP99Seconds   float64            `json:"wait_p99_seconds"`
	Evictions        float64            `json:"evictions"`
	RunSeconds       float64            `json:"run_seconds"`
}

// summarize makes the line of one policy in one cell.
func summarize(p *plan, c cell, policy string, r results) entry {
	runs, base := r[c.name()][policy], r[c.name()][profiles.MostAllocated]
	mean := func(f func(o, base *outcome) float64) experiment.Mean {
		values := make([]float64, len(runs))
		for i := range runs {
			values[i] = f(runs[i], base[i])
		}
		return experiment.MeanOf(values)
	}
	ratio := mean(func(o, b *outcome) float64 { return o.Result.Dollars / b.Result.Dollars })
	excess := mean(func(o, _ *outcome) float64 { return 100 * (o.Result.Dollars/o.Bound - 1) })
	excessOfBase := mean(func(o, b *outcome) float64 { return 100 * (b.Result.Dollars/o.Bound - 1) })
	e := entry{
		Name: c.name() + "/" + policy, Unit: "dollars", Copies: p.copies, Seeds: p.seeds,
		Value:    mean(func(o, _ *outcome) float64 { return o.Result.Dollars }).Value,
		Baseline: mean(func(_, b *outcome) float64 { return b.Result.Dollars }).Value,
		Ratio:    ratio.Value, RatioCI95: ratio.CI95,
		ExcessPct: excess.Value, ExcessPctCI95: excess.CI95,
		ExcessFluidPct:   mean(func(o, _ *outcome) float64 { return 100 * (o.Result.Dollars/o.Fluid - 1) }).Value,
		StrandedGPUHours: mean(func(o, _ *outcome) float64 { return o.Result.StrandedGPUHours }).Value,
		WaitP50Seconds:   mean(func(o, _ *outcome) float64 { return o.Result.WaitP50.Seconds() }).Value,
		WaitP99Seconds:   mean(func(o, _ *outcome) float64 { return o.Result.WaitP99.Seconds() }).Value,
		Evictions:        mean(func(o, _ *outcome) float64 { return float64(o.Result.Evictions) }).Value,
		RunSeconds:       mean(func(o, _ *outcome) float64 { return o.Seconds }).Value,
		NodeHours:        map[string]float64{},
	}
	if excessOfBase.Value > 0 {
		e.ExcessRatio = excess.Value / excessOfBase.Value
	}
	for _, kind := range []string{string(pricing.CapacityTypeOnDemand), string(pricing.CapacityTypeSpot), "prepaid"} {
		if hours := mean(func(o, _ *outcome) float64 { return o.Result.NodeHours[kind] }).Value; hours > 0 {
			e.NodeHours[kind] = hours
		}
	}
	return e
}

// report prints a table for each cell.
func report(w io.Writer, p *plan, r results) error {
	for _, c := range p.cells {
		fmt.Fprintf(w, "\n%s, x%d, %d seeds\n\n", c.name(), p.copies, p.seeds)
		tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(tw, "policy\tdollars\tabove bound\t± 95%\tratio to MostAllocated\t± 95%\tof its excess\tnode-hours on-demand\tspot\tprepaid\tstranded GPU-h\twait p50\tp99\tevictions\t")
		for _, policy := range p.policies {
			e := summarize(p, c, policy, r)
			fmt.Fprintf(tw, "%s\t%.0f\t%.1f%%\t%.1f\t%.3f\t%.3f\t%.2f\t%.0f\t%.0f\t%.0f\t%.0f\t%s\t%s\t%.0f\t\n", policy, e.Value,
				e.ExcessPct, e.ExcessPctCI95, e.Ratio, e.RatioCI95, e.ExcessRatio,
				e.NodeHours["on-demand"], e.NodeHours["spot"], e.NodeHours["prepaid"], e.StrandedGPUHours,
				seconds(e.WaitP50Seconds), seconds(e.WaitP99Seconds), e.Evictions)
		}
		if err := tw.Flush(); err != nil {
			return fmt.Errorf("printing the table: %w", err)
		}
	}
	return nil
}

func seconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second)).Round(time.Second)
}

// writeEntries writes cost.json, whole or not at all.
func writeEntries(out string, p *plan, r results) (string, error) {
	var entries []entry
	for _, c := range p.cells {
		for _, policy := range p.policies {
			entries = append(entries, summarize(p, c, policy, r))
		}
	}
	data, err := json.MarshalIndent(entries, "", "  ")
	if err != nil {
		return "", fmt.Errorf("encoding the results: %w", err)
	}
	path := filepath.Join(out, "cost.json")
	return path, measure.WriteFile(path, append(data, '\n'))
}
