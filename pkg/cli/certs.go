// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/pkg/apis/config/hint"
	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
)

// newCertsCommand returns the command whose subcommands are about certificates.
func newCertsCommand(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "certs",
		Short: "Work with certificates",
		Long:  "Work with certificates and their issuers. It only reads: nothing in the cluster is changed.",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return unknownSubcommand(cmd, args[0])
		},
	}
	cmd.AddCommand(newCertsImportCommand(env))
	return cmd
}

// unknownSubcommand is the error for an argument that is no subcommand of cmd.
func unknownSubcommand(cmd *cobra.Command, arg string) error {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	err := fmt.Errorf("unknown command %q of %s", arg, cmd.CommandPath())
	if nearest := hint.Nearest(arg, names); nearest != "" {
		return ui.WithHint(err, "did you mean %q? commands are %s", nearest, strings.Join(names, ", "))
	}
	return ui.WithHint(err, "commands are %s", strings.Join(names, ", "))
}

// errLosses is the error of --strict.
var errLosses = errors.New("not everything has an equivalent")
