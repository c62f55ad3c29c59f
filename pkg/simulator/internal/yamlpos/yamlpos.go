// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package yamlpos finds the line of a field in a YAML or JSON file, for
// errors of decoders that know only its name.
package yamlpos

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Line returns the line of the field at path, such as
// ".profiles[0].pluginConfig[1].args", in the first document of data. A key with
// dots is in brackets, as in ".labels[example.com/a]". Where the path leads no
// further it returns the line of the last field that is there, and false; 1 if
// there is none, and 0 if data is not YAML.
func Line(data []byte, path string) (line int, found bool) {
	node := parse(data)
	if node == nil {
		return 0, false
	}
	line = 1
	for path = strings.TrimPrefix(path, "."); path != ""; {
		if node.Kind == yaml.AliasNode {
			node = node.Alias
		}
		var key, value *yaml.Node
		if rest, ok := strings.CutPrefix(path, "["); ok {
			var index string
			index, path, _ = strings.Cut(rest, "]")
			if key, value = item(node, index); value == nil {
				key, value = field(node, index)
			}
		} else {
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			key, value = field(node, path[:end])
			path = path[end:]
		}
		if value == nil {
			return line, false
		}
		line, node = key.Line, value
		path = strings.TrimPrefix(path, ".")
	}
	return line, true
}

// First returns the first field that match accepts, and its line, wherever it
// is; 0 and nil if there is none.
func First(data []byte, match func(key string, value *yaml.Node) bool) (line int, key string, value *yaml.Node) {
	if node := parse(data); node != nil {
		return first(node, match)
	}
	return 0, "", nil
}

// first does not follow aliases, so that it sees each line once.
func first(node *yaml.Node, match func(key string, value *yaml.Node) bool) (line int, key string, value *yaml.Node) {
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 0 && match(child.Value, node.Content[i+1]) {
			return child.Line, child.Value, node.Content[i+1]
		}
		if line, key, value = first(child, match); value != nil {
			return line, key, value
		}
	}
	return 0, "", nil
}

// parse returns the content of the first document, nil if there is none.
func parse(data []byte) *yaml.Node {
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil || len(document.Content) == 0 {
		return nil
	}
	return document.Content[0]
}

func item(node *yaml.Node, index string) (key, value *yaml.Node) {
	i, err := strconv.Atoi(index)
	if err != nil || node.Kind != yaml.SequenceNode || i < 0 || i >= len(node.Content) {
		return nil, nil
	}
	return node.Content[i], node.Content[i]
}

func field(node *yaml.Node, name string) (key, value *yaml.Node) {
	if node.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return node.Content[i], node.Content[i+1]
		}
	}
	return nil, nil
}
