// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
	"github.com/tollgate-dev/tollgate/pkg/text"
)

// simulateColumn is a column of the table, and whether it is there.
type simulateColumn struct {
	name  string
	shown bool
	cell  func(*SimulateRow) string
}

func (r *SimulateReport) columns(wide bool) []simulateColumn {
	some := func(f func(*SimulateRow) float64) bool {
		for i := range r.Profiles {
			if f(&r.Profiles[i]) != 0 {
				return true
			}
		}
		return false
	}
	several := r.World.Seeds > 1
	hours := func(name string, f func(*SimulateRow) float64) simulateColumn {
		return simulateColumn{name, some(f), func(row *SimulateRow) string { return tenths(f(row)) }}
	}
	count := func(name string, shown bool, f func(*SimulateRow) float64) simulateColumn {
		return simulateColumn{name, shown, func(row *SimulateRow) string { return amount(f(row)) }}
	}
	wait := func(name string, shown bool, f func(*SimulateRow) float64) simulateColumn {
		return simulateColumn{name, shown, func(row *SimulateRow) string { return seconds(f(row)) }}
	}
	gpus := some(func(row *SimulateRow) float64 { return row.GPUHours })
	return []simulateColumn{
		{"PROFILE", true, func(row *SimulateRow) string { return strings.ReplaceAll(row.Profile, " ", "_") }},
		{"DOLLARS", true, func(row *SimulateRow) string {
			return plusMinus(monthly(row.MicroDollars), strings.TrimPrefix(monthly(row.MicroDollarsCI95), "$"), several)
		}},
		{"ABOVE-BOUND", r.Bound != nil, func(row *SimulateRow) string {
			if row.AboveBoundPercent == nil {
				return ui.Unknown
			}
			return plusMinus(tenths(*row.AboveBoundPercent)+"%", tenths(row.AboveBoundPercentCI95), several)
		}},
		{"VS-" + r.baselineColumn, len(r.Profiles) > 1, func(row *SimulateRow) string {
			if row.Profile == r.Baseline {
				return "-"
			}
			if row.VersusBaselinePercent == nil {
				return ui.Unknown
			}
			return plusMinus(signed(*row.VersusBaselinePercent), tenths(row.VersusBaselinePercentCI95), several)
		}},
		{"END/H", r.Workload.HourlyPriceMicroDollars != nil, func(row *SimulateRow) string { return hourly(&row.HourlyAtEndMicroDollars) }},
		hours("ON-DEMAND-H", func(row *SimulateRow) float64 { return row.NodeHours.OnDemand }),
		hours("SPOT-H", func(row *SimulateRow) float64 { return row.NodeHours.Spot }),
		hours("UNKNOWN-H", func(row *SimulateRow) float64 { return row.NodeHours.Unknown }),
		hours("PREPAID-H", func(row *SimulateRow) float64 { return row.NodeHours.Prepaid }),
		{"STRANDED-GPU-H", gpus, func(row *SimulateRow) string { return tenths(row.StrandedGPUHours) }},
		wait("WAIT-P50", true, func(row *SimulateRow) float64 { return row.WaitP50Seconds }),
		wait("WAIT-P99", true, func(row *SimulateRow) float64 { return row.WaitP99Seconds }),
		count("EVICTIONS", true, func(row *SimulateRow) float64 { return row.Evictions }),
		{"GPU-H", wide && gpus, func(row *SimulateRow) string { return tenths(row.GPUHours) }},
		wait("WAIT-MAX", wide, func(row *SimulateRow) float64 { return row.WaitMaxSeconds }),
		wait("DELAY-MAX", wide, func(row *SimulateRow) float64 { return row.DelayMaxSeconds }),
		count("PLACEMENTS", wide, func(row *SimulateRow) float64 { return row.Placements }),
		count("NODES-BOUGHT", wide, func(row *SimulateRow) float64 { return row.NodesBought }),
		count("PEAK-NODES", wide, func(row *SimulateRow) float64 { return row.PeakNodes }),
	}
}

// writeTable writes a row for each profile.
func (r *SimulateReport) writeTable(w io.Writer, wide, noHeaders bool) error {
	t := ui.Table{Rows: make([][]string, len(r.Profiles))}
	for i, c := range r.columns(wide) {
		if !c.shown {
			continue
		}
		t.Columns = append(t.Columns, ui.Column{Name: c.name, Right: i > 0})
		for j := range r.Profiles {
			t.Rows[j] = append(t.Rows[j], c.cell(&r.Profiles[j]))
		}
	}
	return t.Write(w, noHeaders)
}

// plusMinus adds half of the confidence interval, if there are several seeds.
func plusMinus(value, half string, several bool) string {
	if !several {
		return value
	}
	return value + "±" + half
}

// tenths rounds to one decimal, and never prints -0.0.
func tenths(v float64) string {
	return strconv.FormatFloat(math.Round(v*10)/10+0, 'f', 1, 64)
}

func signed(percent float64) string {
	text := tenths(percent)
	if percent > 0 && text != "0.0" {
		text = "+" + text
	}
	return text + "%"
}

// amount is a count, or a mean of counts.
func amount(v float64) string {
	if v == math.Trunc(v) {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return tenths(v)
}

// seconds is a time in whole seconds, such as 1m10s or 24h.
func seconds(s float64) string {
	return text.Duration(time.Duration(math.Round(s)) * time.Second)
}
