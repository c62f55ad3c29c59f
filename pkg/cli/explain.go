// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/cli/snapshot"
	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
)

// explainOptions are the flags of kubectl tollgate explain.
type explainOptions struct {
	Env
	input     *input
	profile   profileFlags
	pod       string
	output    string
	noHeaders bool
}

// explainOutputs are the values of -o.
var explainOutputs = []string{"table", "wide", "json", "yaml"}

func newExplainCommand(env Env) *cobra.Command {
	o := &explainOptions{Env: env, input: newInput(env)}
	cmd := &cobra.Command{
		Use:   "explain pod/NAME",
		Short: "Show what a pod costs on every node, and which nodes are ruled out",
		Long: "Ask the plugins of a scheduler profile about a pod on every node: those of kube-scheduler itself, with\n" +
			"their filters and scores. COST/H is PRICE/H x SHARE x AGEFACTOR, and 0 on a prepaid node. RANK is the\n" +
			"order in which the scheduler prefers the nodes that fit. A running pod is taken off its node first.\n" +
			"CertGate is left out: it decides when a pod is scheduled, not where.",
		Example: example(env,
			"A pod of the current namespace", "explain pod/web-0",
			"With the scheduler's own configuration", "explain pod/web-0 -n shop --config scheduler.yaml --profile tollgate",
			"What upstream's default profile would do", "explain pod/web-0 --profile default",
			"Without a cluster", "explain pod/web-0 -n shop -f dump.json"),
		Args:              podArg,
		ValidArgsFunction: o.input.completePods,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.pod, _ = parsePod(args[0]) // podArg has checked it
			return o.run(cmd.Context())
		},
	}
	o.input.addFlags(cmd)
	o.profile.addFlags(cmd)
	cmd.Flags().StringVarP(&o.output, "output", "o", "table", "table, wide, json or yaml")
	cmd.Flags().BoolVar(&o.noHeaders, "no-headers", false, "leave out headings and the outcome")
	complete(cmd, "output", fixed(explainOutputs))
	return cmd
}

func (o *explainOptions) run(ctx context.Context) error {
	if err := oneOf("output", o.output, explainOutputs); err != nil {
		return err
	}
	if _, err := o.profile.loadKnown(""); err != nil && o.profile.profile != "" {
		return err // before anything is read from the cluster
	}
	s, err := o.input.read(ctx)
	if err != nil {
		return err
	}
	pod, err := o.find(ctx, s)
	if err != nil {
		return err
	}
	profile, err := o.profile.loadKnown(pod.Spec.SchedulerName)
	if err != nil {
		return err
	}
	if o.input.file == "" {
		if err := o.addOthers(ctx, s, pod); err != nil {
			return err
		}
	}
	verdicts, err := verdictsOn(ctx, s, pod, profile, o.Clock)
	if err != nil {
		return fmt.Errorf("asking profile %s: %w", profile.Name, err)
	}
	options, err := priceOptions(profile)
	if err != nil {
		return err
	}
	if argsOf(profile) == nil { // it has no prices: show those that there are
		addPrices(verdicts, newBook(options, s.Nodes, o.Clock))
	}
	r := explainReport(pod, pod.Spec.NodeName, profile.Name, verdicts, o.Clock.Now())
	o.notes(s, pod, profile, r, options)
	return o.write(r)
}

// find returns the pod: of the snapshot, else of the cluster, whose snapshot
// lacks pods that have finished.
func (o *explainOptions) find(ctx context.Context, s *snapshot.Snapshot) (*corev1.Pod, error) {
	namespace, err := o.input.namespace()
	if err != nil {
		return nil, err
	}
	if pod := s.Pod(namespace, o.pod); pod != nil {
		return pod, nil
	}
	missing := fmt.Errorf("there is no pod %q in namespace %q", o.pod, namespace)
	if o.input.file == "" {
		client, err := o.input.client()
		if err != nil {
			return nil, err
		}
		pod, err := client.CoreV1().Pods(namespace).Get(ctx, o.pod, metav1.GetOptions{})
		if err == nil {
			return pod, nil
		}
		if !apierrors.IsNotFound(err) {
			return nil, explainAPIError(fmt.Errorf("getting pod %s/%s: %w", namespace, o.pod, err))
		}
	}
	for _, pod := range s.Pods {
		if pod.Name == o.pod {
			return nil, ui.WithHint(missing, "there is one in namespace %s: add -n %s", pod.Namespace, pod.Namespace)
		}
	}
	return nil, ui.WithHint(missing, "kubectl get pods -A lists them")
}

func (o *explainOptions) addOthers(ctx context.Context, s *snapshot.Snapshot, pod *corev1.Pod) error {
	client, err := o.input.client()
	if err != nil {
		return err
	}
	return explainAPIError(s.AddFor(ctx, client, pod))
}

func (o *explainOptions) write(r *ExplainReport) error {
	switch o.output {
	case "json":
		return ui.WriteJSON(o.Out, r)
	case "yaml":
		return ui.WriteYAML(o.Out, r)
	default:
		return r.writeTable(o.Out, o.output == "wide", o.noHeaders)
	}
}
