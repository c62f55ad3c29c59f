// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"go/ast"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/tollgate-dev/tollgate/pkg/cli"
)

const (
	plugin = "docs/kubectl-tollgate.md"
	// commonFlags is the heading of flags that the commands named in it share.
	commonFlags = "## Flags of nodes and explain"
)

// commands returns the commands of the plugin that help lists.
func commands(t *testing.T) []*cobra.Command {
	t.Helper()
	root := cli.NewCommand(cli.Env{IOStreams: genericiooptions.NewTestIOStreamsDiscard(), Name: "kubectl-tollgate"})
	var all []*cobra.Command
	var add func(*cobra.Command)
	add = func(parent *cobra.Command) {
		for _, c := range parent.Commands() {
			if c.IsAvailableCommand() {
				all = append(all, c)
				add(c)
			}
		}
	}
	add(root)
	if len(all) < 3 {
		t.Fatalf("found only %d commands", len(all))
	}
	return all
}

// flags returns the flags that the command's help lists, but for --help.
func flags(c *cobra.Command) []*pflag.Flag {
	var all []*pflag.Flag
	c.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "help" {
			all = append(all, f)
		}
	})
	return all
}

// TestCommandsAreExplained wants a row and a section for each command, and in
// that section, or in that of common flags if it is about the command, each of
// its flags, and the default that it has.
func TestCommandsAreExplained(t *testing.T) {
	page := read(t, plugin)
	common := section(t, page, commonFlags)
	for _, c := range commands(t) {
		if !slices.ContainsFunc(prose(page), func(line string) bool { return strings.HasPrefix(line, "| `"+c.CommandPath()) }) {
			t.Errorf("command %q has no row in %s", c.CommandPath(), plugin)
		}
		_, path, _ := strings.Cut(c.CommandPath(), "tollgate ")
		own := section(t, page, strings.Repeat("#", 2+strings.Count(path, " "))+" "+path)
		for _, f := range flags(c) {
			shared := strings.Contains(commonFlags, " "+path) && isFlagOf(common, f)
			if !isFlagOf(own, f) && !shared {
				t.Errorf("flag --%s of %q has no row of its own in %s", f.Name, c.CommandPath(), plugin)
			}
			cells := row(own, flagCell(f))
			if cells == nil {
				continue
			}
			if want := defaultCell(f); len(cells) == 3 && cells[1] != want {
				t.Errorf("%s: the default of --%s is given as %q, it is %q", plugin, f.Name, cells[1], want)
			}
		}
	}
}

// isFlagOf reports whether the flag begins a table row, alone or among others.
func isFlagOf(text string, f *pflag.Flag) bool {
	return slices.ContainsFunc(prose(text), func(line string) bool {
		cell, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		return strings.HasPrefix(line, "| `-") && strings.Contains(cell, flagCell(f))
	})
}

// flagCell is how tables name a flag.
func flagCell(f *pflag.Flag) string {
	if f.Shorthand != "" {
		return "`--" + f.Name + "` (`-" + f.Shorthand + "`)"
	}
	return "`--" + f.Name + "`"
}

func defaultCell(f *pflag.Flag) string {
	if slices.Contains([]string{"", "[]", "0", "0s", "false"}, f.DefValue) {
		return ""
	}
	return "`" + strings.Trim(f.DefValue, "[]") + "`"
}

var (
	flagRow  = regexp.MustCompile("(?m)^\\| (`-[^|]*)\\|")
	flagName = regexp.MustCompile("`--([a-z0-9-]+)`")
)

func TestExplainedFlagsExist(t *testing.T) {
	known := map[string]bool{}
	for _, c := range commands(t) {
		for _, f := range flags(c) {
			known[f.Name] = true
		}
	}
	found := 0
	for _, cell := range flagRow.FindAllStringSubmatch(read(t, plugin), -1) {
		for _, name := range flagName.FindAllStringSubmatch(cell[1], -1) {
			found++
			if !known[name[1]] {
				t.Errorf("%s describes flag --%s, which no command has", plugin, name[1])
			}
		}
	}
	if found < 8 {
		t.Errorf("found only %d flags in the tables of %s", found, plugin)
	}
}

// TestOutputFieldsAreExplained wants every JSON field of the commands' reports
// in a table, as `field`, `.field` or `parent.field`.
func TestOutputFieldsAreExplained(t *testing.T) {
	page := read(t, plugin)
	found := 0
	for _, pkg := range packages(t, "pkg/cli") {
		pkg.each(func(n ast.Node) {
			field, ok := n.(*ast.Field)
			if !ok || field.Tag == nil {
				return
			}
			tag, err := strconv.Unquote(field.Tag.Value)
			if err != nil {
				t.Fatalf("reading a field's tag: %v", err)
			}
			name, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
			if name == "" || name == "-" {
				return
			}
			found++
			if !isPartOfField(page, name) {
				t.Errorf("field %q of %s is not in %s", name, pkg.dir, plugin)
			}
		})
	}
	if found < 30 {
		t.Errorf("found only %d fields", found)
	}
}

// isPartOfField reports whether something in backticks names the field, as in
// `name`, `.name`, `name[].other` and `parent.name`.
func isPartOfField(page, name string) bool {
	return regexp.MustCompile("`(?:[A-Za-z0-9.\\[\\]]*\\.)?" + regexp.QuoteMeta(name) + "(?:[.\\[][A-Za-z0-9.\\[\\]]*)?`").MatchString(page)
}
