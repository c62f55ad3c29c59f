// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
)

// clusterDumpCommand writes what simulate reads. YAML is read too, but slowly.
const clusterDumpCommand = "kubectl get nodes,pods -A -o json > cluster.json"

// simulateOptions are the flags of kubectl tollgate simulate.
type simulateOptions struct {
	Env
	file     string // "" for the bundled example
	profiles []string
	config   string
	changed  func(flag string) bool

	world  pool.World
	pools  string
	copies int
	limit  int
	length time.Duration

	horizon  time.Duration
	restarts int

	bootTime, scanInterval, emptyDelay time.Duration

	seed  uint64
	seeds int

	bound       bool
	certificate string

	output           string
	noHeaders, quiet bool
}

func newSimulateCommand(env Env) *cobra.Command {
	o := &simulateOptions{Env: env}
	cmd := &cobra.Command{
		Use:   "simulate [FILE]",
		Short: "Compare what scheduler profiles would cost, on a trace or on your cluster",
		Long: "Run the same pods under one or many scheduler profiles, with an autoscaler, in virtual time, and compare\n" +
			"what the nodes cost: with each other, and with a proven lower bound. FILE is a trace (an openb CSV or a\n" +
			"SimKube JSON) or a cluster as kubectl get nodes,pods -A -o json (or yaml) prints it; - is stdin, .gz is read too.\n" +
			"Without FILE it runs a small example that is part of this program.",
		Example: example(env,
			"A small example, in seconds", "simulate",
			"Your cluster: what would each profile make of it in a day", "simulate cluster.json",
			"Your own scheduler configuration beside the one that Tollgate ships", "simulate cluster.json --profile scheduler.yaml#batch,DominantShare",
			"A trace on Google Cloud, half of the pools on spot, four seeds", "simulate trace.csv --cloud gcp --capacity half-spot --copies 4 --seeds 4",
			"Keep the proof of the lower bound, and check it", "simulate trace.csv --certificate bound.json.gz && kubectl tollgate simulate verify bound.json.gz"),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) <= 1 {
				return nil
			}
			return ui.WithHint(errors.New("simulate reads one file"), "%s --help shows examples", cmd.CommandPath())
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.file = args[0]
			}
			o.changed = cmd.Flags().Changed
			return o.interrupted(cmd.Context(), o.run(cmd.Context()))
		},
	}
	o.addFlags(cmd)
	cmd.AddCommand(newVerifyCommand(env))
	return cmd
}

func (o *simulateOptions) run(ctx context.Context) error {
	if err := o.check(); err != nil {
		return err
	}
	all, err := o.loadProfiles()
	if err != nil {
		return err
	}
	source, err := o.open(all)
	if err != nil {
		return err
	}
	keep, err := newCertificateFile(o.certificate, append([]string{o.file, o.pools, o.config}, o.profiles...)...)
	if err != nil {
		return err
	}
	defer keep.discard()
	runs, refuted, err := o.simulate(ctx, source, all)
	if err != nil {
		return err
	}
	if err := keep.write(runs[0].certificate); err != nil {
		return err
	}
	r := o.report(source, all, runs)
	if refuted != nil {
		return o.writeWithoutBound(r, refuted)
	}
	if o.certificate != "" && len(runs) > 1 {
		r.extra = append(r.extra, fmt.Sprintf("%s proves the bound of seed %d alone, %s", o.certificate, runs[0].seed, monthlyDown(r.Bound.Seeds[0].MicroDollars)))
	}
	return o.write(r)
}

// interrupted says in plain words that the user stopped it.
func (o *simulateOptions) interrupted(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || !errors.Is(err, ctx.Err()) && !errors.Is(err, context.Cause(ctx)) {
		return err
	}
	return ui.WithHint(errors.New("interrupted; nothing was written"), "--limit N and --duration D make a simulation of a trace shorter, --bound=false leaves out the bound")
}

// writeWithoutBound prints the report, and that its bound is missing. Bills do
// not depend on it; whoever asked for a certificate has none.
func (o *simulateOptions) writeWithoutBound(r *SimulateReport, refuted error) error {
	if err := o.write(r); err != nil {
		return err
	}
	const hint = "the bills do not depend on the bound; please report this with the input; --bound=false leaves the bound out"
	if o.certificate != "" {
		return ui.WithHint(fmt.Errorf("no certificate was written: %w", refuted), hint)
	}
	ui.Note(o.ErrOut, "there is no bound: %v; %s", refuted, hint)
	return nil
}

// write prints the report.
func (o *simulateOptions) write(r *SimulateReport) error {
	switch o.output {
	case "json":
		return ui.WriteJSON(o.Out, r)
	case "yaml":
		return ui.WriteYAML(o.Out, r)
	}
	if err := r.writeTable(o.Out, o.output == "wide", o.noHeaders); err != nil {
		return err
	}
	for _, note := range r.notes(o.file == "") {
		ui.Note(o.ErrOut, "%s", note)
	}
	if o.noHeaders {
		return nil
	}
	return r.writeWords(o.Out, displayName(o.Name), o.file == "")
}

// defaultProfiles are those that are compared unless flags say otherwise.
var defaultProfiles = []string{profiles.Default, profiles.MostAllocated, profiles.DominantShare}
