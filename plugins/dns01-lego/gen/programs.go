// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/plugins/dns01-lego/internal/catalog"
)

// programs fails when the providers link a package outside the standard
// library that imports os/exec, and that is not among the runners.
func programs(root string, providers []catalog.Provider) error {
	args := []string{"-deps", "-f", `{{if not .Standard}}{{.ImportPath}} {{join .Imports " "}}{{end}}`}
	for _, p := range providers {
		args = append(args, importPath(p))
	}
	out, err := list(root, args...)
	if err != nil {
		return err
	}
	var faults []error
	left := map[string]bool{}
	for name := range runners {
		left[name] = true
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || !slices.Contains(fields[1:], "os/exec") {
			continue
		}
		delete(left, fields[0])
		if runners[fields[0]] == "" {
			faults = append(faults, fmt.Errorf("%s, which a provider links, imports os/exec: find out what it runs, and say in runners of gen/reviewed.go why it runs nothing here, or exclude the provider", fields[0]))
		}
	}
	for name := range left {
		faults = append(faults, fmt.Errorf("runners of gen/reviewed.go names %s, which no provider links any more", name))
	}
	slices.SortFunc(faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(append(faults, lines.Err())...)
}
