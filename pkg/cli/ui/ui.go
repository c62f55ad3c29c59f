// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ui is how kubectl tollgate talks to people. The rules:
//
//   - What was asked for goes to stdout and nothing else does, so that it can be
//     piped. Errors, hints and notes go to stderr, one line each, with the prefix
//     "error: ", "hint: " or "note: ", lower case, without a full stop.
//   - An error says what failed, a hint what to do next. Whatever a person can
//     cause has a hint. The exit code is 0 or 1.
//   - Headings of tables are one word, and so is every cell but those of the last
//     column, so that awk and sort work. Nothing to show is <none>, and what is
//     not known is <unknown>: an unknown price is never 0.
//   - A table is about 100 columns wide; -o wide adds detail. The order of rows
//     is the same for the same input.
//   - There are no colours, spinners or questions.
//   - JSON has money as integers of micro-dollars, and field names that say so.
//     Fields are added, never renamed or removed.
package ui

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// What cells of a table say where there is no value.
const (
	None    = "<none>"
	Unknown = "<unknown>"
)

// hinted is an error with what to do about it.
type hinted struct {
	error
	hint string
}

// Unwrap returns the error without its hint.
func (h hinted) Unwrap() error { return h.error }

// WithHint adds to err what to do about it, without a full stop. It returns nil
// if err is nil, and err if it has a hint already.
func WithHint(err error, format string, args ...any) error {
	if err == nil || HintOf(err) != "" {
		return err
	}
	return hinted{err, fmt.Sprintf(format, args...)}
}

// HintOf returns the hint that err or an error wrapped by it has; else "".
func HintOf(err error) string {
	var h hinted
	if errors.As(err, &h) {
		return h.hint
	}
	return ""
}

// Report writes the error and its hint. Errors of several lines are indented.
func Report(stderr io.Writer, err error) {
	fmt.Fprintf(stderr, "error: %s\n", indent(err.Error()))
	if hint := HintOf(err); hint != "" {
		fmt.Fprintf(stderr, "hint: %s\n", indent(hint))
	}
}

// Note writes something that is not an error but should be known.
func Note(stderr io.Writer, format string, args ...any) {
	fmt.Fprintf(stderr, "note: %s\n", indent(fmt.Sprintf(format, args...)))
}

func indent(s string) string {
	return strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n  ")
}
