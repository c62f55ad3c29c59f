// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package list shows people which providers there are, and what settings each
// of them takes.
package list

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/tollgate-dev/tollgate/plugins/dns01-lego/internal/catalog"
)

// All writes a table of all providers with their credentials.
func All(w io.Writer, c *catalog.Catalog) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PROVIDER\tNAME\tCREDENTIALS")
	for _, p := range c.Providers {
		var keys []string
		for _, s := range p.Settings {
			if s.Credential && s.File != catalog.FileRefused {
				keys = append(keys, s.Key)
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", p.Name, p.Title, strings.Join(keys, ", "))
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}

// One writes a table of one provider's settings.
func One(w io.Writer, p catalog.Provider) error {
	fmt.Fprintf(w, "%s (%s)", p.Name, p.Title)
	if len(p.Aliases) > 0 {
		fmt.Fprintf(w, ", also called %s", strings.Join(p.Aliases, ", "))
	}
	fmt.Fprintf(w, "\n%s\n\n", p.URL)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SETTING\tKIND\tDESCRIPTION")
	for _, s := range p.Settings {
		fmt.Fprintf(t, "%s\t%s\t%s\n", s.Key, kind(s), s.Description)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}

// kind says where in the configuration the setting goes.
func kind(s catalog.Setting) string {
	switch {
	case s.File == catalog.FileRefused:
		return "refused"
	case s.File == catalog.FileContent:
		return "file content"
	case s.Credential:
		return "credential"
	}
	return "optional"
}

// JSON writes v, a catalog or a provider, indented.
func JSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return nil
}
