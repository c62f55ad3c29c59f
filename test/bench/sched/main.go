// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command sched measures what placing a pod takes: upstream's default profile, upstream's packing over all nodes, and the profile
// that Tollgate ships, on the same clusters in turn. `make bench-sched` runs it.
//
// It measures the scheduling cycle alone, how much memory a scheduler takes, and whole schedulers on an API server with upstream's
// scheduler_perf. It prints tables and writes sched.json.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"

	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

func main() {
	klog.SetLogger(logr.Discard()) // what the schedulers log is not a result
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	program, args := run, os.Args[1:]
	if len(args) > 0 && args[0] == holdCommand {
		program, args = func(ctx context.Context, args []string) error { return runHold(ctx, args, os.Stdout) }, args[1:]
	}
	if err := program(ctx, args); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		if ctx.Err() != nil {
			fmt.Fprintln(os.Stderr, "hint: the suites that were finished are in sched.json; -parts and -suites choose others")
		}
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

func run(ctx context.Context, args []string) error {
	p, err := parsePlan(args, os.Stderr)
	if err != nil {
		return err
	}
	begin := time.Now()
	b := &bench{plan: p, progress: measure.NewProgress(os.Stderr)}
	b.progress.Say("%s", p.describe())
	for _, part := range p.parts {
		if err := partByName(part).measure(b, ctx); err != nil {
			return errors.Join(fmt.Errorf("measuring part %s: %w", part, err), b.print(os.Stdout))
		}
	}
	if err := b.print(os.Stdout); err != nil {
		return err
	}
	if p.markdown != "" {
		if err := b.writePage(); err != nil {
			return err
		}
	}
	b.progress.Say("wrote %s after %s", b.json(), time.Since(begin).Round(time.Second))
	return nil
}

// bench is one run.
type bench struct {
	*plan
	progress *measure.Progress
	results  []result
}

// part is a group of suites.
type part struct {
	name    string
	measure func(*bench, context.Context) error
}

// Parts.
const (
	partCycle  = "cycle"
	partMemory = "memory"
	partPerf   = "perf"
)

// parts are in the order of the tables.
var parts = []part{{partCycle, (*bench).cycles}, {partMemory, (*bench).memory}, {partPerf, (*bench).perfs}}

func partByName(name string) *part {
	for i := range parts {
		if parts[i].name == name {
			return &parts[i]
		}
	}
	return nil
}

func (b *bench) json() string { return filepath.Join(b.out, "sched.json") }

// add adds the results of a suite and writes all that there are so far.
func (b *bench) add(results ...result) error {
	b.results = append(b.results, results...)
	var entries []measure.Entry
	for _, r := range b.results {
		entries = append(entries, r.entries()...)
	}
	return measure.WriteEntries(b.json(), entries)
}
