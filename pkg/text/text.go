// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package text cuts what people are shown to size.
package text

import "unicode/utf8"

const ellipsis = "..."

// Clip cuts s at a rune boundary after at most n bytes and marks the cut with three more.
func Clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + ellipsis
}

// Truncate returns at most limit bytes of s, the mark of the cut included.
func Truncate(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return Clip(s, limit-len(ellipsis))
}
