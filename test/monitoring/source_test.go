// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package monitoring_test checks what config/monitoring asks of the product.
package monitoring_test

import (
	"errors"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"
	"testing"
)

// root is that of the repository.
const root = "../.."

// metric is one that the code describes.
type metric struct {
	labels    []string
	histogram bool
}

// source is a package's syntax with the values of its constant expressions. What it imports is not looked at.
type source struct {
	files  []*ast.File
	values map[ast.Expr]types.TypeAndValue
}

func load(t *testing.T, dir string) *source {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	s := &source{values: map[ast.Expr]types.TypeAndValue{}}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		s.files = append(s.files, file)
	}
	config := types.Config{
		Importer: noImports{},
		Error:    func(error) {}, // The imports are missing.
	}
	_, _ = config.Check(dir, fset, s.files, &types.Info{Types: s.values})
	return s
}

// noImports is a types.Importer that finds nothing.
type noImports struct{}

func (noImports) Import(string) (*types.Package, error) { return nil, errors.New("not looked at") }

// text is the value of a constant string, else "".
func (s *source) text(e ast.Expr) string {
	if v := s.values[e].Value; v != nil && v.Kind() == constant.String {
		return constant.StringVal(v)
	}
	return ""
}

// metrics returns what the package describes with metrics.NewDesc and constructors such as metrics.NewCounterVec.
func (s *source) metrics() map[string]metric {
	found := map[string]metric{}
	for _, file := range s.files {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			f, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !strings.HasPrefix(f.Sel.Name, "New") || len(call.Args) == 0 {
				return true
			}
			if f.Sel.Name == "NewDesc" && len(call.Args) > 2 {
				found[s.text(call.Args[0])] = metric{labels: s.list(call.Args[2])}
			} else if name := s.optsName(call.Args[0]); name != "" {
				m := metric{histogram: strings.HasPrefix(f.Sel.Name, "NewHistogram")}
				if len(call.Args) > 1 {
					m.labels = s.list(call.Args[1])
				}
				found[name] = m
			}
			return true
		})
	}
	return found
}

// optsName returns the full name in &metrics.CounterOpts{...} and its like, else "".
func (s *source) optsName(e ast.Expr) string {
	pointer, ok := e.(*ast.UnaryExpr)
	if !ok {
		return ""
	}
	literal, ok := pointer.X.(*ast.CompositeLit)
	if !ok {
		return ""
	}
	fields := map[string]string{}
	for _, element := range literal.Elts {
		if kv, ok := element.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok {
				fields[key.Name] = s.text(kv.Value)
			}
		}
	}
	if fields["Name"] == "" {
		return ""
	}
	return strings.TrimPrefix(fields["Subsystem"]+"_"+fields["Name"], "_")
}

// list returns the strings of a []string{...}.
func (s *source) list(e ast.Expr) []string {
	literal, ok := e.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	var all []string
	for _, element := range literal.Elts {
		all = append(all, s.text(element))
	}
	return all
}

// constants adds the values of the package's string constants.
func (s *source) constants(all map[string]bool) {
	for _, file := range s.files {
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok {
				for _, value := range spec.Values {
					all[s.text(value)] = true
				}
			}
			return true
		})
	}
}
