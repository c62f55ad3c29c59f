// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/test/bench/sched/internal/cycle"
	"github.com/tollgate-dev/tollgate/test/perf/policy"
	"github.com/tollgate-dev/tollgate/test/perf/suite"
)

// plan is what is measured.
type plan struct {
	args     []string
	parts    []string
	suites   []string // prefixes of names; none for all
	policies []string
	shipped  string
	full     bool
	smoke    bool

	cells    []cycle.Cell
	cellTime time.Duration
	rounds   int

	memoryCells []cycle.Cell
	starts      int

	perf   []suite.Suite
	binary string // of test/perf
	pairs  int
	scale  float64

	out, markdown, cpuProfile string
	// leftOut are suites that there are, and are not measured.
	leftOut []string
}

// parsePlan reads the command line.
func parsePlan(args []string, output io.Writer) (*plan, error) {
	p := &plan{args: args}
	fs := flag.NewFlagSet("bench-sched", flag.ContinueOnError)
	fs.SetOutput(output)
	chosen := fs.String("parts", "", "only these parts, separated by commas (default all: "+strings.Join(partNames(), ",")+")")
	suites := fs.String("suites", "", "only the suites whose name begins with one of these, separated by commas; from all of them")
	policies := fs.String("policies", "", "only these policies, separated by commas (default all: "+strings.Join(policy.Names(), ",")+")")
	fs.BoolVar(&p.full, "full", false, "all suites, and longer, instead of the quick selection")
	fs.BoolVar(&p.smoke, "smoke", false, "small suites, to see whether everything works; the numbers mean nothing")
	fs.StringVar(&p.shipped, "config", policy.Shipped, "the file with Tollgate's profile")
	fs.DurationVar(&p.cellTime, "cell-time", 12*time.Second, "cycle: how long each suite is measured, all policies together (with -full 40s)")
	fs.IntVar(&p.rounds, "rounds", 5, "cycle: rounds of each suite at least")
	fs.StringVar(&p.out, "out", "_output/bench", "where sched.json is written")
	fs.StringVar(&p.markdown, "markdown", "", "also write the tables to this file, for docs/benchmarks, and the plot beside it")
	fs.StringVar(&p.cpuProfile, "cpuprofile", "", "cycle: write a profile to this file, with a label for each policy")
	fs.IntVar(&p.starts, "starts", 3, "memory: how often each suite is run with each policy")
	fs.StringVar(&p.binary, "perf-binary", "_output/bin/sched-perf.test", "perf: the test binary of test/perf")
	fs.IntVar(&p.pairs, "pairs", 1, "perf: how often each suite is run with each policy (with -full 3)")
	fs.Float64Var(&p.scale, "scale", 1, "perf: part of the nodes and pods of each suite (with -smoke 0.02)")
	custom := addCellFlags(fs)
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	p.presets(given)
	var err error
	if p.parts, err = choose("part", *chosen, partNames()); err != nil {
		return nil, err
	}
	if p.policies, err = choose("policy", *policies, policy.Names()); err != nil {
		return nil, err
	}
	p.suites = split(*suites)
	for _, part := range p.parts {
		switch part {
		case partCycle:
			p.cells, err = p.chooseCells(custom, given)
		case partMemory:
			p.memoryCells = p.chooseMemory()
		case partPerf:
			p.perf, err = p.choosePerf()
		}
		if err != nil {
			return nil, err
		}
	}
	return p, p.validate()
}

// presets are what -full and -smoke change of flags that were not given.
func (p *plan) presets(given map[string]bool) {
	set := func(name string, change func()) {
		if !given[name] {
			change()
		}
	}
	if p.full {
		set("cell-time", func() { p.cellTime = 40 * time.Second })
		set("pairs", func() { p.pairs = 3 })
	}
	if p.smoke {
		set("cell-time", func() { p.cellTime = 0 })
		set("scale", func() { p.scale = 0.02 })
		set("starts", func() { p.starts = 1 })
	}
}

func (p *plan) validate() error {
	switch {
	case p.pairs < 1:
		return fmt.Errorf("-pairs has to be 1 at least, it is %d", p.pairs)
	case p.starts < 1:
		return fmt.Errorf("-starts has to be 1 at least, it is %d", p.starts)
	case p.rounds < 1:
		return fmt.Errorf("-rounds has to be 1 at least, it is %d", p.rounds)
	case p.scale <= 0 || p.scale > 1:
		return fmt.Errorf("-scale has to be above 0 and 1 at most, it is %v", p.scale)
	case len(p.suites) > 0 && len(p.cells)+len(p.memoryCells)+len(p.perf) == 0:
		return fmt.Errorf("no suite has a name that begins with one of %s", strings.Join(p.suites, ", "))
	}
	return nil
}

// choosePerf returns the suites on an API server.
func (p *plan) choosePerf() ([]suite.Suite, error) {
	all, err := suite.All()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(s suite.Suite) bool { return !p.measures(s.Name, s.Quick || p.smoke) }), nil
}

// measures says whether a suite is measured, and keeps the names of those that are not.
func (p *plan) measures(name string, quick bool) bool {
	if len(p.suites) > 0 {
		return slices.ContainsFunc(p.suites, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	}
	if quick || p.full {
		return true
	}
	p.leftOut = append(p.leftOut, name)
	return false
}

func partNames() []string {
	names := make([]string, len(parts))
	for i := range parts {
		names[i] = parts[i].name
	}
	return names
}

// choose returns the chosen names in the order of all; all if none is chosen.
func choose(what, list string, all []string) ([]string, error) {
	wanted := split(list)
	for _, name := range wanted {
		if !slices.Contains(all, name) {
			return nil, fmt.Errorf("there is no %s %q; there are %s", what, name, strings.Join(all, ", "))
		}
	}
	if len(wanted) == 0 {
		return all, nil
	}
	return slices.DeleteFunc(slices.Clone(all), func(name string) bool { return !slices.Contains(wanted, name) }), nil
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}
