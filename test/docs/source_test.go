// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// constant is a string constant of the source.
type constant struct {
	pkg, name, value string
	typ              string // as written; "" if the constant has none
	block            string // the comment above its const block
}

// source is the syntax of the Go files of one package, less its tests.
type source struct {
	dir   string
	files []*ast.File
}

// packages parses all packages below the folders.
func packages(t *testing.T, folders ...string) []source {
	t.Helper()
	var all []source
	fset := token.NewFileSet()
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(root, folder), func(dir string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return err
			}
			files, err := parseDir(fset, dir)
			if len(files) > 0 {
				all = append(all, source{dir: dir, files: files})
			}
			return err
		})
		if err != nil {
			t.Fatalf("parsing the source: %v", err)
		}
	}
	return all
}

func parseDir(fset *token.FileSet, dir string) ([]*ast.File, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(fset, name, raw, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// constants returns the package's string constants by name.
func (s source) constants() map[string]constant {
	type unresolved struct {
		constant
		expr ast.Expr
	}
	specs := map[string]unresolved{}
	for _, file := range s.files {
		for _, decl := range file.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.CONST {
				continue
			}
			for _, spec := range gen.Specs {
				value := spec.(*ast.ValueSpec)
				for i, name := range value.Names {
					if i >= len(value.Values) {
						continue
					}
					c := constant{pkg: file.Name.Name, name: name.Name, block: gen.Doc.Text()}
					if typ, ok := value.Type.(*ast.Ident); ok {
						c.typ = typ.Name
					}
					specs[name.Name] = unresolved{c, value.Values[i]}
				}
			}
		}
	}
	var eval func(ast.Expr) (string, bool)
	eval = func(e ast.Expr) (string, bool) {
		switch e := e.(type) {
		case *ast.BasicLit:
			text, err := strconv.Unquote(e.Value)
			return text, e.Kind == token.STRING && err == nil
		case *ast.Ident:
			if spec, ok := specs[e.Name]; ok {
				return eval(spec.expr)
			}
		case *ast.BinaryExpr:
			left, ok1 := eval(e.X)
			right, ok2 := eval(e.Y)
			return left + right, e.Op == token.ADD && ok1 && ok2
		}
		return "", false
	}
	found := map[string]constant{}
	for name, spec := range specs {
		if value, ok := eval(spec.expr); ok {
			spec.value = value
			found[name] = spec.constant
		}
	}
	return found
}

// text returns what an expression says: a string literal, the constant that it names, or a sum of these.
func text(e ast.Expr, constants map[string]constant) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return s
		}
	case *ast.Ident:
		return constants[e.Name].value
	case *ast.BinaryExpr:
		left, right := text(e.X, constants), text(e.Y, constants)
		if e.Op == token.ADD && left != "" && right != "" {
			return left + right
		}
	}
	return ""
}

// each calls f for every node of the package's syntax.
func (s source) each(f func(ast.Node)) {
	for _, file := range s.files {
		ast.Inspect(file, func(n ast.Node) bool {
			if n != nil {
				f(n)
			}
			return true
		})
	}
}
