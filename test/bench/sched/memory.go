// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
	"github.com/tollgate-dev/tollgate/test/bench/sched/internal/cycle"
	"github.com/tollgate-dev/tollgate/test/perf/fleet"
	"github.com/tollgate-dev/tollgate/test/perf/policy"
)

// holdCommand as the first argument makes this program a scheduler with a cluster in memory, which says how large it is.
const holdCommand = "hold-cluster"

// memoryPrefix begins the names of the suites of memory.
const memoryPrefix = "memory"

// memoryCells are the clusters of which the memory is measured.
func memoryCells(smoke bool) []cycle.Cell {
	nodes := 5000
	if smoke {
		nodes = 100
	}
	return []cycle.Cell{{Fleet: cycle.Basic, Nodes: nodes, Workload: fleet.Plain}, {Fleet: cycle.Mixed, Nodes: nodes, Workload: fleet.Plain}}
}

func memoryName(c cycle.Cell) string { return strings.Replace(c.Name(), "cycle", memoryPrefix, 1) }

// memory measures how large a process is that is a scheduler with all its nodes and pods.
func (b *bench) memory(ctx context.Context) error {
	for _, cell := range b.memoryCells {
		now, peak := map[string][]float64{}, map[string][]float64{}
		for start := range b.starts {
			for i := range b.policies {
				name := b.policies[(start+i)%len(b.policies)]
				use, err := b.hold(ctx, cell, name)
				if err != nil {
					return fmt.Errorf("%s: policy %s: %w", memoryName(cell), name, err)
				}
				now[name], peak[name] = append(now[name], use.Now), append(peak[name], use.Peak)
			}
		}
		results := []result{
			newPairedResult(memoryName(cell), "rss_mib", "MiB", now),
			newPairedResult(memoryName(cell), "peak_rss_mib", "MiB", peak),
		}
		if err := b.add(results...); err != nil {
			return err
		}
		b.progress.Say("%s: %s", memoryName(cell), brief(results[0], b.policies))
	}
	return nil
}

// hold starts this program once more, to hold a cluster.
func (b *bench) hold(ctx context.Context, cell cycle.Cell, name string) (use measure.MemoryUse, err error) {
	self, err := os.Executable()
	if err != nil {
		return use, fmt.Errorf("finding this program: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, holdCommand, //nolint:gosec // itself
		"-policy", name, "-fleet", cell.Fleet, "-nodes", fmt.Sprint(cell.Nodes), "-config", b.shipped)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return use, fmt.Errorf("holding a cluster: %w", err)
	}
	if err := json.Unmarshal(out, &use); err != nil {
		return use, fmt.Errorf("holding a cluster: reading what it said: %w", err)
	}
	return use, nil
}

// runHold is the program that hold starts.
func runHold(ctx context.Context, args []string, out io.Writer) error {
	fs := flag.NewFlagSet(holdCommand, flag.ContinueOnError)
	name := fs.String("policy", policy.Default, "")
	nodes := fs.Int("nodes", 0, "")
	fleetName := fs.String("fleet", cycle.Mixed, "")
	shipped := fs.String("config", policy.Shipped, "")
	if err := fs.Parse(args); err != nil {
		return err
	}
	config, err := policy.Config(*name, *shipped)
	if err != nil {
		return err
	}
	cell := cycle.Cell{Fleet: *fleetName, Nodes: *nodes, Workload: fleet.Plain}
	return cycle.Footprint(ctx, cell, cycle.Policy{Name: *name, Config: config}, func() error {
		debug.FreeOSMemory() // what was needed to make the cluster is no part of it
		use, err := measure.Memory(os.Getpid())
		if err != nil {
			return err
		}
		return json.NewEncoder(out).Encode(use)
	})
}

// chooseMemory returns the suites of memory.
func (p *plan) chooseMemory() []cycle.Cell {
	return slices.DeleteFunc(memoryCells(p.smoke), func(c cycle.Cell) bool { return !p.measures(memoryName(c), true) })
}
