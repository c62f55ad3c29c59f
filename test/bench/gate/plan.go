// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

// plan is what is measured.
type plan struct {
	parts    []string
	out      string
	markdown string
	args     []string

	held    []int // latency: pods held at a time
	samples int   // latency: Secrets written for each number of held pods
	warmUp  int   // latency: first samples that do not count

	release      int // release: pods released at once
	releasePairs int

	pairs      int // throughput: rounds; six have all orders
	batch      int // throughput: undeclared pods of one measurement
	background int // throughput: pods held meanwhile

	secrets    int // memory
	memoryRuns int

	indexed int // preenqueue, queue: held pods

	nodes int
}

// podsPerNode is the capacity of the benchmark's nodes.
const podsPerNode = 250

// smoke is small enough to try the program out; its numbers mean nothing.
var smoke = map[string]string{
	"held": "1,100", "samples": "20", "warm-up": "2", "release-pods": "300", "release-pairs": "1", "pairs": "2", "batch": "200",
	"background": "300", "secrets": "500", "memory-runs": "1", "indexed": "500", "nodes": "20",
}

// parsePlan reads the command line.
func parsePlan(args []string, output io.Writer) (*plan, error) {
	p := &plan{args: args}
	fs := flag.NewFlagSet("bench-gate", flag.ContinueOnError)
	fs.SetOutput(output)
	chosen := fs.String("parts", "", "only these parts, separated by commas (default all: "+strings.Join(partNames(), ",")+")")
	held := fs.String("held", "1,1000,10000", "latency: numbers of pods held at a time")
	small := fs.Bool("smoke", false, "small defaults, to see whether everything works")
	fs.StringVar(&p.out, "out", "_output/bench", "where gate.json is written")
	fs.StringVar(&p.markdown, "markdown", "", "also write the table to this file, for docs/benchmarks")
	fs.IntVar(&p.samples, "samples", 500, "latency: Secrets written for each number of held pods")
	fs.IntVar(&p.warmUp, "warm-up", 20, "latency: first samples that do not count")
	fs.IntVar(&p.release, "release-pods", 10000, "release: pods released by one Secret")
	fs.IntVar(&p.releasePairs, "release-pairs", 2, "release: measurements with and without holding")
	fs.IntVar(&p.pairs, "pairs", 12, "throughput: rounds of measurements, each without held pods and with both kinds")
	fs.IntVar(&p.batch, "batch", 2000, "throughput: undeclared pods of one measurement")
	fs.IntVar(&p.background, "background", 10000, "throughput: pods that are held meanwhile")
	fs.IntVar(&p.secrets, "secrets", 50000, "memory: TLS Secrets in the cluster")
	fs.IntVar(&p.memoryRuns, "memory-runs", 2, "memory: starts of each scheduler")
	fs.IntVar(&p.indexed, "indexed", 10000, "preenqueue, queue: held pods")
	fs.IntVar(&p.nodes, "nodes", 100, fmt.Sprintf("nodes, each for %d pods", podsPerNode))
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if *small {
		given := map[string]bool{}
		fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
		for name, value := range smoke {
			if given[name] {
				continue
			}
			if err := fs.Set(name, value); err != nil {
				return nil, fmt.Errorf("applying -smoke: %w", err)
			}
		}
	}
	var err error
	if p.held, err = numbers(*held); err != nil {
		return nil, fmt.Errorf("reading -held: %w", err)
	}
	if p.parts, err = measure.ChooseParts(*chosen, partNames()); err != nil {
		return nil, err
	}
	return p, p.validate(fs)
}

func (p *plan) validate(fs *flag.FlagSet) error {
	var errs []error
	fs.VisitAll(func(f *flag.Flag) {
		if n, isInt := f.Value.(flag.Getter).Get().(int); isInt && n < 1 && f.Name != "warm-up" {
			errs = append(errs, fmt.Errorf("-%s has to be 1 at least, it is %d", f.Name, n))
		}
	})
	if p.warmUp < 0 {
		errs = append(errs, fmt.Errorf("-warm-up has to be 0 at least, it is %d", p.warmUp))
	}
	if room, most := p.nodes*podsPerNode, max(p.release, p.batch, 3*(p.samples+p.warmUp)); room < most {
		errs = append(errs, fmt.Errorf("%d pods do not fit on %d nodes of %d; raise -nodes", most, p.nodes, podsPerNode))
	}
	return errors.Join(errs...)
}

func partNames() []string {
	names := make([]string, len(parts))
	for i := range parts {
		names[i] = parts[i].name
	}
	return names
}

// numbers reads a list of numbers that are 1 at least.
func numbers(list string) ([]int, error) {
	var out []int
	for field := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(field)
		if err != nil {
			return nil, fmt.Errorf("%q is no number", field)
		}
		if n < 1 {
			return nil, fmt.Errorf("%d has to be 1 at least", n)
		}
		out = append(out, n)
	}
	return out, nil
}
