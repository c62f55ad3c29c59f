// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"k8s.io/utils/ptr"

	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

// table shows the entries.
var table = measure.Table{Intervals: true}

func newEntry(name, unit string, s summary, samples int) measure.Entry {
	e := measure.Entry{Name: name, Value: s.value, Unit: unit, Samples: samples}
	if s.bounded {
		e.Low, e.High = ptr.To(s.low), ptr.To(s.high)
	}
	return e
}

// made says which run made a page.
func made(p *plan, machine string) string {
	command := strings.TrimSpace("_output/bin/bench-gate " + strings.Join(p.args, " "))
	return fmt.Sprintf("Made by `%s` on %s, with %d nodes.", command, machine, p.nodes)
}
