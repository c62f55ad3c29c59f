// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"strings"
	"testing"

	schedconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

const certgate = "docs/certgate.md"

// TestAnnotationsAreExplained wants every annotation that people set on some page, and those with which a pod declares in a
// row of their own.
func TestAnnotationsAreExplained(t *testing.T) {
	var all strings.Builder
	for _, page := range pages(t) {
		all.WriteString(read(t, page))
	}
	declaring := section(t, read(t, certgate), "## Declare")
	found := map[string]int{}
	for _, pkg := range packages(t, "pkg") {
		for _, c := range pkg.constants() {
			if !strings.HasSuffix(c.name, "Annotation") || !strings.HasPrefix(c.value, "tollgate.dev/") || c.pkg == "v1alpha1" {
				continue // those of v1alpha1 are what the controller writes on its Secrets
			}
			found[c.pkg]++
			if !strings.Contains(all.String(), c.value) {
				t.Errorf("annotation %s of package %s is on no page", c.value, c.pkg)
			}
			if c.pkg == "declare" && row(declaring, "`"+c.value+"`") == nil {
				t.Errorf("annotation %s has no row in %s", c.value, certgate)
			}
		}
	}
	for _, pkg := range []string{"declare", "tlsready", "costscore"} {
		if found[pkg] == 0 {
			t.Errorf("found no annotations in package %s", pkg)
		}
	}
}

func TestLimitsAreThoseOfDeclarations(t *testing.T) {
	page := read(t, certgate)
	for key, want := range map[string]string{
		"`" + declare.RequireTLSAnnotation + "`":   fmt.Sprintf("%d Secrets per pod; %d KiB", declare.MaxSecrets, declare.MaxAnnotationBytes>>10),
		"`" + declare.IssueTLSAnnotation + "`":     fmt.Sprintf("%d Secrets per pod; %d KiB", declare.MaxSecrets, declare.MaxAnnotationBytes>>10),
		"`" + declare.RequirementsAnnotation + "`": fmt.Sprintf("%d Secrets per pod; %d KiB", declare.MaxSecrets, declare.MaxAnnotationBytes>>10),
		"`dnsNames`":    fmt.Sprintf("%d together with", declare.MaxDNSNames),
		"`ipAddresses`": fmt.Sprintf("%d together with", declare.MaxDNSNames),
		"`uris`":        fmt.Sprintf("%d; ", declare.MaxDNSNames),
		"`allow`":       fmt.Sprintf("these %d", len(declare.Allowable)),
	} {
		if cells := row(page, key); len(cells) < 4 || !strings.HasPrefix(cells[3], want) {
			t.Errorf("%s: the limits of %s do not begin with %q: %q", certgate, key, want, cells)
		}
	}
}

// TestFieldsAreExplained wants a row with an example for each field of tls-requirements and issue-tls, in their order, and no
// other.
func TestFieldsAreExplained(t *testing.T) {
	for heading, variable := range map[string]string{"### Fields of tls-requirements": "fields", "### Fields of issue-tls": "issueFields"} {
		page := section(t, read(t, certgate), heading)
		var known, explained []string
		for _, pkg := range packages(t, "pkg/declare") {
			pkg.each(func(n ast.Node) { known = append(known, fieldNames(n, variable)...) })
		}
		for _, match := range regexp.MustCompile("(?m)^\\| `([a-zA-Z]+)` \\|.*\\| `.+` \\|$").FindAllStringSubmatch(page, -1) {
			explained = append(explained, match[1])
		}
		if len(known) < 3 || !slices.Equal(known, explained) {
			t.Errorf("%s has below %q rows for the fields %q, the fields are %q", certgate, heading, explained, known)
		}
	}
	page := section(t, read(t, certgate), "### Fields of tls-requirements")
	for _, reason := range declare.Allowable {
		if !strings.Contains(strings.Join(row(page, "`allow`"), " "), "`"+reason+"`") {
			t.Errorf("%s does not say that allow may list %s", certgate, reason)
		}
	}
}

// fieldNames returns the names in var <variable> = []struct{...}{{"secretName", func...}, ...}.
func fieldNames(n ast.Node, variable string) (names []string) {
	spec, ok := n.(*ast.ValueSpec)
	if !ok || spec.Names[0].Name != variable || len(spec.Values) != 1 {
		return nil
	}
	list, ok := spec.Values[0].(*ast.CompositeLit)
	if !ok {
		return nil
	}
	for _, element := range list.Elts {
		if field, ok := element.(*ast.CompositeLit); ok && len(field.Elts) > 0 {
			names = append(names, text(field.Elts[0], nil))
		}
	}
	return names
}

// TestChecksAreExplained wants the reasons of the checks in a table of 20 rows, in the order in which they are checked.
func TestChecksAreExplained(t *testing.T) {
	page := section(t, read(t, certgate), "## When a Secret is usable")
	var checks []string
	for _, pkg := range packages(t, "pkg/tlsready") {
		constants := pkg.constants()
		pkg.each(func(n ast.Node) {
			if block, ok := n.(*ast.GenDecl); ok && strings.Contains(block.Doc.Text(), "in the order in which they are checked") {
				for _, spec := range block.Specs {
					checks = append(checks, constants[spec.(*ast.ValueSpec).Names[0].Name].value)
				}
			}
		})
	}
	checks = slices.DeleteFunc(checks, func(reason string) bool { return reason == string(tlsready.Ready) })
	var explained []string
	rows := regexp.MustCompile("(?m)^\\| \\d+ \\| (`[^|]*`) \\|").FindAllStringSubmatch(page, -1)
	for _, cells := range rows {
		explained = append(explained, strings.Split(strings.ReplaceAll(cells[1], "`", ""), ", ")...)
	}
	if len(rows) != 20 || !slices.Equal(checks, explained) {
		t.Errorf("%s has %d checks with the reasons %q, the code checks %q", certgate, len(rows), explained, checks)
	}
}

func TestSourcesAreThoseShipped(t *testing.T) {
	cells := row(section(t, read(t, certgate), "## Where the gate looks"), "set in")
	for file, want := range map[string]string{"config/scheduler/beside.yaml": config.SourcePodCondition, "config/scheduler/replace.yaml": config.SourceSecrets} {
		column := 1 + slices.Index([]string{config.SourcePodCondition, config.SourceSecrets}, want)
		if len(cells) != 3 || !strings.Contains(cells[column], "`"+file+"`") {
			t.Errorf("%s does not say that %s sets %s: %q", certgate, file, want, cells)
		}
		for _, profile := range load(t, read(t, file)) {
			i := slices.IndexFunc(profile.PluginConfig, func(c schedconfig.PluginConfig) bool { return c.Name == "CertGate" })
			if i < 0 {
				continue // profile default-scheduler
			}
			if got := profile.PluginConfig[i].Args.(*config.CertGateArgs).Source; profile.SchedulerName == "tollgate" && got != want {
				t.Errorf("%s says that %s sets %s, it is %s", certgate, file, want, got)
			}
		}
	}
}
