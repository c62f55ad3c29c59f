// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"

	"k8s.io/utils/ptr"
)

// entry is one line of issue.json. What does not apply is null.
type entry struct {
	// Name is <part>/<measure> or <part>/<measure>/<condition>.
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Baseline is the same measure of cert-manager, and Ratio the value over it.
	Baseline *float64 `json:"baseline"`
	Ratio    *float64 `json:"ratio"`
	// Samples is how many single values Value is made from.
	Samples int `json:"samples"`
}

func newEntry(name, unit string, value float64, samples int) entry {
	return entry{Name: name, Value: value, Unit: unit, Samples: samples}
}

// against adds the baseline and the ratio to it.
func (e entry) against(baseline float64) entry {
	e.Baseline = ptr.To(baseline)
	if ratio := e.Value / baseline; !math.IsNaN(ratio) && !math.IsInf(ratio, 0) {
		e.Ratio = ptr.To(ratio)
	}
	return e
}

// columns of the table.
var columns = []string{"measure", "value", "baseline", "ratio", "samples"}

func (e entry) cells() []string {
	return []string{e.Name, strings.TrimSpace(number(&e.Value) + " " + e.Unit), number(e.Baseline), fraction(e.Ratio), strconv.Itoa(e.Samples)}
}

// number has three significant digits, or more before the point.
func number(v *float64) string {
	if v == nil {
		return "-"
	}
	decimals := 0
	if a := math.Abs(*v); a > 0 && a < 100 {
		decimals = min(6, 2-int(math.Floor(math.Log10(a))))
	}
	return strconv.FormatFloat(*v, 'f', decimals, 64)
}

func fraction(v *float64) string {
	if v == nil {
		return "-"
	}
	return strconv.FormatFloat(*v, 'f', 3, 64)
}

// table prints the entries for people.
func table(w io.Writer, entries []entry) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, strings.Join(columns, "\t"))
	for _, e := range entries {
		fmt.Fprintln(tw, strings.Join(e.cells(), "\t"))
	}
	if err := tw.Flush(); err != nil {
		return fmt.Errorf("printing the table: %w", err)
	}
	return nil
}

// markdown makes the table that docs/benchmarks keeps.
func markdown(p *plan, machine string, entries []entry) []byte {
	var b strings.Builder
	command := strings.TrimSpace("_output/bin/bench-issue " + strings.Join(p.args, " "))
	fmt.Fprintf(&b, "Made by `%s` on %s.\n\n", command, machine)
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	for _, e := range entries {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(e.cells(), " | "))
	}
	return []byte(b.String())
}

func machine() string {
	return fmt.Sprintf("%d cores, %s/%s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// writeEntries writes issue.json, whole or not at all.
func writeEntries(path string, entries []entry) error {
	data, err := json.MarshalIndent(entries, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the results: %w", err)
	}
	return writeFile(path, append(data, '\n'))
}

func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // results are no secret
		return fmt.Errorf("making the folder of results: %w", err)
	}
	temporary := path + ".tmp"
	if err := os.WriteFile(temporary, data, 0o644); err != nil { //nolint:gosec // results are no secret
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
