// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package yamlpos

import (
	"testing"

	"go.yaml.in/yaml/v3"
)

const text = `# a comment
a: 1
list:
- x: &anchor
    y: 2
- x: *anchor
labels:
  example.com/a: b
`

func TestLine(t *testing.T) {
	for _, tt := range []struct {
		path  string
		line  int
		found bool
	}{
		{"", 1, true},
		{"a", 2, true},
		{".list[0].x.y", 5, true},
		{"list[1].x", 6, true},
		{"list[1].x.y", 5, true},
		{"list[1].z", 6, false},
		{"list[7].x", 3, false},
		{"list[-1]", 3, false},
		{"list[", 3, false},
		{"a.b", 2, false},
		{"labels[example.com/a]", 8, true},
		{"labels.example.com/a", 7, false},
		{"nothing", 1, false},
	} {
		if line, found := Line([]byte(text), tt.path); line != tt.line || found != tt.found {
			t.Errorf("Line(%q) = %d, %t; want %d, %t", tt.path, line, found, tt.line, tt.found)
		}
	}
	if line, found := Line([]byte("a: ["), "a"); line != 0 || found {
		t.Errorf("got line %d, %t of what is not YAML", line, found)
	}
}

func TestFirst(t *testing.T) {
	for name, want := range map[string]int{"a": 2, "y": 5, "x": 4, "nothing": 0} {
		line, key, value := First([]byte(text), func(key string, _ *yaml.Node) bool { return key == name })
		if line != want || (value != nil) != (want > 0) || want > 0 && key != name {
			t.Errorf("First(%q) = %d, %q, %v; want line %d", name, line, key, value, want)
		}
	}
}

// FuzzLine looks for panics and endless loops.
func FuzzLine(f *testing.F) {
	f.Add(text, "list[1].x.y")
	f.Add("a: &a [*a]", "a[0][0][0]")
	f.Fuzz(func(_ *testing.T, data, path string) {
		Line([]byte(data), path)
		First([]byte(data), func(key string, _ *yaml.Node) bool { return key == path })
	})
}
