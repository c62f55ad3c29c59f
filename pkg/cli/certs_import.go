// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
	"github.com/tollgate-dev/tollgate/pkg/migrate"
)

// certsImportOptions are the flags of kubectl tollgate certs import.
type certsImportOptions struct {
	Env
	input  *input
	files  []string
	output string
	strict bool
	migrate.Options
}

// certsImportOutputs are the values of -o.
var certsImportOutputs = []string{"yaml", "json"}

func newCertsImportCommand(env Env) *cobra.Command {
	o := &certsImportOptions{Env: env, input: newInput(env)}
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Print what replaces the objects of cert-manager and kube-cert-manager",
		Long: "Read the Certificates, Issuers and ClusterIssuers of cert-manager and the Certificates of kube-cert-manager, from\n" +
			"the cluster or from files, and print the TLSCertificates and issuers of Tollgate that replace them. Comments say\n" +
			"what has no equivalent, what to do instead, and how Tollgate takes over the Secrets without issuing anything anew.\n" +
			"Secrets are not read. All namespaces are, unless -n names one.",
		Example: example(env,
			"What the cluster has", "certs import > tollgate.yaml",
			"What files have, and fail if something would be lost", "certs import -f issuers.yaml -f certificates.yaml --strict",
			"For programs", "certs import -f - -o json"),
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context())
		},
	}
	o.addFlags(cmd)
	return cmd
}

func (o *certsImportOptions) addFlags(cmd *cobra.Command) {
	o.input.config.AddFlags(cmd.Flags())
	o.input.addCompletion(cmd)
	for _, name := range advanced {
		if f := cmd.Flags().Lookup(name); f != nil {
			f.Hidden = true
		}
	}
	f := cmd.Flags()
	f.StringArrayVarP(&o.files, "filename", "f", nil, "read this file (- for stdin, .gz is read too) and not the cluster; can be given several times; with it, -n is the namespace of objects that have none")
	f.StringVarP(&o.output, "output", "o", "yaml", "yaml or json")
	f.BoolVar(&o.strict, "strict", false, "exit with 1 if anything has no equivalent")
	f.StringVar(&o.ControllerNamespace, "controller-namespace", migrate.DefaultControllerNamespace, "namespace of tollgate-controller, where the Secrets of ClusterCertIssuers are")
	f.StringVar(&o.ClusterResourceNamespace, "cluster-resource-namespace", migrate.DefaultClusterResourceNamespace, "that flag of cert-manager's controller: the namespace where the Secrets of ClusterIssuers are")
	f.StringVar(&o.ACMEServer, "acme-server", v1alpha1.LetsEncryptStaging, "ACME directory for the Certificates of kube-cert-manager, which do not say theirs")
	complete(cmd, "output", fixed(certsImportOutputs))
	cmd.Long += "\n\nThe other flags by which kubectl finds a cluster work too: see kubectl options."
}

func (o *certsImportOptions) run(ctx context.Context) error {
	if err := o.check(); err != nil {
		return err
	}
	inputs, notes, err := o.read(ctx)
	if err != nil {
		return err
	}
	result := migrate.Convert(inputs, o.Options)
	if err := o.write(result); err != nil {
		return err
	}
	for _, line := range append(result.Lines(), notes...) {
		ui.Note(o.ErrOut, "%s", line)
	}
	if o.strict && !result.Complete() {
		return ui.WithHint(errLosses, "the output says what to do instead; without --strict this is no error")
	}
	return nil
}

// check looks at the flags.
func (o *certsImportOptions) check() error {
	if err := oneOf("output", o.output, certsImportOutputs); err != nil {
		return err
	}
	o.Namespace = *o.input.config.Namespace
	for _, f := range []struct{ name, value string }{
		{"controller-namespace", o.ControllerNamespace}, {"cluster-resource-namespace", o.ClusterResourceNamespace}, {"namespace", o.Namespace},
	} {
		if f.value == "" && f.name == "namespace" {
			continue
		}
		if problems := validation.IsDNS1123Label(f.value); len(problems) > 0 {
			return ui.WithHint(fmt.Errorf("--%s is %q", f.name, f.value), "it has to be the name of a namespace: kubectl get namespaces lists them")
		}
	}
	if !strings.HasPrefix(o.ACMEServer, "https://") {
		return ui.WithHint(fmt.Errorf("--acme-server is %q", o.ACMEServer), "it has to be the https URL of an ACME directory, such as %s", v1alpha1.LetsEncryptStaging)
	}
	return nil
}

func (o *certsImportOptions) write(r *migrate.Result) error {
	if o.output == "json" {
		return ui.WriteJSON(o.Out, r.Report())
	}
	return r.WriteYAML(o.Out)
}
