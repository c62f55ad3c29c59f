// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/test/perf/policy"
)

func values(base float64) map[string]float64 {
	return map[string]float64{policy.Default: base, policy.MostAllocated: 10 * base, policy.Tollgate: base / 2}
}

func TestPage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sched-tables.md")
	b := &bench{plan: parse(t, "-markdown "+path)}
	for _, cell := range b.cells {
		b.results = append(b.results, newResult(cell.Name(), cycleMeasure, "us", values(float64(cell.Nodes)), 3))
	}
	b.results = append(b.results, newResult("basic-5000", "pods_per_second", "pods/s", values(100), 1))
	if err := b.writePage(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Made by `_output/bin/bench-sched -markdown ", "](sched-tables-mixed.svg)", "](sched-tables-basic.svg)", "](sched-tables-held.svg)",
		"| cycle-mixed-5000 | us_per_placement | 5000 | 50000 | 2500 | 0.500 | 0.050 | 3 |\n",
		"| basic-5000 | pods_per_second | 100 | 1000 | 50 | 0.500 | 0.050 | 1 |\n",
	} {
		if !strings.Contains(string(data), want) {
			t.Errorf("the page lacks %q:\n%s", want, data)
		}
	}
	for _, name := range plotNames {
		svg, err := os.ReadFile(strings.TrimSuffix(path, ".md") + "-" + name + ".svg")
		if err != nil {
			t.Fatal(err)
		}
		checkXML(t, name, string(svg))
		if got := strings.Count(string(svg), "<polyline"); got != 3 {
			t.Errorf("plot %s has %d lines, want 3", name, got)
		}
	}
}

// checkXML fails on what no browser would show.
func checkXML(t *testing.T, name, text string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(text))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("plot %s: %v\n%s", name, err, text)
		}
	}
	if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
		t.Errorf("plot %s has points that are no numbers:\n%s", name, text)
	}
}

// Ten times as many nodes and ten times as much time are one decade each: the line is straight.
func TestPlotIsLogarithmic(t *testing.T) {
	p := plot{curves: curves{}}
	for x, v := range map[int]float64{100: 10, 1000: 100, 10000: 1000} {
		p.curves.add(x, map[string]float64{policy.Default: v})
	}
	if svg := string(p.svg()); !strings.Contains(svg, `points="80.0,360.0 335.0,200.0 590.0,40.0"`) {
		t.Errorf("the line is not straight:\n%s", svg)
	}
	if got := (plot{}).svg(); got != nil {
		t.Errorf("a plot of nothing: %s", got)
	}
}
