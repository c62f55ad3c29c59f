// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
)

// allProfiles stands for all built-in profiles.
const allProfiles = "all"

// loadProfiles returns the profiles of --profile, each once.
func (o *simulateOptions) loadProfiles() ([]*profiles.Profile, error) {
	var all []*profiles.Profile
	for _, name := range o.profiles {
		names := []string{name}
		if name == allProfiles {
			names = profiles.Names()
		}
		for _, name := range names {
			p, err := loadProfile(name)
			if err != nil {
				return nil, err
			}
			if !slices.ContainsFunc(all, func(have *profiles.Profile) bool { return have.Name == p.Name }) {
				all = append(all, p)
			}
		}
	}
	if len(all) == 0 {
		return nil, ui.WithHint(fmt.Errorf("--profile is empty"), "built-in profiles are %s", strings.Join(profiles.Names(), ", "))
	}
	return all, nil
}

// loadProfile takes for a file what looks like one, or is there.
func loadProfile(name string) (*profiles.Profile, error) {
	path, _, _ := strings.Cut(name, "#")
	_, err := os.Stat(path)
	isFile := !isBuiltIn(name) && (err == nil || strings.ContainsAny(name, `/\.#`))
	if isFile {
		p, err := profiles.Load(name, "")
		return p, ui.WithHint(err, "--profile is a KubeSchedulerConfiguration file that kube-scheduler accepts, with #schedulerName if it has several profiles, or a built-in profile: %s", strings.Join(profiles.Names(), ", "))
	}
	p, err := profiles.Named(name)
	return p, ui.WithHint(err, "--profile is a built-in profile, %s for all of them, or FILE[#schedulerName]", allProfiles)
}

// baseline returns the index of the profile that others are compared with, and
// what its column is called: MostAllocated if it is among them, else the first.
func baseline(all []*profiles.Profile) (int, string) {
	for i, p := range all {
		if p.Name == profiles.MostAllocated {
			return i, "MOSTALLOCATED"
		}
	}
	if isBuiltIn(all[0].Name) {
		return 0, strings.ToUpper(all[0].Name)
	}
	return 0, "FIRST"
}

func isBuiltIn(name string) bool { return slices.Contains(profiles.Names(), name) }
