// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"os"
	"strings"
)

// Tail returns the last lines of a log, shortened, for messages.
func Tail(path string) string {
	const keep, width = 15, 400
	raw, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	lines = lines[max(0, len(lines)-keep):]
	for i, line := range lines {
		if len(line) > width {
			line = strings.ToValidUTF8(line[:width], "") + "..."
		}
		lines[i] = "\t" + line
	}
	return strings.Join(lines, "\n")
}
