// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

// table shows the entries.
var table = measure.Table{}

func newEntry(name, unit string, value float64, samples int) measure.Entry {
	return measure.Entry{Name: name, Value: value, Unit: unit, Samples: samples}
}

// made says which run made a page.
func made(p *plan, machine string) string {
	command := strings.TrimSpace("_output/bin/bench-issue " + strings.Join(p.args, " "))
	return fmt.Sprintf("Made by `%s` on %s.", command, machine)
}
