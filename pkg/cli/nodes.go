// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tollgate-dev/tollgate/pkg/cli/snapshot"
	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// nodesOptions are the flags of kubectl tollgate nodes.
type nodesOptions struct {
	Env
	input     *input
	profile   profileFlags
	names     []string
	selector  string
	output    string
	sort      string
	noHeaders bool
}

// nodesOutputs are the values of -o.
var nodesOutputs = []string{"table", "wide", "json", "yaml"}

func newNodesCommand(env Env) *cobra.Command {
	o := &nodesOptions{Env: env, input: newInput(env)}
	cmd := &cobra.Command{
		Use:   "nodes [NAME...]",
		Short: "Show what nodes cost, where the price is from, and what is idle",
		Long: "Show the price of each node, where it is from and how old it is, how much of the node is allocated,\n" +
			"and what the rest costs. Allocated is the largest share of cpu, memory or an extended resource that\n" +
			"the requests of its pods have of its allocatable. TOTAL/MONTH is 730 hours.",
		Example: example(env,
			"All nodes", "nodes",
			"Those with the dearest idle part first", "nodes --sort idle",
			"Spot nodes with the scheduler's own prices", "nodes -l karpenter.sh/capacity-type=spot --config scheduler.yaml",
			"Without a cluster", "nodes -f dump.json -o json"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.names = args
			return o.run(cmd.Context())
		},
		ValidArgsFunction: o.input.completeNodes,
	}
	o.input.config.Namespace = nil // nodes have none
	o.input.addFlags(cmd)
	o.profile.addFlags(cmd)
	cmd.Flags().StringVarP(&o.selector, "selector", "l", "", "only nodes with these labels, such as -l pool=web")
	cmd.Flags().StringVarP(&o.output, "output", "o", "table", "table, wide, json or yaml")
	cmd.Flags().StringVar(&o.sort, "sort", "name", "name, price or idle; the dearest first")
	cmd.Flags().BoolVar(&o.noHeaders, "no-headers", false, "leave out headings and totals")
	complete(cmd, "output", fixed(nodesOutputs))
	complete(cmd, "sort", fixed(nodeOrders))
	return cmd
}

func (o *nodesOptions) run(ctx context.Context) error {
	if err := oneOf("output", o.output, nodesOutputs); err != nil {
		return err
	}
	if err := oneOf("sort", o.sort, nodeOrders); err != nil {
		return err
	}
	selector, err := labels.Parse(o.selector)
	if err != nil {
		return ui.WithHint(fmt.Errorf("reading --selector: %w", err), "write it as kubectl get does, such as -l pool=web,zone!=a")
	}
	profile, err := o.profile.load("")
	if err != nil {
		return err
	}
	options, err := priceOptions(profile)
	if err != nil {
		return err
	}
	s, err := o.input.read(ctx)
	if err != nil {
		return err
	}
	if err := checkNodes(s, o.names); err != nil {
		return err
	}
	selected := func(node *corev1.Node) bool {
		return selector.Matches(labels.Set(node.Labels)) && (len(o.names) == 0 || slices.Contains(o.names, node.Name))
	}
	report := nodesReport(s, selected, newBook(options, s.Nodes, o.Clock), o.Clock.Now())
	if len(report.Nodes) == 0 {
		return ui.WithHint(fmt.Errorf("none of %s matches", plural(len(s.Nodes), "node", "nodes")), "kubectl get nodes --show-labels shows their labels")
	}
	report.sortNodes(o.sort)
	return o.write(report, options)
}

func (o *nodesOptions) write(r *NodesReport, options pricing.Options) error {
	switch o.output {
	case "json":
		return ui.WriteJSON(o.Out, r)
	case "yaml":
		return ui.WriteYAML(o.Out, r)
	}
	if err := r.writeTable(o.Out, o.output == "wide", o.noHeaders); err != nil {
		return err
	}
	if n := r.Total.UnknownPrices; n > 0 {
		ui.Note(o.ErrOut, "%s", unknownNote(n, "and left out of the totals", options))
	}
	for i := range r.Nodes {
		if n := &r.Nodes[i]; n.PriceProblem != "" {
			ui.Note(o.ErrOut, "node %s: %s", n.Name, n.PriceProblem)
		}
	}
	return nil
}

// checkNodes returns an error for the first name that no node has.
func checkNodes(s *snapshot.Snapshot, names []string) error {
	for _, name := range names {
		if !slices.ContainsFunc(s.Nodes, func(n *corev1.Node) bool { return n.Name == name }) {
			return ui.WithHint(fmt.Errorf("there is no node %q", name), "kubectl get nodes lists them")
		}
	}
	return nil
}
