// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulation_test

import (
	"testing"

	"github.com/tollgate-dev/tollgate/pkg/simulator/experiment"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
)

// Eight copies of a whole trace, 65,000 pods: what make bench-cost runs, by
// policy.
//
//	go test ./test/simulation -run - -bench Run8Copies -benchtime 1x -cpu 1
func BenchmarkRun8Copies(b *testing.B) {
	trace, err := wholeTrace()
	must(b, err)
	world, err := pool.ParseWorld(plain)
	must(b, err)
	s, err := experiment.InWorld(trace, world, 8, 1)
	must(b, err)
	for _, policy := range profiles.Names() {
		b.Run(policy, func(b *testing.B) {
			pods, nodes := 0, 0
			for b.Loop() {
				r := run(b, s, policy, options{})
				pods += len(s.Workload.Pods)
				nodes = r.PeakNodes
			}
			b.ReportMetric(float64(pods)/b.Elapsed().Seconds(), "pods/s")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(pods), "ns/pod")
			b.ReportMetric(float64(nodes), "peak-nodes")
		})
	}
}
