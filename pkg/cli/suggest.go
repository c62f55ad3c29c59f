// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tollgate-dev/tollgate/pkg/apis/config/hint"
	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
)

// checkCommand returns an error if the first argument is no command. It comes
// before flags are read, which belong to a command.
func checkCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") || strings.HasPrefix(args[0], "__complete") || args[0] == "completion" {
		return nil
	}
	var names []string
	for _, c := range root.Commands() {
		if c.Name() == args[0] {
			return nil
		}
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	err := fmt.Errorf("unknown command %q", args[0])
	if nearest := hint.Nearest(args[0], names); nearest != "" {
		return ui.WithHint(err, "did you mean %q? commands are %s", nearest, strings.Join(names, ", "))
	}
	return ui.WithHint(err, "commands are %s", strings.Join(names, ", "))
}

// flagError adds the nearest valid flag to errors about flags.
func flagError(cmd *cobra.Command, err error) error {
	if errors.Is(err, pflag.ErrHelp) {
		return err
	}
	help := fmt.Sprintf("%s --help lists the flags", cmd.CommandPath())
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return ui.WithHint(err, "%s", help)
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	slices.Sort(names)
	if nearest := hint.Nearest(unknown.GetSpecifiedName(), names); nearest != "" && unknown.GetSpecifiedShortnames() == "" {
		return ui.WithHint(err, "did you mean --%s? %s", nearest, help)
	}
	return ui.WithHint(err, "%s", help)
}

// oneOf returns an error if the value of a flag is none of those allowed.
func oneOf(flag, value string, allowed []string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	err := fmt.Errorf("--%s is %q", flag, value)
	if nearest := hint.Nearest(value, allowed); value != "" && nearest != "" {
		return ui.WithHint(err, "did you mean %s? it is one of %s", nearest, strings.Join(allowed, ", "))
	}
	return ui.WithHint(err, "it is one of %s", strings.Join(allowed, ", "))
}

// noArgs is cobra.NoArgs with a hint.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return ui.WithHint(fmt.Errorf("unexpected argument %q", args[0]), "%s takes flags only", cmd.CommandPath())
}
