// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command cost measures what placements cost: every policy in the same worlds,
// with the same seeds, against the same lower bound. `make bench-cost` runs it.
//
// It prints a table for each cell and writes cost.json. Each finished run is
// kept beside it, so that an interrupted benchmark goes on where it stopped. A
// run is done again if the program has changed since.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"

	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

func main() {
	klog.SetLogger(logr.Discard()) // what the scheduler logs is not a result
	debug.SetMemoryLimit(6 << 30)  // collect before a machine of 8 GiB is full
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		if errors.Is(err, context.Canceled) {
			fmt.Fprintln(os.Stderr, "hint: what was finished is kept; the same command goes on from there")
		}
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

func run(ctx context.Context) error {
	full := flag.Bool("full", false, "all traces, worlds and clouds, instead of the quick selection")
	cells := flag.String("cells", "", "only the cells whose name begins with one of these, separated by commas; from all of them")
	copies := flag.Int("copies", 0, "superposed copies of the trace (default 4, with -full 8)")
	seeds := flag.Int("seeds", 0, "seeds from 1 on (default 4, with -full 10)")
	policies := flag.String("policies", "", "policies, separated by commas (default all)")
	workers := flag.Int("workers", runtime.NumCPU(), "runs at the same time")
	out := flag.String("out", "_output/bench", "where cost.json is written and finished runs are kept")
	page := flag.String("markdown", "", "also write the tables to this file, for docs/benchmarks")
	flag.Parse()

	p, err := newPlan(*full, splitList(*cells), splitList(*policies), *copies, *seeds)
	if err != nil {
		return err
	}
	store, err := openStore(*out)
	if err != nil {
		return err
	}
	begin := time.Now()
	fmt.Fprintln(os.Stderr, p.describe())
	results, err := p.run(ctx, store, *workers)
	if err != nil {
		return err
	}
	if err := report(os.Stdout, p, results); err != nil {
		return err
	}
	path, err := writeEntries(*out, p, results)
	if err != nil {
		return err
	}
	if *page != "" {
		if err := measure.WriteFile(*page, markdown(p, results, commandOf(p))); err != nil {
			return err
		}
	}
	fmt.Fprintf(os.Stderr, "wrote %s after %s\n", path, time.Since(begin).Round(time.Second))
	return nil
}

// commandOf is how a user repeats the plan.
func commandOf(p *plan) string {
	command := "make bench-cost"
	if p.full {
		command += " FULL=1"
	}
	if len(p.prefixes) > 0 {
		command += " CELLS=" + strings.Join(p.prefixes, ",")
	}
	return command + fmt.Sprintf(" COPIES=%d SEEDS=%d POLICIES=%s", p.copies, p.seeds, strings.Join(p.policies, ","))
}

func splitList(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}
