// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/tollgate-dev/tollgate/plugins/dns01-lego/internal/catalog"
)

// metadata is what a provider's .toml says about it.
type metadata struct {
	Name, URL, Code string
	Aliases         []string
	Configuration   map[string]map[string]string
}

// variable is the form of a setting's name.
var variable = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

// read lists the providers below dir.
func read(dir, version string) (*catalog.Catalog, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("listing lego's providers: %w", err)
	}
	c := &catalog.Catalog{Lego: version}
	var faults []error
	for _, e := range entries {
		if !e.IsDir() || e.Name() == "internal" {
			continue
		}
		if reason, ok := excluded[e.Name()]; ok {
			c.Excluded = append(c.Excluded, catalog.Excluded{Name: e.Name(), Reason: reason})
			continue
		}
		p, err := provider(filepath.Join(dir, e.Name()))
		if err != nil {
			faults = append(faults, err)
			continue
		}
		c.Providers = append(c.Providers, p)
	}
	if len(c.Excluded) != len(excluded) {
		faults = append(faults, errors.New("excluded in gen/reviewed.go names a provider that lego does not have"))
	}
	return c, errors.Join(faults...)
}

func provider(dir string) (catalog.Provider, error) {
	name := filepath.Base(dir)
	if err := review(dir); err != nil {
		return catalog.Provider{}, err
	}
	var m metadata
	if _, err := toml.DecodeFile(filepath.Join(dir, name+".toml"), &m); err != nil {
		return catalog.Provider{}, fmt.Errorf("reading the metadata of %s: %w", name, err)
	}
	if m.Code != name {
		return catalog.Provider{}, fmt.Errorf("the metadata of %s calls it %q", name, m.Code)
	}
	p := catalog.Provider{Name: name, Title: m.Name, URL: m.URL, Aliases: m.Aliases}
	for _, section := range slices.Sorted(maps.Keys(m.Configuration)) {
		for key, description := range m.Configuration[section] {
			if !variable.MatchString(key) {
				continue // a remark, such as gcloud's "Application Default Credentials"
			}
			s := catalog.Setting{Key: key, Description: oneLine(description), Credential: section == "Credentials"}
			if err := file(&s); err != nil {
				return p, fmt.Errorf("%s: %w", name, err)
			}
			p.Settings = append(p.Settings, s)
		}
	}
	p.Settings = append(p.Settings, undeclared[name]...)
	slices.SortFunc(p.Settings, func(a, b catalog.Setting) int {
		return cmp.Or(rank(a)-rank(b), strings.Compare(a.Key, b.Key))
	})
	return p, nil
}

// rank puts credentials first.
func rank(s catalog.Setting) int {
	if s.Credential {
		return 0
	}
	return 1
}

// file says how the setting's file can be used, if it names one.
func file(s *catalog.Setting) error {
	verdict, ok := fileSettings[s.Key]
	if !ok && (fileKey.MatchString(s.Key) || fileWords.MatchString(s.Description)) {
		return fmt.Errorf("the setting %s (%s) may name a file; read the provider and decide in fileSettings of gen/reviewed.go", s.Key, s.Description)
	}
	s.File = verdict
	return nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
