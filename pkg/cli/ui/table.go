// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package ui

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// gap is the number of spaces between columns, as in kubectl.
const gap = 3

// Table is text in columns.
type Table struct {
	// Columns are the headings.
	Columns []Column
	// Rows have as many cells as there are columns.
	Rows [][]string
}

// Column is the heading of a column.
type Column struct {
	// Name has no spaces.
	Name string
	// Right aligns numbers.
	Right bool
}

// Write writes the table, without headings if noHeaders is set. Lines have no
// spaces at their end.
func (t *Table) Write(w io.Writer, noHeaders bool) error {
	rows := t.Rows
	if !noHeaders {
		head := make([]string, len(t.Columns))
		for i, c := range t.Columns {
			head[i] = c.Name
		}
		rows = append([][]string{head}, rows...)
	}
	widths := make([]int, len(t.Columns))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if t.Columns[i].Right {
				line.WriteString(pad + cell)
			} else {
				line.WriteString(cell + pad)
			}
			line.WriteString(strings.Repeat(" ", gap))
		}
		b.WriteString(strings.TrimRight(line.String(), " "))
		b.WriteByte('\n')
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}
