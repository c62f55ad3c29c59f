// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cycle

import (
	"context"
	"fmt"
	"runtime"
	"time"
)

// footprintRounds are placed before the memory is looked at, so that every plugin has what it keeps.
const footprintRounds = 10

// Footprint makes the cluster of one policy, places some pods, and calls look while all of it is in memory. A process that
// does nothing else is as large as a scheduler is.
func Footprint(ctx context.Context, cell Cell, p Policy, look func() error) error {
	f, err := cell.newFleet(time.Now())
	if err != nil {
		return err
	}
	r, err := newRunner(ctx, cell, f, p.Name, p.Config)
	if err != nil {
		return fmt.Errorf("%s: %w", cell.Name(), err)
	}
	defer r.cluster.Close()
	for range footprintRounds {
		if _, err := r.round(ctx); err != nil {
			return fmt.Errorf("%s: %w", cell.Name(), err)
		}
	}
	err = look()
	runtime.KeepAlive(f)
	return err
}
