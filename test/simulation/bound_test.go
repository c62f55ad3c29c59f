// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulation_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate-dev/tollgate/pkg/simulator"
	"github.com/tollgate-dev/tollgate/pkg/simulator/bound"
	"github.com/tollgate-dev/tollgate/pkg/simulator/experiment"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
)

func checkEqual(t *testing.T, first, second *simulator.Result) {
	t.Helper()
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("two runs of the same configuration differ (-first, +second):\n%s", diff)
	}
}

// No policy costs less than what is proved that none can.
func TestNoPolicyBeatsTheBound(t *testing.T) {
	for _, world := range []string{
		plain, "aws/least-waste-consolidation/on-demand", "aws/cheapest-fit-consolidation/half-spot",
		"aws/cheapest-fit-consolidation/prepaid", "azure/cheapest-fit/node-fee",
	} {
		t.Run(world, func(t *testing.T) {
			s := newSetting(t, world, 2, 1)
			var results []*simulator.Result
			for _, policy := range profiles.Names() {
				results = append(results, run(t, s, policy, options{}).Result)
			}
			c, err := s.Bound(t.Context(), experiment.LongestDelay(results...))
			must(t, err)
			least := results[0].Dollars
			for i, r := range results {
				least = min(least, r.Dollars)
				if r.Dollars < c.Dollars() {
					t.Errorf("%s costs %v, below the bound of %v", profiles.Names()[i], r.Dollars, c.Dollars())
				}
			}
			t.Logf("bound %.2f (%.2f if nothing is assumed), cheapest policy %.2f, %.3f times the bound",
				c.Dollars(), c.DollarsAssuming(bound.AssumesNothing), least, least/c.Dollars())
			if least > 3*c.Dollars() {
				t.Errorf("the bound of %v says little about bills of %v and more", c.Dollars(), least)
			}
		})
	}
}
