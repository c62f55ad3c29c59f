// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package example holds a small workload for trying a simulation out: part of a
// public trace, so that what it shows is not made up.
package example

import (
	"bytes"
	_ "embed"
	"fmt"

	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// Copies is how many copies of the workload make a cluster that is busy enough
// to have a choice of nodes.
const Copies = 1

// trace is an excerpt of Alibaba's openb trace; see README.md.
//
//go:embed openb.csv.gz
var trace []byte

// Workload returns the trace.
func Workload() (*workload.Workload, error) {
	w, err := workload.Read("openb.csv.gz", bytes.NewReader(trace), workload.Options{})
	if err != nil {
		return nil, fmt.Errorf("reading the bundled example: %w; build again from a clean checkout", err)
	}
	return w, nil
}
