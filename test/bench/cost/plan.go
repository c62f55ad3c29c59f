// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

//go:embed traces/*.csv.gz
var traceFiles embed.FS

// traces are the ones that cells name.
var traces = map[string]string{
	"openb-default":   "traces/openb_pod_list_default.csv.gz",
	"openb-gpuspec33": "traces/openb_pod_list_gpuspec33.csv.gz",
}

// quickCells are what the quick selection measures: each scale-up rule, each
// kind of capacity but the fee, consolidation, and the other trace once.
var quickCells = []string{
	"openb-default/aws/least-waste/on-demand",
	"openb-default/aws/least-waste-consolidation/on-demand",
	"openb-default/aws/least-waste/half-spot",
	"openb-default/aws/cheapest-fit/on-demand",
	"openb-default/aws/random/on-demand",
	"openb-gpuspec33/aws/least-waste/prepaid",
}

// cell is one world with one trace.
type cell struct {
	trace string
	world pool.World
}

func (c cell) name() string { return c.trace + "/" + c.world.Name() }

// plan is what is measured.
type plan struct {
	full     bool
	prefixes []string
	cells    []cell
	policies []string
	copies   int
	seeds    int
	loaded   map[string]*workload.Workload
}

func newPlan(full bool, prefixes, policies []string, copies, seeds int) (*plan, error) {
	p := &plan{full: full, prefixes: prefixes, policies: policies, copies: copies, seeds: seeds, loaded: map[string]*workload.Workload{}}
	if p.copies == 0 {
		p.copies = 4
		if full {
			p.copies = 8
		}
	}
	if p.seeds == 0 {
		p.seeds = 4
		if full {
			p.seeds = 10
		}
	}
	if p.copies < 1 || p.seeds < 1 {
		return nil, fmt.Errorf("copies and seeds have to be 1 at least, they are %d and %d", p.copies, p.seeds)
	}
	if len(p.policies) == 0 {
		p.policies = profiles.Names()
	}
	for _, name := range p.policies {
		if _, err := profiles.Named(name); err != nil {
			return nil, err
		}
	}
	if !slices.Contains(p.policies, profiles.MostAllocated) {
		p.policies = append([]string{profiles.MostAllocated}, p.policies...) // the baseline
	}
	for _, c := range allCells() {
		switch {
		case len(prefixes) > 0:
			if slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(c.name(), prefix) }) {
				p.cells = append(p.cells, c)
			}
		case full || slices.Contains(quickCells, c.name()):
			p.cells = append(p.cells, c)
		}
	}
	if len(p.cells) == 0 {
		return nil, fmt.Errorf("no cell begins with %s; one is called %s", strings.Join(prefixes, " or "), quickCells[0])
	}
	return p, nil
}

func allCells() []cell {
	var cells []cell
	for _, trace := range []string{"openb-default", "openb-gpuspec33"} {
		for _, world := range pool.All() {
			cells = append(cells, cell{trace, world})
		}
	}
	return cells
}

// describe says what is measured and what is left out.
func (p *plan) describe() string {
	all := len(allCells())
	text := fmt.Sprintf("measuring %d of %d cells with %d policies, %d copies of the trace, %d seeds", len(p.cells), all, len(p.policies), p.copies, p.seeds)
	if !p.full {
		text += fmt.Sprintf("\nleft out: %d cells (among them all of Azure and Google Cloud), 8 copies, 10 seeds; FULL=1 measures everything, for days on two cores", all-len(p.cells))
	}
	return text
}

func (p *plan) trace(name string) (*workload.Workload, error) {
	if w, ok := p.loaded[name]; ok {
		return w, nil
	}
	f, err := traceFiles.Open(traces[name])
	if err != nil {
		return nil, fmt.Errorf("opening trace %s: %w", name, err)
	}
	defer f.Close()
	w, err := workload.Read(name, f, workload.Options{})
	if err != nil {
		return nil, err
	}
	p.loaded[name] = w
	return w, nil
}
