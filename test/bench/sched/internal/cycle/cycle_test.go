// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cycle

import (
	"os"
	"testing"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"

	"github.com/tollgate-dev/tollgate/test/perf/fleet"
	"github.com/tollgate-dev/tollgate/test/perf/policy"
)

const shipped = "../../../../../" + policy.Shipped

func TestMain(m *testing.M) {
	klog.SetLogger(logr.Discard()) // schedulers tell which default plugins are configured
	os.Exit(m.Run())
}

func policies(t *testing.T) []Policy {
	t.Helper()
	var out []Policy
	for _, name := range policy.Names() {
		config, err := policy.Config(name, shipped)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, Policy{Name: name, Config: config})
	}
	return out
}

func TestMeasure(t *testing.T) {
	for _, cell := range []Cell{
		{Fleet: Basic, Nodes: 60, Workload: fleet.Plain},
		{Fleet: Mixed, Nodes: 60, Workload: fleet.Plain, Held: 20},
		{Fleet: Mixed, Nodes: 60, Workload: fleet.Plain, Shapes: 50},
		{Fleet: Mixed, Nodes: 200, Workload: fleet.NodeAffinity},
		{Fleet: Mixed, Nodes: 200, Workload: fleet.PodAntiAffinity},
		{Fleet: Mixed, Nodes: 200, Workload: fleet.TopologySpread},
		{Fleet: Mixed, Nodes: 200, Workload: fleet.Volumes},
		{Fleet: Uneven, Nodes: 60, Workload: fleet.Plain},
	} {
		t.Run(cell.Name(), func(t *testing.T) {
			measured, err := Measure(t.Context(), cell, policies(t), Options{MinRounds: 2})
			if err != nil {
				t.Fatal(err)
			}
			for i, m := range measured {
				if m.Policy != policy.Names()[i] || len(m.Samples) != 2 {
					t.Fatalf("%d samples of policy %s", len(m.Samples), m.Policy)
				}
				for _, s := range m.Samples {
					if s.Placements == 0 || len(s.Algorithm) != s.Placements || s.Cycle <= 0 || s.Events <= 0 || s.Allocs == 0 || s.Evaluated < s.Placements {
						t.Errorf("%s: %+v", m.Policy, s)
					}
				}
				if judged := m.Judged; cell.Workload == fleet.Plain && (judged.Placements < judgedPlacements || judged.Excess < 0) {
					t.Errorf("%s: %+v", m.Policy, judged)
				}
			}
			if ours := measured[2].Judged; ours.Cheapest != ours.Placements {
				t.Errorf("%d of %d pods of Tollgate's are on the cheapest node", ours.Cheapest, ours.Placements)
			}
		})
	}
}

// A pod that fits on no node is counted and deleted, and the queue is empty for the next batch.
func TestUnplaced(t *testing.T) {
	c, err := NewCluster(t.Context(), policies(t)[0].Config)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Load(&fleet.Fleet{Nodes: fleet.BasicNodes(3)}); err != nil {
		t.Fatal(err)
	}
	giant := fleet.NewPod("giant", fleet.Shape{MilliCPU: 5000, Memory: 1})
	bound, s, err := c.Place(t.Context(), []*corev1.Pod{fleet.NewPod("a", fleet.Basic), giant, fleet.NewPod("b", fleet.Basic)})
	if err != nil || s.Unplaced != 1 || bound[0] == nil || bound[1] != nil || bound[2] == nil {
		t.Fatalf("bound %v, sample %+v, error %v", bound, s, err)
	}
	if _, s, err := c.Place(t.Context(), []*corev1.Pod{fleet.NewPod("c", fleet.Basic)}); err != nil || s.Unplaced != 0 {
		t.Errorf("the next batch: sample %+v, error %v", s, err)
	}
	if err := checkPlaced([]Measured{{Samples: []Sample{{Placements: 3, Unplaced: 1}}}}); err == nil {
		t.Error("a third of the pods without a node is enough to measure")
	}
}

// Pods that wait for something else are not in the way, and one that is held is not taken for one that is queued.
func TestHeld(t *testing.T) {
	for i, p := range policies(t) {
		c, err := NewCluster(t.Context(), p.Config)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Add(fleet.HeldPods(3, p.Name == policy.Tollgate)); err != nil {
			t.Fatal(err)
		}
		if ready, held := c.Waiting(); ready != 0 || held != 3 {
			t.Errorf("policy %d: %d pods are ready, %d held", i, ready, held)
		}
		late := fleet.NewPod("late", fleet.Basic)
		late.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "example.com/wait"}}
		if _, _, err := c.Place(t.Context(), []*corev1.Pod{late}); err == nil {
			t.Error("a pod that is held was placed")
		}
	}
}
