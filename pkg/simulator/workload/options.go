// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"
	"time"
)

// DefaultHorizon is for how long a cluster is simulated.
const DefaultHorizon = 24 * time.Hour

// Options says what a dump of a cluster does not: what happens next. Traces do
// not use them.
type Options struct {
	// Start is when the simulation begins; zero for the newest time in the dump.
	Start time.Time
	// Horizon is for how long it goes on; 0 for DefaultHorizon.
	Horizon time.Duration
	// Restarts is how often each bound pod with a controller is created anew
	// within the horizon; 0 for once, below 0 for never.
	Restarts int
	// Seed decides when.
	Seed uint64
}

// withDefaults returns o with defaults in place of zeros, or an error.
func (o Options) withDefaults() (Options, error) {
	if o.Horizon == 0 {
		o.Horizon = DefaultHorizon
	}
	if o.Restarts == 0 {
		o.Restarts = 1
	}
	o.Restarts = max(0, o.Restarts)
	if o.Horizon < time.Second || o.Horizon > seconds(maxSeconds) {
		return o, fmt.Errorf("the horizon is %s; want 1s to 100 years", o.Horizon)
	}
	if int64(o.Restarts) >= int64(o.Horizon/time.Second) {
		return o, fmt.Errorf("restarts is %d; a horizon of %s has room for %d", o.Restarts, o.Horizon, int64(o.Horizon/time.Second)-1)
	}
	return o, nil
}
