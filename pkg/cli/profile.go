// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/apis/config/prices"
	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
)

// profileFlags choose the scheduler profile that is asked.
type profileFlags struct {
	config, profile string
}

func (f *profileFlags) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.config, "config", "", "KubeSchedulerConfiguration file of the scheduler (default: the profile that Tollgate ships)")
	cmd.Flags().StringVar(&f.profile, "profile", "", "profile of the --config file by schedulerName; without --config, one of the built-in profiles")
	complete(cmd, "profile", func(*cobra.Command) []string {
		if f.config != "" {
			return nil
		}
		return profiles.Names()
	})
}

// load returns the profile for those who only need to know what nodes cost.
// schedulerName is that of a pod, which decides where the file has several and
// the user does not say; it may be "".
func (f *profileFlags) load(schedulerName string) (*profiles.Profile, error) {
	return f.read(schedulerName, profiles.LoadPrices)
}

// loadKnown returns the profile without the plugins that this program has not.
func (f *profileFlags) loadKnown(schedulerName string) (*profiles.Profile, error) {
	return f.read(schedulerName, profiles.LoadKnown)
}

func (f *profileFlags) read(schedulerName string, load func(path, schedulerName string) (*profiles.Profile, error)) (*profiles.Profile, error) {
	if f.config == "" {
		name := f.profile
		if name == "" {
			name = profiles.DominantShare
		}
		p, err := profiles.Named(name)
		return p, ui.WithHint(err, "--profile without --config is a built-in profile; give the scheduler's file with --config for one of yours")
	}
	if f.profile == "" && schedulerName != "" {
		if p, err := load(f.config, schedulerName); err == nil {
			return p, nil
		}
	}
	p, err := load(f.config, f.profile)
	return p, ui.WithHint(err, "give the file that kube-scheduler gets as --config, and --profile if it has several profiles")
}

// priceOptions returns where the profile takes prices from. A profile without
// CostScore has none of its own: the defaults count.
func priceOptions(p *profiles.Profile) (pricing.Options, error) {
	args, err := costScoreArgs(p)
	if err != nil {
		return pricing.Options{}, err
	}
	o, err := prices.OptionsOf(args)
	if err != nil {
		return pricing.Options{}, fmt.Errorf("reading CostScoreArgs of profile %s: %w", p.Name, err)
	}
	return o, nil
}

func costScoreArgs(p *profiles.Profile) (*config.CostScoreArgs, error) {
	if args := argsOf(p); args != nil {
		return args, nil
	}
	shipped, err := profiles.Named(profiles.DominantShare)
	if err != nil {
		return nil, err
	}
	return argsOf(shipped), nil
}

func argsOf(p *profiles.Profile) *config.CostScoreArgs {
	for _, c := range p.Config.Profiles[0].PluginConfig {
		if args, ok := c.Args.(*config.CostScoreArgs); ok {
			return args
		}
	}
	return nil
}
