// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/plugins/dns01-lego/internal/catalog"
)

// Check returns the environment that the provider may get: the settings and
// the provider's fixed values. It fails, with the first fault in the order of
// the keys, when a setting
//   - is not one that the provider declares,
//   - names a file: lego would read it, and send its content to a server that
//     the author of the configuration chose,
//   - leaves credentials to be found in the surroundings.
//
// Settings that name a file are in neither: [Config.Files] gives their content.
func Check(p catalog.Provider, c *Config) (map[string]string, error) {
	env := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(c.Settings)) {
		if err := checkSetting(p, key); err != nil {
			return nil, err
		}
		if strings.TrimSpace(c.Settings[key]) == "" {
			return nil, fmt.Errorf("setting %s is empty; give it a value or leave it out", key)
		}
		env[key] = c.Settings[key]
	}
	for _, key := range slices.Sorted(maps.Keys(c.Files)) {
		s, ok := p.Setting(key)
		if !ok {
			return nil, undeclared(p, key)
		}
		if s.File != catalog.FileContent {
			return nil, fmt.Errorf("files.%s: this setting takes no file", key)
		}
	}
	if err := rules[p.Name].apply(p.Name, env, c.Files); err != nil {
		return nil, err
	}
	return env, nil
}

func checkSetting(p catalog.Provider, key string) error {
	s, ok := p.Setting(key)
	if ok && s.File == catalog.FileContent {
		return fmt.Errorf("setting %s names a file, which plugins may not read; put the content of the file under files.%s", key, key)
	}
	if strings.HasSuffix(key, "_FILE") || s.File == catalog.FileRefused {
		return fmt.Errorf("setting %s names a file or a profile of files, which plugins may not read; give the values themselves", key)
	}
	if !ok {
		return undeclared(p, key)
	}
	return nil
}

func undeclared(p catalog.Provider, key string) error {
	if near := catalog.Nearest(key, p.Keys()); near != "" {
		return fmt.Errorf("provider %s has no setting %s; did you mean %s?", p.Name, key, near)
	}
	return fmt.Errorf("provider %s has no setting %s; `dns01-lego list %s` shows all", p.Name, key, p.Name)
}
