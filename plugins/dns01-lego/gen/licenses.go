// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// licenseFile is the name of a file that has to go with a binary.
var licenseFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|unlicense|patents)([.-].*)?$`)

// licenses writes the licences and notices of all modules that the plugin
// links to one file. Most of these licences ask for that in a binary's image.
func licenses(root, path string) error {
	out, err := list(root, "-deps", "-f", `{{with .Module}}{{if .Version}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}`, ".")
	if err != nil {
		return err
	}
	var all bytes.Buffer
	all.WriteString("Licences and notices of the modules that dns01-lego links. The source of each is found from\nhttps://pkg.go.dev/<module>@<version>\n")
	var faults []error
	seen := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); line == "" || seen[line] {
			continue
		}
		seen[line] = true
		fields := strings.SplitN(line, " ", 3)
		if len(fields) < 3 {
			faults = append(faults, fmt.Errorf("%s is not in the module cache", fields[0]))
			continue
		}
		faults = append(faults, appendLicenses(&all, fields[0]+" "+fields[1], fields[2]))
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	if err := os.WriteFile(path, all.Bytes(), 0o644); err != nil {
		return fmt.Errorf("writing the licences: %w", err)
	}
	return nil
}

// appendLicenses adds the licences of one module.
func appendLicenses(all *bytes.Buffer, module, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("reading %s: %w", module, err)
	}
	found := false
	for _, e := range entries {
		if e.IsDir() || !licenseFile.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return fmt.Errorf("reading the licence of %s: %w", module, err)
		}
		found = true
		fmt.Fprintf(all, "\n%[1]s\n%[2]s: %[3]s\n%[1]s\n\n%[4]s\n", strings.Repeat("-", 78), module, e.Name(), bytes.TrimSpace(text))
	}
	if !found {
		return fmt.Errorf("%s has no licence file; find out under which licence it is", module)
	}
	return nil
}
