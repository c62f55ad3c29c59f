// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"io"
	"strconv"

	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
)

// writeTable writes a row for each node and two for their total. Without
// headings there are no totals either: who asks for that wants to compute.
func (r *NodesReport) writeTable(w io.Writer, wide, noHeaders bool) error {
	t := ui.Table{Columns: []ui.Column{
		{Name: "NAME"}, {Name: "PRICE/H", Right: true}, {Name: "SOURCE"}, {Name: "PRICE-AGE"}, {Name: "CAPACITY"},
		{Name: "ALLOCATED", Right: true}, {Name: "IDLE/H", Right: true}, {Name: "PODS", Right: true},
	}}
	if wide {
		t.Columns = append(t.Columns, ui.Column{Name: "CPU", Right: true}, ui.Column{Name: "MEMORY", Right: true},
			ui.Column{Name: "ACCELERATOR", Right: true}, ui.Column{Name: "TYPE"}, ui.Column{Name: "REGION"}, ui.Column{Name: "DETAIL"})
	}
	for i := range r.Nodes {
		t.Rows = append(t.Rows, r.row(&r.Nodes[i], wide))
	}
	if !noHeaders {
		t.Rows = append(t.Rows,
			total(&t, "TOTAL", r.sum(hourly(&r.Total.HourlyPriceMicroDollars)), r.sum(hourly(&r.Total.HourlyIdleMicroDollars)), strconv.Itoa(r.Total.Pods)),
			total(&t, "TOTAL/MONTH", r.sum(monthly(r.Total.MonthlyPriceMicroDollars)), r.sum(monthly(r.Total.MonthlyIdleMicroDollars)), "-"))
	}
	return t.Write(w, noHeaders)
}

func (r *NodesReport) row(n *NodeRow, wide bool) []string {
	row := []string{
		n.Name, hourly(n.HourlyPriceMicroDollars), n.PriceSource, age(n.PriceAsOf, n.PriceStale, r.Time), capacity(n.CapacityType, n.Prepaid),
		percent(n.AllocatedShare), hourly(n.HourlyIdleMicroDollars), strconv.Itoa(n.Pods),
	}
	if !wide {
		return row
	}
	accelerator := ui.None
	if n.AcceleratorShare != nil {
		accelerator = percent(*n.AcceleratorShare)
	}
	detail := orNone(n.PriceDetail)
	if n.PriceAdjusted != "" {
		detail += ", " + n.PriceAdjusted
	}
	return append(row, percent(n.CPUShare), percent(n.MemoryShare), accelerator, orNone(n.InstanceType), orNone(n.Region), detail)
}

// sum is unknown if no price is known: nothing that could be summed up is not $0.
func (r *NodesReport) sum(amount string) string {
	if r.Total.UnknownPrices == r.Total.Nodes {
		return ui.Unknown
	}
	return amount
}

// total has "-" in the columns that are not summed up.
func total(t *ui.Table, name, price, idle, pods string) []string {
	row := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		switch c.Name {
		case "NAME":
			row[i] = name
		case "PRICE/H":
			row[i] = price
		case "IDLE/H":
			row[i] = idle
		case "PODS":
			row[i] = pods
		default:
			row[i] = "-"
		}
	}
	return row
}
