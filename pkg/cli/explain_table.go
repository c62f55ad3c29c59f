// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"strconv"

	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
)

// writeTable writes the outcome and a row for each node. Without headings it
// leaves the outcome out as well.
func (r *ExplainReport) writeTable(w io.Writer, wide, noHeaders bool) error {
	t := ui.Table{Columns: []ui.Column{
		{Name: "RANK", Right: true}, {Name: "NODE"}, {Name: "COST/H", Right: true}, {Name: "PRICE/H", Right: true},
		{Name: "SHARE", Right: true}, {Name: "OF"}, {Name: "AGEFACTOR", Right: true}, {Name: "CAPACITY"},
	}}
	if wide {
		t.Columns = append(t.Columns, ui.Column{Name: "LISTCOST/H", Right: true}, ui.Column{Name: "SOURCE"}, ui.Column{Name: "PRICE-AGE"}, ui.Column{Name: "SCORE", Right: true})
	}
	t.Columns = append(t.Columns, ui.Column{Name: "VERDICT"})
	for i := range r.Nodes {
		t.Rows = append(t.Rows, r.row(&r.Nodes[i], wide))
	}
	if !noHeaders {
		if _, err := fmt.Fprintf(w, "%s\n\n", r.Outcome); err != nil {
			return fmt.Errorf("writing the outcome: %w", err)
		}
	}
	return t.Write(w, noHeaders)
}

func (r *ExplainReport) row(n *ExplainRow, wide bool) []string {
	rank, cost, share, of, ageFactor, list, score := "-", ui.None, ui.None, ui.None, ui.None, ui.None, "-"
	if n.Fits {
		rank, score = strconv.Itoa(n.Rank), strconv.FormatInt(n.TotalScore, 10)
	}
	if n.HourlyCostMicroDollars != nil {
		cost, list = fine(n.HourlyCostMicroDollars), fine(n.HourlyListCostMicroDollars)
		share, of, ageFactor = fmt.Sprintf("%.2f%%", n.Share*100), n.Resource, fmt.Sprintf("%.3f", n.AgeFactor)
		if of == "" {
			of = "node"
		}
	} else if n.HourlyPriceMicroDollars == nil {
		cost, list = ui.Unknown, ui.Unknown
	}
	row := []string{rank, n.Name, cost, hourly(n.HourlyPriceMicroDollars), share, of, ageFactor, capacity(n.CapacityType, n.Prepaid)}
	if wide {
		row = append(row, list, n.PriceSource, age(n.PriceAsOf, n.PriceStale, r.Time), score)
	}
	text := verdict(n)
	if n.UnrequestedResource != "" {
		text += fmt.Sprintf("; prepaid, but charged: the pod does not request its %s", n.UnrequestedResource)
	}
	return append(row, text)
}
