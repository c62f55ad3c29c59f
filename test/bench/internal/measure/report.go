// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

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

// Entry is one line of the results. What does not apply is null or left out.
type Entry struct {
	// Name is the measure and, after a slash each, what it was measured with.
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Baseline is the same measure of what it is compared with, and Ratio the value over it.
	Baseline *float64 `json:"baseline"`
	Ratio    *float64 `json:"ratio"`
	// Low and High are the 95% confidence interval of Value.
	Low     *float64 `json:"low,omitempty"`
	High    *float64 `json:"high,omitempty"`
	Samples int      `json:"samples"`
}

// Against adds the baseline and the ratio to it.
func (e Entry) Against(baseline float64) Entry {
	e.Baseline = ptr.To(baseline)
	if ratio := e.Value / baseline; !math.IsNaN(ratio) && !math.IsInf(ratio, 0) {
		e.Ratio = ptr.To(ratio)
	}
	return e
}

// Table is how entries are shown to people.
type Table struct {
	// Intervals is set if entries have them.
	Intervals bool
}

func (t Table) columns() []string {
	if t.Intervals {
		return []string{"measure", "value", "95% interval", "baseline", "ratio", "samples"}
	}
	return []string{"measure", "value", "baseline", "ratio", "samples"}
}

func (t Table) cells(e Entry) []string {
	cells := []string{e.Name, strings.TrimSpace(number(&e.Value) + " " + e.Unit)}
	if t.Intervals {
		cells = append(cells, interval(e.Low, e.High))
	}
	return append(cells, number(e.Baseline), fraction(e.Ratio), strconv.Itoa(e.Samples))
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

func interval(low, high *float64) string {
	if low == nil || high == nil {
		return "-"
	}
	return number(low) + " to " + number(high)
}

// Print prints the entries.
func (t Table) Print(w io.Writer, entries []Entry) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, strings.Join(t.columns(), "\t"))
	for _, e := range entries {
		fmt.Fprintln(tw, strings.Join(t.cells(e), "\t"))
	}
	if err := tw.Flush(); err != nil {
		return fmt.Errorf("printing the table: %w", err)
	}
	return nil
}

// Markdown makes the table that docs/benchmarks keeps, under a line that says what made it.
func (t Table) Markdown(made string, entries []Entry) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n| %s |\n|%s\n", made, strings.Join(t.columns(), " | "), strings.Repeat("---|", len(t.columns())))
	for _, e := range entries {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(t.cells(e), " | "))
	}
	return []byte(b.String())
}

// Machine says what the benchmark runs on.
func Machine() string {
	return fmt.Sprintf("%d cores, %s/%s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// WriteEntries writes the results as JSON, whole or not at all.
func WriteEntries(path string, entries []Entry) error {
	data, err := json.MarshalIndent(entries, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the results: %w", err)
	}
	return WriteFile(path, append(data, '\n'))
}

// WriteFile writes a file, whole or not at all, and makes its folder.
func WriteFile(path string, data []byte) error {
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
