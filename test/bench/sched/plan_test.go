// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
	"github.com/tollgate-dev/tollgate/test/bench/sched/internal/cycle"
	"github.com/tollgate-dev/tollgate/test/perf/fleet"
	"github.com/tollgate-dev/tollgate/test/perf/policy"
)

func parse(t *testing.T, args string) *plan {
	t.Helper()
	p, err := parsePlan(strings.Fields(args), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func names(p *plan) (cells, perf []string) {
	for _, c := range p.cells {
		cells = append(cells, c.Name())
	}
	for _, s := range p.perf {
		perf = append(perf, s.Name)
	}
	return cells, perf
}

func TestPlanQuick(t *testing.T) {
	p := parse(t, "")
	if diff := cmp.Diff([]string{"cycle", "memory", "perf"}, p.parts); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	cells, perf := names(p)
	for _, want := range []string{"cycle-basic-100", "cycle-mixed-5000", "cycle-mixed-15000", "cycle-mixed-1500-held-10000", "cycle-mixed-5000-topology-spread"} {
		if !slices.Contains(cells, want) {
			t.Errorf("%s is not measured by default, but %v", want, cells)
		}
	}
	for _, want := range []string{"basic-5000", "mixed-5000"} {
		if !slices.Contains(perf, want) {
			t.Errorf("%s is not measured by default, but %v", want, perf)
		}
	}
	for _, want := range []string{"basic-15000", "preemption-500", "cycle-basic-5000-node-affinity"} {
		if !strings.Contains(p.describe(), want) {
			t.Errorf("it does not say that it leaves out %s: %s", want, p.describe())
		}
	}
}

func TestPlanFull(t *testing.T) {
	p := parse(t, "-full -pairs 2")
	cells, perf := names(p)
	all, _ := allCells()
	if len(cells) != len(all) || !slices.Contains(perf, "basic-15000") || !slices.Contains(perf, "preemption-500") || len(p.leftOut) > 0 {
		t.Errorf("cells %v, suites %v, left out %v", cells, perf, p.leftOut)
	}
	if p.pairs != 2 || p.cellTime != 40*time.Second {
		t.Errorf("%d pairs, %s a cell", p.pairs, p.cellTime)
	}
}

func TestPlanChooses(t *testing.T) {
	cells, perf := names(parse(t, "-suites cycle-mixed-1500,preemption"))
	if diff := cmp.Diff([]string{"cycle-mixed-1500", "cycle-mixed-15000", "cycle-mixed-1500-held-100", "cycle-mixed-1500-held-1000", "cycle-mixed-1500-held-5000", "cycle-mixed-1500-held-10000"}, cells); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"preemption-500"}, perf); diff != "" {
		t.Errorf("suites (-want +got):\n%s", diff)
	}
	if p := parse(t, "-parts memory"); len(p.cells)+len(p.perf)+len(p.leftOut) > 0 || len(p.memoryCells) != 2 {
		t.Errorf("part memory: cells %v, suites %v, left out %v, memory %v", p.cells, p.perf, p.leftOut, p.memoryCells)
	}
	p := parse(t, "-parts cycle -policies tollgate,default -nodes 10,20 -held 0,5 -workloads node-affinity")
	if diff := cmp.Diff([]string{policy.Default, policy.Tollgate}, p.policies); diff != "" {
		t.Errorf("policies (-want +got):\n%s", diff)
	}
	want := []cycle.Cell{
		{Fleet: cycle.Mixed, Nodes: 10, Workload: fleet.NodeAffinity}, {Fleet: cycle.Mixed, Nodes: 10, Workload: fleet.NodeAffinity, Held: 5},
		{Fleet: cycle.Mixed, Nodes: 20, Workload: fleet.NodeAffinity}, {Fleet: cycle.Mixed, Nodes: 20, Workload: fleet.NodeAffinity, Held: 5},
	}
	if diff := cmp.Diff(want, p.cells); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
}

// A scheduler with a hundred nodes takes some MiB, and what says so is what the parent reads.
func TestHold(t *testing.T) {
	for _, name := range policy.Names() {
		var out bytes.Buffer
		args := []string{"-policy", name, "-fleet", cycle.Basic, "-nodes", "100", "-config", "../../../" + policy.Shipped}
		if err := runHold(t.Context(), args, &out); err != nil {
			t.Fatal(err)
		}
		var use measure.MemoryUse
		if err := json.Unmarshal(out.Bytes(), &use); err != nil || use.Now < 1 || use.Peak < use.Now {
			t.Errorf("%s: %s: %+v, %v", name, out.String(), use, err)
		}
	}
}

func TestPlanSmoke(t *testing.T) {
	p := parse(t, "-smoke")
	if p.cellTime != 0 || p.scale > 0.1 || len(p.leftOut) > 0 {
		t.Errorf("smoke: %+v", p)
	}
	for _, c := range p.cells {
		if c.Nodes > 200 {
			t.Errorf("smoke measures %s", c.Name())
		}
	}
}

func TestPlanRefuses(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-parts cycles", `there is no part "cycles"; there are cycle, memory, perf`},
		{"-policies best", `there is no policy "best"; there are default, most-allocated, tollgate`},
		{"-nodes many", `reading "many": it is no list of numbers`},
		{"-workloads odd", `there is no workload "odd"`},
		{"-suites nothing", "no suite has a name that begins with one of nothing"},
		{"-pairs 0", "-pairs has to be 1 at least, it is 0"},
		{"-scale 2", "-scale has to be above 0 and 1 at most, it is 2"},
	} {
		if _, err := parsePlan(strings.Fields(c.args), io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.args, err, c.want)
		}
	}
}
