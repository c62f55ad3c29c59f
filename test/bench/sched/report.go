// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

// print prints all results.
func (b *bench) print(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, strings.Join(columns, "\t"))
	for _, r := range b.results {
		fmt.Fprintln(tw, strings.Join(r.cells(), "\t"))
	}
	if err := tw.Flush(); err != nil {
		return fmt.Errorf("printing the table: %w", err)
	}
	return nil
}

// describe says what is measured, and what is not.
func (p *plan) describe() string {
	text := fmt.Sprintf("measuring parts %s on %s", strings.Join(p.parts, ", "), measure.Machine())
	if len(p.leftOut) > 0 {
		text += "; without -full it leaves out " + strings.Join(p.leftOut, ", ")
	}
	return text
}
