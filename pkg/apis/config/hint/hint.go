// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package hint adds to errors about plugin arguments what the user probably
// meant to write.
package hint

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	kubeschedulerscheme "k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"

	configv1 "github.com/tollgate-dev/tollgate/pkg/apis/config/v1"
)

// The scheduler's error for a misspelled argument names the plugin once and
// then every field it does not know.
var relevant = regexp.MustCompile(`args for plugin ([A-Za-z0-9_-]+)|unknown field "([^"]+)"`)

// ForError returns one line for every unknown plugin argument that err's text
// complains about, with the nearest valid name and all valid ones; "" if there
// is nothing to say. err is what the scheduler returns when it reads its
// configuration.
//
// Plugins are those whose arguments the scheduler's scheme knows: import
// package scheme to have Tollgate's among them.
func ForError(err error) string {
	if err == nil {
		return ""
	}
	var plugin string
	var lines []string
	for _, match := range relevant.FindAllStringSubmatch(err.Error(), -1) {
		if match[1] != "" {
			plugin = match[1]
			continue
		}
		if line := forField(plugin, match[2]); line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

func forField(plugin, path string) string {
	args, err := kubeschedulerscheme.Scheme.New(configv1.SchemeGroupVersion.WithKind(plugin + "Args"))
	if err != nil {
		return ""
	}
	parent, name := reflect.TypeOf(args), path
	for {
		step, rest, nested := strings.Cut(name, ".")
		if !nested {
			break
		}
		if parent = fieldType(parent, step); parent == nil {
			return ""
		}
		name = rest
	}
	valid := fieldNames(parent)
	if len(valid) == 0 {
		return ""
	}
	line := fmt.Sprintf("%s has no field %q", plugin, path)
	if nearest := Nearest(name, valid); nearest != "" {
		line += fmt.Sprintf("; did you mean %q?", nearest)
	} else {
		line += ";"
	}
	return line + " valid fields: " + strings.Join(valid, ", ")
}

// fieldNames returns the JSON names of t's fields without those of TypeMeta.
func fieldNames(t reflect.Type) []string {
	var names []string
	for _, f := range fields(t) {
		names = append(names, jsonName(f))
	}
	return names
}

// fieldType returns the type below step, a JSON name that may carry an index.
func fieldType(t reflect.Type, step string) reflect.Type {
	step, _, _ = strings.Cut(step, "[")
	for _, f := range fields(t) {
		if jsonName(f) == step {
			return f.Type
		}
	}
	return nil
}

func fields(t reflect.Type) []reflect.StructField {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	return slices.DeleteFunc(reflect.VisibleFields(t), func(f reflect.StructField) bool {
		return len(f.Index) > 1 || jsonName(f) == ""
	})
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return strings.TrimPrefix(name, "-")
}
