// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/scheduler/framework"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
)

func TestScoreAllocatesNothing(t *testing.T) {
	for _, strategy := range config.Strategies {
		t.Run(strategy, func(t *testing.T) {
			testScoreAllocatesNothing(t, func(args *config.CostScoreArgs) { args.Strategy = strategy })
		})
	}
}

func testScoreAllocatesNothing(t *testing.T, strategy func(*config.CostScoreArgs)) {
	ctx := context.Background()
	n := node("n", "0.10", capacity(resources{"cpu": "8", "memory": "32Gi", "pods": "110", "example.com/gpu": "1"}))
	c := newCluster(t, []*v1.Node{n}, []*v1.Pod{on("n", "a", time.Hour), ofDaemonSet(pod("b").Node("n").Req(resources{"cpu": "1", "example.com/gpu": "1"}).Obj())}, strategy)
	all, err := c.snapshot.List()
	if err != nil {
		t.Fatal(err)
	}
	p, state := pod("p").Obj(), framework.NewCycleState()
	if status := c.plugin.PreScore(ctx, state, p, all); !status.IsSuccess() {
		t.Fatalf("PreScore: %v", status.AsError())
	}
	s, err := c.plugin.readPreScoreState(state, p)
	if err != nil {
		t.Fatal(err)
	}

	wantAllocs(t, "price", 0, func() { c.plugin.nodes.price(n) })
	wantAllocs(t, "podFacts", 0, func() { c.plugin.podFacts.of(all[0]) })
	wantAllocs(t, "cost", 0, func() { c.plugin.cost(s, c.plugin.nodes.price(n), all[0]) })
	wantAllocs(t, "Score", 0, func() { _, _ = c.plugin.Score(ctx, state, p, all[0]) })
}

func wantAllocs(t *testing.T, what string, want float64, f func()) {
	t.Helper()
	if got := testing.AllocsPerRun(100, f); got > want {
		t.Errorf("%s allocates %v times, want %v", what, got, want)
	}
}
