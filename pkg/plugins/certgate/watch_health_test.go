// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"context"
	"errors"
	"testing"

	"k8s.io/component-base/metrics"
)

type watchStatus struct{ err error }

func (s *watchStatus) Status() error { return s.err }

func TestWatchHealth(t *testing.T) {
	h := &watchHealth{sources: map[watched]struct{}{}}
	registry := metrics.NewKubeRegistry()
	registry.CustomMustRegister(h)
	expect := func(when string, want ...float64) {
		t.Helper()
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		if len(families) != len(want) || len(want) == 1 && families[0].GetMetric()[0].GetGauge().GetValue() != want[0] {
			t.Errorf("%s: %v, want %v", when, families, want)
		}
	}
	expect("nothing is watched")
	good, bad := &watchStatus{}, &watchStatus{errors.New("forbidden")}
	h.add(t.Context(), good)
	expect("one profile", 1)
	ctx, cancel := context.WithCancel(t.Context())
	h.add(ctx, bad)
	expect("another profile may not watch", 0)
	bad.err = nil
	expect("it may", 1)
	cancel()
}
