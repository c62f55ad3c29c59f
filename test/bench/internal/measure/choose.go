// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"fmt"
	"slices"
	"strings"
)

// ChooseParts returns those of all parts that a list, separated by commas, names, in the order of all; an empty list names all.
func ChooseParts(list string, all []string) ([]string, error) {
	if list == "" {
		return slices.Clone(all), nil
	}
	wanted := strings.Split(list, ",")
	for _, name := range wanted {
		if !slices.Contains(all, name) {
			return nil, fmt.Errorf("there is no part %q; the parts are %s", name, strings.Join(all, ", "))
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(name string) bool { return !slices.Contains(wanted, name) }), nil
}
