// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"go/ast"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var reasonName = regexp.MustCompile(`^(Err|Event)?[Rr]eason[A-Z]`)

// isReason tells the constants that users see as a reason: those of a type Reason, those named so, and those of a block
// whose comment begins with "Reasons".
func isReason(c constant) bool {
	return c.typ == "Reason" || reasonName.MatchString(c.name) || strings.HasPrefix(c.block, "Reasons ")
}

func TestReasonsAreExplained(t *testing.T) {
	page := read(t, troubleshooting)
	found := map[string]int{}
	for _, pkg := range packages(t, "pkg") {
		for _, c := range pkg.constants() {
			if !isReason(c) {
				continue
			}
			found[c.pkg]++
			if !explained(page, c.value) {
				t.Errorf("%s: %s.%s is %q, which has no heading and no table row of its own in %s; say there what it means and what to do",
					filepath.ToSlash(pkg.dir), c.pkg, c.name, c.value, troubleshooting)
			}
		}
	}
	// The constants may move, but these packages have some: else the search is broken.
	for _, pkg := range []string{"tlsready", "podcondition", "podstatus", "deadlock", "certgate", "v1alpha1", "costscore", "certificate", "acme"} {
		if found[pkg] == 0 {
			t.Errorf("found no reasons in package %s", pkg)
		}
	}
}

func TestExplainedReasonsExist(t *testing.T) {
	known := map[string]bool{}
	for _, pkg := range packages(t, "pkg") {
		for _, c := range pkg.constants() {
			known[c.value] = known[c.value] || isReason(c)
		}
	}
	found := 0
	for _, match := range regexp.MustCompile("(?m)^### `([A-Za-z]+)`$").FindAllStringSubmatch(read(t, troubleshooting), -1) {
		found++
		if !known[match[1]] {
			t.Errorf("%s has a section about reason %s, which no code has", troubleshooting, match[1])
		}
	}
	if found < 20 {
		t.Errorf("found only %d sections about reasons in %s", found, troubleshooting)
	}
}

func TestMetricsAreExplained(t *testing.T) {
	page := section(t, read(t, configuration), "## Metrics")
	for _, pkg := range packages(t, "pkg/plugins") {
		constants := pkg.constants()
		found := 0
		pkg.each(func(n ast.Node) {
			name := metricName(n, constants)
			if name == "" {
				name = describedName(n, constants)
			}
			if name == "" {
				return
			}
			found++
			if !explained(page, name) {
				t.Errorf("metric %s of %s has no row in %s", name, filepath.ToSlash(pkg.dir), configuration)
			}
		})
		if found == 0 {
			t.Errorf("found no metrics in %s", pkg.dir)
		}
	}
}

// metricName returns the full name of the metric that a composite literal such as metrics.CounterOpts{...} describes, else "".
func metricName(n ast.Node, constants map[string]constant) string {
	literal, ok := n.(*ast.CompositeLit)
	if !ok {
		return ""
	}
	typ, ok := literal.Type.(*ast.SelectorExpr)
	if !ok || !strings.HasSuffix(typ.Sel.Name, "Opts") {
		return ""
	}
	fields := map[string]string{}
	for _, element := range literal.Elts {
		if kv, ok := element.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok {
				fields[key.Name] = text(kv.Value, constants)
			}
		}
	}
	if fields["Name"] == "" {
		return ""
	}
	var parts []string
	for _, key := range []string{"Namespace", "Subsystem", "Name"} {
		if fields[key] != "" {
			parts = append(parts, fields[key])
		}
	}
	return strings.Join(parts, "_")
}

// describedName returns the name in a call such as metrics.NewDesc(metricsSubsystem+"_age_seconds", ...), else "".
func describedName(n ast.Node, constants map[string]constant) string {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return ""
	}
	if f, ok := call.Fun.(*ast.SelectorExpr); !ok || f.Sel.Name != "NewDesc" {
		return ""
	}
	return text(call.Args[0], constants)
}

func TestControllerFlagsAreExplained(t *testing.T) {
	page := section(t, read(t, configuration), "## Controller flags")
	var known []string
	for _, pkg := range packages(t, "cmd/controller") {
		pkg.each(func(n ast.Node) {
			if name := definedFlag(n); name != "" {
				known = append(known, name)
				if !strings.Contains(page, "`--"+name+"`") {
					t.Errorf("flag --%s of tollgate-controller is not in %s", name, configuration)
				}
			}
		})
	}
	if len(known) < 3 {
		t.Fatalf("found only the flags %q", known)
	}
	known = append(known, "version") // added by k8s.io/component-base/version/verflag
	for _, match := range regexp.MustCompile("(?m)^\\| `--([a-z0-9-]+)`").FindAllStringSubmatch(page, -1) {
		if !strings.Contains(" "+strings.Join(known, " ")+" ", " "+match[1]+" ") {
			t.Errorf("%s describes flag --%s, which tollgate-controller does not have", configuration, match[1])
		}
	}
}

// definedFlag returns the name in a call such as fs.StringVar(&o.namespace, "namespace", ...) or gofs.Lookup("v"), else "".
func definedFlag(n ast.Node) string {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return ""
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	switch {
	case !ok:
	case strings.HasSuffix(method.Sel.Name, "Var") && len(call.Args) > 1:
		return text(call.Args[1], nil)
	case method.Sel.Name == "Lookup" && len(call.Args) == 1:
		return text(call.Args[0], nil)
	}
	return ""
}
