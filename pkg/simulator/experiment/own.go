// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"slices"

	"github.com/tollgate-dev/tollgate/pkg/simulator"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// OnPools returns the setting of a trace on pools that somebody wrote down, see
// pool.ReadPools: so many copies of the trace, shifted by the seed, or the trace
// as it is for 0. Every pod declares its lifetime.
func OnPools(trace *workload.Workload, pools []pool.Pool, a simulator.Autoscaler, copies int, seed uint64) *Setting {
	own := *repeat(trace, copies, seed)
	own.Pods = slices.Clone(own.Pods)
	declareLifetimes(&own)
	return &Setting{Workload: &own, Pools: pools, Seed: seed, Args: pool.Args(pools, 0), Autoscaler: a.WithDefaults()}
}
