// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/validation"

	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
)

var podResources = []string{"pod", "pods", "po"}

// podArg wants one argument that names a pod.
func podArg(cmd *cobra.Command, args []string) error {
	if len(args) == 1 {
		_, err := parsePod(args[0])
		return err
	}
	return ui.WithHint(fmt.Errorf("want one pod, got %s", plural(len(args), "argument", "arguments")), "write it as %s pod/NAME -n NAMESPACE", cmd.CommandPath())
}

// parsePod reads pod/NAME and returns the name.
func parsePod(ref string) (string, error) {
	const hint = "write it as pod/NAME, with -n for its namespace"
	resource, name, found := strings.Cut(ref, "/")
	switch {
	case !found:
		return "", ui.WithHint(fmt.Errorf("%q does not say what it is", ref), "for a pod write pod/%s, with -n for its namespace", ref)
	case !slices.Contains(podResources, strings.ToLower(resource)):
		return "", ui.WithHint(fmt.Errorf("%q is not a pod", ref), hint)
	}
	if faults := validation.NameIsDNSSubdomain(name, false); len(faults) > 0 {
		return "", ui.WithHint(fmt.Errorf("%q is not the name of a pod: %s", name, faults[0]), hint)
	}
	return name, nil
}
