// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package bound

import (
	"fmt"
	"slices"

	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// Matches checks that the data of a certificate are those of a workload and
// pools: with Verify, that the bound is about them. nodePools is
// Options.NodePools, for workloads with nodes of their own. The caller compares
// World with what is assumed.
func Matches(c *Certificate, w *workload.Workload, pools []pool.Pool, nodePools ...int) error {
	want, err := describe(w, pools, nodePools)
	if err != nil {
		return err
	}
	fail := func(what string) error {
		return fmt.Errorf("comparing certificate: its %s are not those of workload %q and the pools; compute it anew", what, w.Name)
	}
	switch {
	case c.Format != want.Format || c.Workload != want.Workload:
		return fail("format or name")
	case !slices.Equal(c.Resources, want.Resources):
		return fail("resources")
	case !slices.EqualFunc(c.Pools, want.Pools, func(a, b Pool) bool {
		return a.Name == b.Name && a.Price == b.Price && a.MaxNodes == b.MaxNodes && a.Prepaid == b.Prepaid && slices.Equal(a.Allocatable, b.Allocatable)
	}):
		return fail("pools")
	case !slices.EqualFunc(c.Classes, want.Classes, func(a, b Class) bool {
		return slices.Equal(a.Requests, b.Requests) && slices.Equal(a.Pools, b.Pools) && slices.Equal(a.Pods, b.Pods)
	}):
		return fail("pods")
	}
	return nil
}
