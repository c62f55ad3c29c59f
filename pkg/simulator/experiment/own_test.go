// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment_test

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/simulator"
	"github.com/tollgate-dev/tollgate/pkg/simulator/experiment"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

func TestPodsDeclareTheirLifetimes(t *testing.T) {
	for lifetime, want := range map[time.Duration]time.Duration{
		time.Millisecond: time.Second, 499 * time.Millisecond: time.Second, 1600 * time.Millisecond: 2 * time.Second, time.Hour: time.Hour,
	} {
		trace := &workload.Workload{Pods: []workload.Pod{{Object: &corev1.Pod{}, Lifetime: lifetime}}}
		own := experiment.OnPools(trace, nil, simulator.Autoscaler{}, 0, 1).Workload.Pods[0].Object
		if got, err := costmodel.LifetimeOf(own); err != nil || got != want {
			t.Errorf("a pod that runs for %s declares %s, %v; want %s", lifetime, got, err, want)
		}
		if len(trace.Pods[0].Object.Annotations) > 0 {
			t.Error("the trace was changed")
		}
	}
}
