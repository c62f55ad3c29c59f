// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tollgate-dev/tollgate/pkg/simulator"
	"github.com/tollgate-dev/tollgate/pkg/simulator/bound"
)

// LongestDelay is what a bound has to allow for so that it holds for all of the
// results: the longest time by which any pod ended later than without waits.
func LongestDelay(results ...*simulator.Result) time.Duration {
	longest := time.Duration(0)
	for _, r := range results {
		longest = max(longest, r.DelayMax)
	}
	return longest
}

// Bound computes what no scheduler can cost less than in this setting, if no
// pod waits longer than maxWait in all: see LongestDelay.
func (s *Setting) Bound(ctx context.Context, maxWait time.Duration) (*bound.Certificate, error) {
	if len(s.PriceChanges) > 0 {
		return nil, errors.New("bounding cost: prices change while this runs, and the bound knows one price for each pool")
	}
	a := s.Autoscaler.WithDefaults()
	c, err := bound.Compute(ctx, s.Workload, s.Pools, bound.Options{
		NodePools: s.NodePools, MaxWait: max(maxWait, time.Second),
		Boot: a.BootTime, EmptyDelay: a.EmptyDelay, Evictions: a.Consolidation,
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Holds returns an error if the bound says nothing about the result, or if the
// result refutes it, which would be a fault of the bound.
func Holds(c *bound.Certificate, r *simulator.Result) error {
	return HoldsAt(c.Dollars(), time.Duration(c.World.MaxWait), r)
}

// HoldsAt is Holds for a bound of so many dollars where no pod waits longer than
// maxWait in all.
func HoldsAt(dollars float64, maxWait time.Duration, r *simulator.Result) error {
	switch {
	case r.UnschedulableCount > 0:
		return fmt.Errorf("comparing with the bound: %d pods were not scheduled, so less was done than the bound is for; the first is %s", r.UnschedulableCount, r.Unschedulable[0])
	case r.DelayMax > maxWait:
		return fmt.Errorf("comparing with the bound: a pod waited for %s, and the bound is for %s", r.DelayMax, maxWait)
	case r.Dollars < dollars*(1-1e-9):
		return fmt.Errorf("comparing with the bound: the bill of $%f is below the bound of $%f, which is therefore wrong", r.Dollars, dollars)
	default:
		return nil
	}
}
