// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cli is kubectl tollgate: commands that show what nodes and pods cost,
// computed by the packages that the scheduler uses. The rules that all commands
// follow are in package ui.
package cli

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
)

// Env is what commands take from the process that they run in.
type Env struct {
	genericiooptions.IOStreams
	// Clock tells ages; nil for the real one.
	Clock clock.PassiveClock
	// Name is how the program was called: os.Args[0].
	Name string
}

// Run runs the command that args (without the program's name) ask for, and
// returns the exit code.
func Run(ctx context.Context, env Env, args []string) int {
	if env.Clock == nil {
		env.Clock = clock.RealClock{}
	}
	root := NewCommand(env)
	root.SetArgs(args)
	err := checkCommand(root, args)
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	if err != nil {
		ui.Report(env.ErrOut, err)
		return 1
	}
	return 0
}

// examples is what a call without arguments shows.
var examples = []struct{ does, args string }{
	{"What every node costs, and how much of that is idle", "nodes"},
	{"The nodes with the dearest idle part first, with details", "nodes --sort idle -o wide"},
	{"What a pod costs on every node, and why it runs where it runs", "explain pod/web-0 -n shop"},
	{"The same for another configuration of the scheduler", "explain pod/web-0 --config scheduler.yaml"},
	{"Without a cluster, from what kubectl get nodes,pods -A -o json wrote", "nodes -f dump.json"},
	{"What other scheduler profiles would pay, in an example that needs no cluster", "simulate"},
	{"The same for what kubectl get nodes,pods -A -o json wrote", "simulate dump.json"},
}

// NewCommand returns the root command.
func NewCommand(env Env) *cobra.Command {
	name := displayName(env.Name)
	root := &cobra.Command{
		Use:   strings.ReplaceAll(name, " ", "-"),
		Short: "Show what nodes and pods cost, and what other schedulers would make of them",
		Long: "Show what nodes and pods cost, computed as kube-scheduler's CostScore does.\n" +
			"It only reads: nothing in the cluster is changed.",
		Annotations:       map[string]string{cobra.CommandDisplayNameAnnotation: name},
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		Args:              cobra.ArbitraryArgs, // checkCommand has looked at them
		RunE: func(*cobra.Command, []string) error {
			return printExamples(env.Out, name)
		},
	}
	root.SetIn(env.In)
	root.SetOut(env.Out)
	root.SetErr(env.ErrOut)
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(newCertsCommand(env), newNodesCommand(env), newExplainCommand(env), newSimulateCommand(env), newVersionCommand(env))
	root.SetHelpCommand(&cobra.Command{Use: "no-help", Hidden: true}) // --help does it
	return root
}

// displayName is "kubectl tollgate" for kubectl-tollgate: kubectl finds plugins
// by that prefix.
func displayName(path string) string {
	name := strings.TrimSuffix(filepath.Base(path), ".exe")
	if plugin, ok := strings.CutPrefix(name, "kubectl-"); ok {
		return "kubectl " + strings.ReplaceAll(plugin, "_", "-")
	}
	return name
}

func printExamples(out io.Writer, name string) error {
	var b strings.Builder
	for _, e := range examples {
		fmt.Fprintf(&b, "# %s\n%s %s\n\n", e.does, name, e.args)
	}
	fmt.Fprintf(&b, "All commands and flags: %s --help\n", name)
	_, err := io.WriteString(out, b.String())
	return err
}

// example is the text of Example of a command: lines of what it does and how to
// call it, in turn.
func example(env Env, lines ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(lines); i += 2 {
		fmt.Fprintf(&b, "  # %s\n  %s %s\n", lines[i], displayName(env.Name), lines[i+1])
	}
	return strings.TrimSuffix(b.String(), "\n")
}
