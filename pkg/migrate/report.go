// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"fmt"
	"strings"
)

// Schema of Report.
const Schema = "tollgate.dev/certs-import/v1"

// Report is a Result for programs. Fields are added, never renamed or removed.
type Report struct {
	Schema  string           `json:"schema"`
	Objects []map[string]any `json:"objects"`
	// Notes of all objects, and of those left out.
	Notes   []Note        `json:"notes"`
	LeftOut []LeftOutNote `json:"leftOut"`
	Summary Summary       `json:"summary"`
}

// LeftOutNote is an object that was left out.
type LeftOutNote struct {
	Object  Ref    `json:"object"`
	Source  string `json:"source,omitempty"`
	Message string `json:"message"`
	// Lost is false if Tollgate needs no object for what it does.
	Lost bool `json:"lost"`
}

// Summary counts objects.
type Summary struct {
	Converted  int `json:"converted"`
	WithLosses int `json:"withLosses"`
	LeftOut    int `json:"leftOut"`
	// Others are of kinds that are not read.
	Others int `json:"others"`
}

// Report returns the result for programs.
func (r *Result) Report() *Report {
	report := &Report{Schema: Schema, Objects: []map[string]any{}, Notes: []Note{}, LeftOut: []LeftOutNote{}}
	for i := range r.Items {
		report.Objects = append(report.Objects, r.Items[i].Object)
		report.Notes = append(report.Notes, r.Items[i].Notes...)
	}
	for _, l := range r.LeftOut {
		report.LeftOut = append(report.LeftOut, LeftOutNote{Object: l.Ref, Source: l.Source, Message: l.Why, Lost: l.Lost})
	}
	report.Summary = Summary{Converted: len(r.Items), WithLosses: r.Losses(), LeftOut: len(r.LeftOut)}
	for _, o := range r.Others {
		report.Summary.Others += o.Count
	}
	return report
}

// Lines sum up the result for people, without full stops.
func (r *Result) Lines() []string {
	lines := []string{fmt.Sprintf("%d converted, %d of them with losses; %d left out", len(r.Items), r.Losses(), len(r.LeftOut))}
	for _, l := range r.LeftOut {
		lines = append(lines, "left out: "+l.String()+": "+l.Why)
	}
	if len(r.Others) > 0 {
		var all []string
		n := 0
		for _, o := range r.Others {
			n += o.Count
			all = append(all, fmt.Sprintf("%d %s (%s)", o.Count, clean(o.Kind), clean(o.APIVersion)))
		}
		lines = append(lines, fmt.Sprintf("%d of other kinds are not read: %s", n, strings.Join(all, ", ")))
	}
	return lines
}
