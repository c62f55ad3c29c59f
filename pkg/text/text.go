// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package text cuts what people are shown to size.
package text

import (
	"strings"
	"time"
	"unicode/utf8"
)

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

// Duration leaves out minutes and seconds that are zero: "720h", "1h10m", "0s".
func Duration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
