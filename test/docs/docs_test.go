// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs_test checks that the documentation says what the code does.
package docs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// root is the repository, seen from this folder.
const root = "../.."

const (
	configuration   = "docs/configuration.md"
	troubleshooting = "docs/troubleshooting.md"
)

// read returns a file of the repository.
func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatalf("reading the documentation: %v", err)
	}
	return string(raw)
}

// pages returns the names of README.md and of all pages below docs/.
func pages(t *testing.T) []string {
	t.Helper()
	names := []string{"README.md"}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".md" {
			return err
		}
		name, err := filepath.Rel(root, path)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		t.Fatalf("listing the pages: %v", err)
	}
	if len(names) < 3 {
		t.Fatalf("found only the pages %v", names)
	}
	return names
}

// prose returns the lines outside of fenced code blocks.
func prose(page string) []string {
	var out []string
	fenced := false
	for line := range strings.Lines(page) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
			continue
		}
		if !fenced {
			out = append(out, line)
		}
	}
	return out
}

// section returns the text from a heading, given with its number signs, to the next of the same or a higher level.
func section(t *testing.T, page, heading string) string {
	t.Helper()
	level := strings.Count(strings.Fields(heading)[0], "#")
	var out []string
	inside, fenced := false, false
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if marks := len(line) - len(strings.TrimLeft(line, "#")); !fenced && marks > 0 && marks <= level {
			inside = strings.TrimSpace(line) == heading
		}
		if inside {
			out = append(out, line)
		}
	}
	if out == nil {
		t.Fatalf("there is no heading %q", heading)
	}
	return strings.Join(out, "")
}

// row returns the cells of the table row whose first cell is the key, nil if there is none.
func row(page, key string) []string {
	for _, line := range prose(page) {
		cells := strings.Split(strings.Trim(line, "| "), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if strings.HasPrefix(line, "|") && cells[0] == key {
			return cells
		}
	}
	return nil
}

// explained reports whether a page has an entry for a text: a heading with it, or a table row that begins with it, in backticks.
func explained(page, text string) bool {
	quoted := "`" + text + "`"
	for _, line := range prose(page) {
		if strings.HasPrefix(line, "#") && strings.Contains(line, quoted) {
			return true
		}
	}
	return row(page, quoted) != nil
}
