// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package catalog knows lego's DNS providers by name: which settings each
// has, and which of these name files. It links no provider.
package catalog

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed zz_generated.catalog.json
var generated []byte

// Catalog is what the generator found in one version of lego.
type Catalog struct {
	// Lego is the version of lego, for example "v5.3.1".
	Lego string `json:"lego"`
	// Providers that this binary offers, by name.
	Providers []Provider `json:"providers"`
	// Excluded are lego's other providers, by name.
	Excluded []Excluded `json:"excluded"`
}

// Provider is one of lego's DNS providers.
type Provider struct {
	// Name is what the configuration calls it, for example "cloudflare".
	Name string `json:"name"`
	// Title is its name for people.
	Title string `json:"title"`
	// URL is its web site.
	URL string `json:"url,omitempty"`
	// Aliases are names of earlier versions of lego.
	Aliases []string `json:"aliases,omitempty"`
	// Settings in the order of their names, credentials first.
	Settings []Setting `json:"settings"`
}

// File says how a setting that names a file can be used.
type File string

const (
	// NoFile is a setting that names no file.
	NoFile File = ""
	// FileContent is a setting whose file may be given by content.
	FileContent File = "content"
	// FileRefused is a setting that cannot be used at all.
	FileRefused File = "refused"
)

// Setting is one environment variable of a provider.
type Setting struct {
	// Key is the name of the variable.
	Key string `json:"key"`
	// Description is lego's, on one line.
	Description string `json:"description,omitempty"`
	// Credential says that lego lists the setting under its credentials:
	// most of these are needed, some are alternatives to each other.
	Credential bool `json:"credential,omitempty"`
	// File says whether the setting names a file.
	File File `json:"file,omitempty"`
}

// Excluded is a provider that this binary does not offer.
type Excluded struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Load returns the catalog that was generated.
var Load = sync.OnceValue(func() *Catalog {
	c := &Catalog{}
	if err := json.Unmarshal(generated, c); err != nil {
		panic(fmt.Sprintf("zz_generated.catalog.json: %v", err)) // it is part of the binary
	}
	return c
})

// Lookup finds a provider by its name or an alias. The error names the
// nearest provider, or says why lego's provider of that name is left out.
func (c *Catalog) Lookup(name string) (Provider, error) {
	names := make([]string, 0, len(c.Providers))
	for _, p := range c.Providers {
		if p.Name == name || slices.Contains(p.Aliases, name) {
			return p, nil
		}
		names = append(names, p.Name)
	}
	for _, e := range c.Excluded {
		if e.Name == name {
			return Provider{}, fmt.Errorf("provider %q is not offered: %s", name, e.Reason)
		}
	}
	if near := Nearest(strings.ToLower(name), names); near != "" {
		return Provider{}, fmt.Errorf("there is no provider %q; did you mean %q?", name, near)
	}
	return Provider{}, fmt.Errorf("there is no provider %q; `dns01-lego list` shows all", name)
}

// Setting finds a setting by its key.
func (p Provider) Setting(key string) (Setting, bool) {
	for _, s := range p.Settings {
		if s.Key == key {
			return s, true
		}
	}
	return Setting{}, false
}

// Keys are the names of the settings that the provider takes, without those
// that are refused.
func (p Provider) Keys() []string {
	var keys []string
	for _, s := range p.Settings {
		if s.File != FileRefused {
			keys = append(keys, s.Key)
		}
	}
	return keys
}
