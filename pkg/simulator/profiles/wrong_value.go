// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package profiles

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tollgate-dev/tollgate/pkg/simulator/internal/yamlpos"
	"github.com/tollgate-dev/tollgate/pkg/text"
)

// wrongType is what JSON's decoder says of a value of another type than the
// field's: what it is, the value if it is a number out of range, the field
// without its indices, and the type of Go.
var wrongType = regexp.MustCompile(`cannot unmarshal (\w+)(?: (\S+))? into Go struct field \S*?([A-Za-z0-9]+) of type (\S+)`)

// wrongValue returns the line of the value that JSON's decoder complains about,
// and what is wrong with it, in words; "" if it is not to be found.
func wrongValue(data []byte, message string) (line, fault string) {
	name, goType := "", "float64"
	is := isInfinite
	if !strings.Contains(message, "unsupported value: ") { // of .nan and .inf, which JSON has not
		found := wrongType.FindStringSubmatch(message)
		if found == nil {
			return "", ""
		}
		kind, literal := found[1], found[2]
		name, goType = found[3], found[4]
		is = func(v *yaml.Node) bool { return kindOf(v) == kind && (literal == "" || v.Value == literal) }
	}
	at, key, v := yamlpos.First(data, func(key string, v *yaml.Node) bool {
		return (name == "" || key == name) && (is(v) || v.Kind == yaml.SequenceNode && slices.ContainsFunc(v.Content, is))
	})
	if v == nil {
		return "", ""
	}
	if !is(v) { // one of the list is
		v = v.Content[slices.IndexFunc(v.Content, is)]
		at, key = v.Line, "an item of "+key
	}
	return strconv.Itoa(at), fmt.Sprintf("%s is %s; want %s", key, valueWords(v), wantWords(goType, v))
}

func isInfinite(v *yaml.Node) bool {
	f, err := strconv.ParseFloat(strings.Replace(v.Value, ".", "", 1), 64)
	return v.ShortTag() == "!!float" && err == nil && (math.IsNaN(f) || math.IsInf(f, 0))
}

// kindOf is what JSON's decoder calls a value.
func kindOf(v *yaml.Node) string {
	switch v.Kind {
	case yaml.MappingNode:
		return "object"
	case yaml.SequenceNode:
		return "array"
	}
	switch v.ShortTag() {
	case "!!int", "!!float":
		return "number"
	case "!!bool":
		return "bool"
	default:
		return "string"
	}
}

func valueWords(v *yaml.Node) string {
	switch kindOf(v) {
	case "object":
		return "an object"
	case "array":
		return "a list"
	case "string":
		return strconv.Quote(text.Truncate(v.Value, 100))
	default:
		return text.Truncate(v.Value, 100)
	}
}

func wantWords(goType string, v *yaml.Node) string {
	switch {
	case goType == "string" && v.Kind == yaml.ScalarNode:
		return fmt.Sprintf("text: quote it, as in %q", v.Value)
	case goType == "string":
		return "text"
	case goType == "bool":
		return "true or false"
	case goType == "int32":
		return "a whole number up to " + strconv.Itoa(math.MaxInt32)
	case goType == "int64":
		return "a whole number"
	case goType == "float64":
		return "a number"
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	default:
		return "an object"
	}
}
