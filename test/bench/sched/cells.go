// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"

	"github.com/tollgate-dev/tollgate/test/bench/sched/internal/cycle"
	"github.com/tollgate-dev/tollgate/test/perf/fleet"
)

// nodeCounts are those of the plot.
var nodeCounts = []int{100, 500, 1500, 5000, 15000}

// allCells are the suites of the scheduling cycle. quick says which of them are measured by default.
func allCells() (cells []cycle.Cell, quick func(cycle.Cell) bool) {
	for _, f := range []string{cycle.Basic, cycle.Mixed} {
		for _, nodes := range nodeCounts {
			cells = append(cells, cycle.Cell{Fleet: f, Nodes: nodes, Workload: fleet.Plain})
		}
	}
	for _, held := range []int{100, 1000, 5000, 10000} {
		cells = append(cells, cycle.Cell{Fleet: cycle.Mixed, Nodes: heldNodes, Workload: fleet.Plain, Held: held})
	}
	for _, f := range []string{cycle.Basic, cycle.Mixed} {
		for _, w := range fleet.Workloads()[1:] {
			cells = append(cells, cycle.Cell{Fleet: f, Nodes: 5000, Workload: w})
		}
	}
	cells = append(cells, cycle.Cell{Fleet: cycle.Mixed, Nodes: 5000, Workload: fleet.Plain, Shapes: 1000},
		cycle.Cell{Fleet: cycle.Uneven, Nodes: 5000, Workload: fleet.Plain})
	return cells, func(c cycle.Cell) bool {
		return c.Held != 100 && c.Held != 5000 && (c.Workload == fleet.Plain || c.Fleet != cycle.Basic)
	}
}

// smokeCells are small.
func smokeCells() []cycle.Cell {
	return []cycle.Cell{
		{Fleet: cycle.Basic, Nodes: 100, Workload: fleet.Plain},
		{Fleet: cycle.Mixed, Nodes: 100, Workload: fleet.Plain},
		{Fleet: cycle.Mixed, Nodes: 200, Workload: fleet.TopologySpread, Held: 100},
	}
}

// cellFlags describe suites that are not among allCells.
type cellFlags struct{ fleets, nodes, workloads, held, shapes *string }

func addCellFlags(fs *flag.FlagSet) cellFlags {
	return cellFlags{
		fleets:    fs.String("fleets", "mixed", "cycle: basic, mixed, uneven; with one of the next flags these suites are measured instead"),
		nodes:     fs.String("nodes", "5000", "cycle: numbers of nodes"),
		workloads: fs.String("workloads", "plain", fmt.Sprintf("cycle: some of %v", fleet.Workloads())),
		held:      fs.String("held", "0", "cycle: numbers of pods that wait meanwhile"),
		shapes:    fs.String("shapes", "0", "cycle: numbers of different requests of the pods of a mixed fleet, 0 for 20 usual ones"),
	}
}

// cells returns all combinations.
func (f cellFlags) cells() ([]cycle.Cell, error) {
	var numbers [3][]int
	for i, list := range []*string{f.nodes, f.held, f.shapes} {
		for _, field := range split(*list) {
			n, err := strconv.Atoi(field)
			if err != nil || n < 0 {
				return nil, fmt.Errorf("reading %q: it is no list of numbers", *list)
			}
			numbers[i] = append(numbers[i], n)
		}
	}
	var cells []cycle.Cell
	for _, name := range split(*f.fleets) {
		for _, w := range split(*f.workloads) {
			if !slices.Contains(fleet.Workloads(), fleet.Workload(w)) {
				return nil, fmt.Errorf("there is no workload %q; there are %v", w, fleet.Workloads())
			}
			for _, nodes := range numbers[0] {
				for _, held := range numbers[1] {
					for _, shapes := range numbers[2] {
						cells = append(cells, cycle.Cell{Fleet: name, Nodes: nodes, Workload: fleet.Workload(w), Held: held, Shapes: shapes})
					}
				}
			}
		}
	}
	return cells, nil
}

// chooseCells returns the suites of the scheduling cycle.
func (p *plan) chooseCells(custom cellFlags, given map[string]bool) ([]cycle.Cell, error) {
	if given["fleets"] || given["nodes"] || given["workloads"] || given["held"] || given["shapes"] {
		return custom.cells()
	}
	if p.smoke {
		return smokeCells(), nil
	}
	cells, quick := allCells()
	return slices.DeleteFunc(cells, func(c cycle.Cell) bool { return !p.measures(c.Name(), quick(c)) }), nil
}
