// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

var someEntries = []measure.Entry{
	newEntry("secret_to_bound_p99_ms/held=1000", "ms", summary{value: 12.345, low: 11, high: 14.5, bounded: true}, 500).Against(6.1725),
	newEntry("preenqueue_allocs/undeclared", "", summary{}, 6),
	newEntry("rss_mib/secrets=50000", "MiB", summary{value: 150.4}, 2).Against(601.6),
}

func TestEntriesAreWrittenWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bench", "gate.json")
	for range 2 { // over the last one too
		if err := measure.WriteEntries(path, someEntries); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{
		{"name": "secret_to_bound_p99_ms/held=1000", "value": 12.345, "unit": "ms", "baseline": 6.1725, "ratio": 2.0, "low": 11.0, "high": 14.5, "samples": 500.0},
		{"name": "preenqueue_allocs/undeclared", "value": 0.0, "unit": "", "baseline": nil, "ratio": nil, "samples": 6.0},
		{"name": "rss_mib/secrets=50000", "value": 150.4, "unit": "MiB", "baseline": 601.6, "ratio": 0.25, "samples": 2.0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("gate.json (-want +got):\n%s", diff)
	}
	if left, err := filepath.Glob(path + "?*"); err != nil || len(left) > 0 {
		t.Errorf("left beside gate.json: %v, %v", left, err)
	}
}

func TestTables(t *testing.T) {
	var b bytes.Buffer
	if err := table.Print(&b, someEntries); err != nil {
		t.Fatal(err)
	}
	want := `measure                           value    95% interval  baseline  ratio  samples
secret_to_bound_p99_ms/held=1000  12.3 ms  11.0 to 14.5  6.17      2.000  500
preenqueue_allocs/undeclared      0        -             -         -      6
rss_mib/secrets=50000             150 MiB  -             602       0.250  2
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	page := string(table.Markdown(made(&plan{args: []string{"-pairs", "12"}, nodes: 100}, "2 cores"), someEntries))
	for _, want := range []string{
		"Made by `_output/bin/bench-gate -pairs 12` on 2 cores, with 100 nodes.",
		"| measure | value | 95% interval | baseline | ratio | samples |\n|---|---|---|---|---|---|\n",
		"| rss_mib/secrets=50000 | 150 MiB | - | 602 | 0.250 | 2 |\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}
