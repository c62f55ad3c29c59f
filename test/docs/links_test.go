// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	link = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	// named is a file or folder of the repository in backticks.
	named = regexp.MustCompile("`((?:config|docs|hack|pkg|cmd|test)/[^`\\s]*)`")
	// applied is a folder that a command hands to kubectl.
	applied = regexp.MustCompile(`-k (config/[\w./-]+)`)
	// notInSlug is what GitHub drops from a heading to make its anchor.
	notInSlug = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

func TestLinksLeadSomewhere(t *testing.T) {
	found := 0
	for _, page := range pages(t) {
		for _, line := range prose(read(t, page)) {
			for _, match := range link.FindAllStringSubmatch(line, -1) {
				if strings.Contains(match[1], "://") || strings.HasPrefix(match[1], "mailto:") {
					continue
				}
				found++
				checkLink(t, page, match[1])
			}
		}
	}
	if found < 10 {
		t.Errorf("found only %d links", found)
	}
}

func checkLink(t *testing.T, page, to string) {
	t.Helper()
	name, anchor, _ := strings.Cut(to, "#")
	target := page
	if name != "" {
		target = path.Join(path.Dir(page), name)
	}
	if _, err := os.Stat(filepath.Join(root, target)); err != nil {
		t.Errorf("%s links to %s, which does not exist", page, to)
		return
	}
	if anchor == "" || path.Ext(target) != ".md" {
		return
	}
	for _, line := range prose(read(t, target)) {
		if heading := strings.TrimLeft(line, "#"); heading != line && slug(heading) == anchor {
			return
		}
	}
	t.Errorf("%s links to %s, but %s has no such heading", page, to, target)
}

func slug(heading string) string {
	text := notInSlug.ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
	return strings.ReplaceAll(text, " ", "-")
}

func TestNamedFilesExist(t *testing.T) {
	found := 0
	for _, page := range pages(t) {
		text := read(t, page)
		for _, match := range append(named.FindAllStringSubmatch(text, -1), applied.FindAllStringSubmatch(text, -1)...) {
			found++
			// A name may hold an asterisk.
			if files, err := filepath.Glob(filepath.Join(root, match[1])); err != nil || len(files) == 0 {
				t.Errorf("%s names %s, which does not exist", page, match[1])
			}
		}
	}
	if found < 10 {
		t.Errorf("found only %d names of files", found)
	}
}
