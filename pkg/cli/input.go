// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/kubernetes"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // kubeconfigs with auth-provider and exec

	"github.com/tollgate-dev/tollgate/pkg/cli/snapshot"
	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
)

// dumpCommand writes what -f reads.
const dumpCommand = "kubectl get nodes,pods -A -o json > dump.json"

// input is where a command reads nodes and pods from.
type input struct {
	in      io.Reader
	config  *genericclioptions.ConfigFlags
	file    string
	cluster kubernetes.Interface // of the first call of client
}

func newInput(env Env) *input {
	config := genericclioptions.NewConfigFlags(true)
	config.WrapConfigFn = quickly
	return &input{in: env.In, config: config}
}

func (i *input) addFlags(cmd *cobra.Command) {
	i.config.AddFlags(cmd.Flags())
	cmd.Flags().StringVarP(&i.file, "filename", "f", "", "read nodes and pods from this file (- for stdin, .gz is read too) and not from a cluster; "+dumpCommand+" writes it")
	i.addCompletion(cmd)
	for _, name := range advanced {
		if f := cmd.Flags().Lookup(name); f != nil {
			f.Hidden = true
		}
	}
	cmd.Long += "\n\nThe other flags by which kubectl finds a cluster work too: see kubectl options."
}

// advanced are flags that few need. They work, but help leaves them out.
var advanced = []string{
	"as-group", "as-uid", "as-user-extra", "cache-dir", "certificate-authority", "client-certificate", "client-key", "cluster",
	"disable-compression", "insecure-skip-tls-verify", "server", "tls-server-name", "token", "user",
}

// read returns the nodes and pods, of which there is at least one node.
func (i *input) read(ctx context.Context) (*snapshot.Snapshot, error) {
	s, err := i.readAny(ctx)
	if err != nil {
		return nil, err
	}
	if len(s.Nodes) == 0 {
		err := fmt.Errorf("there are no nodes")
		if i.file != "" {
			return nil, ui.WithHint(err, "write the file with: %s", dumpCommand)
		}
		return nil, ui.WithHint(err, "check that this is the cluster that you mean: kubectl config current-context")
	}
	return s, nil
}

func (i *input) readAny(ctx context.Context) (*snapshot.Snapshot, error) {
	if i.file != "" {
		return i.readFile()
	}
	client, err := i.client()
	if err != nil {
		return nil, err
	}
	s, err := snapshot.FromCluster(ctx, client)
	return s, explainAPIError(err)
}

func (i *input) readFile() (*snapshot.Snapshot, error) {
	r := i.in
	if i.file != "-" {
		f, err := os.Open(i.file)
		if err != nil {
			return nil, ui.WithHint(fmt.Errorf("reading nodes and pods: %w", err), "write the file with: %s", dumpCommand)
		}
		defer f.Close()
		r = f
	}
	s, err := snapshot.Parse(r)
	if err != nil {
		return nil, ui.WithHint(fmt.Errorf("reading nodes and pods from %s: %w", i.file, err), "write the file with: %s", dumpCommand)
	}
	return s, nil
}

// namespace is that of -n, else that of the context, else "default".
func (i *input) namespace() (string, error) {
	if i.file != "" {
		if n := *i.config.Namespace; n != "" {
			return n, nil
		}
		return "default", nil
	}
	namespace, _, err := i.config.ToRawKubeConfigLoader().Namespace()
	return namespace, explainConfigError(err)
}
