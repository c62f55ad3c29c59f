// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/test/bench/internal/measure"
)

// plan is what is measured.
type plan struct {
	parts    []string
	out      string
	markdown string
	args     []string

	certs  int           // ca and acme: certificates issued from nothing
	steady int           // steady and restart: certificates in the cluster
	idle   time.Duration // steady: for how long nothing happens
	quiet  time.Duration // for how long the controller has to do nothing to count as done

	// controllerArgs are added to the controller's command line.
	controllerArgs []string
}

// limits are the controller's client limits: those that cert-manager was measured with.
const limits = "--kube-api-qps=500 --kube-api-burst=1000"

// smoke is small enough to try the program out; its numbers mean nothing.
var smoke = map[string]string{"certs": "30", "steady": "100", "idle": "2s", "quiet": "1s"}

// parsePlan reads the command line.
func parsePlan(args []string, output io.Writer) (*plan, error) {
	p := &plan{args: args}
	fs := flag.NewFlagSet("bench-issue", flag.ContinueOnError)
	fs.SetOutput(output)
	chosen := fs.String("parts", "", "only these parts, separated by commas (default all: "+strings.Join(partNames(), ",")+")")
	small := fs.Bool("smoke", false, "small defaults, to see whether everything works")
	controllerArgs := fs.String("controller-args", limits, "flags of the controller, separated by blanks")
	fs.StringVar(&p.out, "out", "_output/bench", "where issue.json is written")
	fs.StringVar(&p.markdown, "markdown", "", "also write the table to this file, for docs/benchmarks")
	fs.IntVar(&p.certs, "certs", 1000, "ca, acme: certificates issued from nothing")
	fs.IntVar(&p.steady, "steady", 10000, "steady, restart: certificates in the cluster")
	fs.DurationVar(&p.idle, "idle", time.Minute, "steady: for how long nothing happens")
	fs.DurationVar(&p.quiet, "quiet", 5*time.Second, "for how long the controller has to do nothing to count as done; after a restart twice as long")
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
	p.controllerArgs = strings.Fields(*controllerArgs)
	var err error
	if p.parts, err = measure.ChooseParts(*chosen, partNames()); err != nil {
		return nil, err
	}
	return p, p.validate()
}

func (p *plan) validate() error {
	var errs []error
	for _, n := range []struct {
		flag  string
		value int
	}{{"certs", p.certs}, {"steady", p.steady}} {
		if n.value < 1 {
			errs = append(errs, fmt.Errorf("-%s has to be 1 at least, it is %d", n.flag, n.value))
		}
	}
	for _, d := range []struct {
		flag  string
		value time.Duration
	}{{"idle", p.idle}, {"quiet", p.quiet}} {
		if d.value < time.Second {
			errs = append(errs, fmt.Errorf("-%s has to be 1s at least, it is %s", d.flag, d.value))
		}
	}
	if p.steady < p.certs {
		errs = append(errs, fmt.Errorf("-steady has to be -certs at least, as those of part ca stay: it is %d, and -certs %d", p.steady, p.certs))
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
