// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
	"github.com/tollgate-dev/tollgate/test/bench/sched/internal/cycle"
	"github.com/tollgate-dev/tollgate/test/perf/fleet"
	"github.com/tollgate-dev/tollgate/test/perf/policy"
)

// heldNodes is the number of nodes of the suites with pods that wait.
const heldNodes = 1500

// plots are those of the page, by the end of their file's name.
func (b *bench) plots() map[string]plot {
	out := map[string]plot{
		"basic": {title: "One scheduling cycle, nodes of one kind", xLabel: "nodes", curves: curves{}},
		"mixed": {title: "One scheduling cycle, 20 instance types at 60%", xLabel: "nodes", curves: curves{}},
		"held":  {title: fmt.Sprintf("One scheduling cycle, %d nodes", heldNodes), xLabel: "pods that wait meanwhile", zero: 100, curves: curves{}},
	}
	for _, cell := range b.cells {
		for _, r := range b.results {
			if r.suite != cell.Name() || r.metric != cycleMeasure || cell.Workload != fleet.Plain || cell.Shapes != 0 {
				continue
			}
			if p, drawn := out[cell.Fleet]; drawn && cell.Held == 0 {
				p.curves.add(cell.Nodes, r.values)
			}
			if cell.Fleet == cycle.Mixed && cell.Nodes == heldNodes {
				out["held"].curves.add(cell.Held, r.values)
			}
		}
	}
	return out
}

// plotNames are in the order of the page.
var plotNames = []string{"mixed", "basic", "held"}

// writePage writes the page of tables for docs/benchmarks, and the plots beside it.
func (b *bench) writePage() error {
	base := strings.TrimSuffix(b.markdown, ".md")
	plots := b.plots()
	var page strings.Builder
	fmt.Fprintf(&page, "# Scheduling: measured tables\n\nMade by `%s` on %s; [sched.md](sched.md) says what is measured. ",
		strings.TrimSpace("_output/bin/bench-sched "+strings.Join(b.args, " ")), measure.Machine())
	fmt.Fprintf(&page, "Ratios are Tollgate's value over that of upstream's default profile, and of its packing over all nodes (%s).\n", policy.MostAllocated)
	for _, name := range plotNames {
		p := plots[name]
		if xs, _, _ := p.extent(); len(xs) < 2 {
			continue
		}
		path := base + "-" + name + ".svg"
		if err := measure.WriteFile(path, p.svg()); err != nil {
			return err
		}
		fmt.Fprintf(&page, "\n![%s](%s)\n", p.title, filepath.Base(path))
	}
	for _, section := range []struct{ title, metric string }{
		{"The scheduling cycle: microseconds for each placement", cycleMeasure},
		{"Memory of the process with the whole cluster, MiB", "rss_mib"},
		{"On an API server: pods per second", "pods_per_second"},
	} {
		b.section(&page, section.title, func(r result) bool { return r.metric == section.metric })
	}
	b.section(&page, "All measures", func(result) bool { return true })
	return measure.WriteFile(b.markdown, []byte(page.String()))
}

// section writes a table of some of the results, if there are any.
func (b *bench) section(page *strings.Builder, title string, wanted func(result) bool) {
	var rows []string
	for _, r := range b.results {
		if wanted(r) {
			rows = append(rows, "| "+strings.Join(r.cells(), " | ")+" |\n")
		}
	}
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(page, "\n## %s\n\n| %s |\n|%s\n%s", title, strings.Join(columns, " | "), strings.Repeat("---|", len(columns)), strings.Join(rows, ""))
}

// columns of all tables.
var columns = []string{"suite", "measure", policy.Default, policy.MostAllocated, policy.Tollgate, "ratio to default", "ratio to " + policy.MostAllocated, "samples"}

func (r result) cells() []string {
	cells := []string{r.suite, strings.TrimSpace(r.metric)}
	for _, name := range policy.Names() {
		cells = append(cells, number(r.values, name))
	}
	for _, other := range []string{policy.Default, policy.MostAllocated} {
		cell := "-"
		if ratio, ok := r.ratios[other]; ok {
			cell = strconv.FormatFloat(ratio, 'f', 3, 64)
		}
		cells = append(cells, cell)
	}
	return append(cells, strconv.Itoa(r.samples))
}

// number has four significant digits, or all before the point.
func number(values map[string]float64, name string) string {
	v, ok := values[name]
	switch {
	case !ok:
		return "-"
	case v >= 1000:
		return strconv.FormatFloat(v, 'f', 0, 64)
	default:
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
}
