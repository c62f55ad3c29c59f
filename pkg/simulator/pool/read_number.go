// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// number is a whole number of a file. The decoder alone would cut 0.5 to 0,
// which is no limit where it means one.
type number int

// UnmarshalYAML returns an error with the line, as the decoder's own.
func (n *number) UnmarshalYAML(node *yaml.Node) error {
	var v int
	if node.ShortTag() != "!!int" || node.Decode(&v) != nil {
		text := strconv.Quote(node.Value)
		if node.Kind != yaml.ScalarNode {
			text = "a list or an object"
		}
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: %s is not a whole number such as 10", node.Line, text)}}
	}
	*n = number(v)
	return nil
}
