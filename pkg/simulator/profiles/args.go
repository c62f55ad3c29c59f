// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package profiles

import (
	tollgateconfig "github.com/tollgate-dev/tollgate/pkg/apis/config"
)

// WithCostScore returns a copy of the profile in which f has changed the
// arguments of CostScore. A profile without CostScore is copied as it is.
func (p *Profile) WithCostScore(f func(*tollgateconfig.CostScoreArgs)) *Profile {
	changed := &Profile{Name: p.Name, Config: p.Config.DeepCopy(), LeftOut: p.LeftOut}
	for i := range changed.Config.Profiles {
		for _, c := range changed.Config.Profiles[i].PluginConfig {
			if args, ok := c.Args.(*tollgateconfig.CostScoreArgs); ok {
				f(args)
			}
		}
	}
	return changed
}
