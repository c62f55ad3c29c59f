// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/simulator"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// onNode lets a pod run on a node from the beginning.
func onNode(p workload.Pod, node string) workload.Pod {
	p.Object.Spec.NodeName = node
	p.Object.OwnerReferences = []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "web", Controller: new(bool)}}
	return p
}

func mirror(p workload.Pod, node string) workload.Pod {
	p.Object.Spec.NodeName = node
	p.Object.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "hash"}
	return p
}

// newCluster begins with nodes of small, which have 4 cores and cost $3.60/h.
func newCluster(nodes []string, pods ...workload.Pod) *simulator.Config {
	small := newPool("small", 4, 16, 3.6)
	config := &simulator.Config{
		Workload: newWorkload(pods...), Pools: []pool.Pool{small}, NewPlacer: byPacking,
		Autoscaler: simulator.Autoscaler{ScaleUp: simulator.CheapestFit},
	}
	for _, name := range nodes {
		node := small.Template.DeepCopy()
		node.Name = name
		config.Workload.Nodes = append(config.Workload.Nodes, node)
		config.NodePools = append(config.NodePools, 0)
	}
	return config
}

func TestStaticPodsKeepNoNode(t *testing.T) {
	// The node's pod ends at 100 s, so it is removed at 700 s, static pod or not.
	config := newCluster([]string{"n"}, onNode(newPod(0, 1, 1, 0, 100), "n"), mirror(newPod(1, 1, 1, 0, 5000), "n"))
	for _, consolidation := range []bool{false, true} {
		config.Autoscaler.Consolidation = consolidation
		if r := run(t, config); math.Abs(r.Dollars-0.7) > 1e-9 || r.Evictions != 0 {
			t.Errorf("consolidation %v: dollars %v, evictions %d; want 0.7, 0", consolidation, r.Dollars, r.Evictions)
		}
	}
	// Each is used by a third of what its static pod leaves: one is emptied, at
	// 600 s, and the static pod goes with it. The other is empty at 2000 s.
	config = newCluster([]string{"n", "o"},
		onNode(newPod(0, 1, 1, 0, 2000), "n"), mirror(newPod(1, 1, 1, 0, 5000), "n"),
		onNode(newPod(2, 1, 1, 0, 2000), "o"), mirror(newPod(3, 1, 1, 0, 5000), "o"),
	)
	config.Autoscaler.Consolidation = true
	if r := run(t, config); math.Abs(r.Dollars-0.6-2.6) > 1e-9 || r.Evictions != 1 || r.UnschedulableCount != 0 {
		t.Errorf("dollars %v, evictions %d; want 3.2, 1", r.Dollars, r.Evictions)
	}
	// A static pod takes room as long as its node is there.
	config = newCluster([]string{"n"}, onNode(newPod(0, 1, 1, 0, 1000), "n"), mirror(newPod(1, 1, 1, 0, 5000), "n"), newPod(2, 3, 1, 50, 100))
	if r := run(t, config); r.NodesBought != 1 {
		t.Errorf("bought %d nodes, want 1: the static pod leaves room for two cores", r.NodesBought)
	}
	// When it ends, at the horizon, its room is free.
	config = newCluster([]string{"n"}, onNode(newPod(0, 1, 1, 0, 1000), "n"), mirror(newPod(1, 1, 1, 0, 52), "n"), newPod(2, 3, 1, 50, 100))
	if r := run(t, config); r.NodesBought != 0 || r.WaitMax != 2*time.Second {
		t.Errorf("bought %d nodes after %v, want none after 2s", r.NodesBought, r.WaitMax)
	}
}

// What is evicted off the node that it was bound to is not bound to it any more.
func TestEvictedPodsGoAnywhere(t *testing.T) {
	s, newPlacer := newStrict(func(_ *strict, p *corev1.Pod, n *corev1.Node) bool {
		return p.Spec.NodeName == "" || p.Spec.NodeName == n.Name // as plugin NodeName
	})
	config := newCluster([]string{"n", "o"}, onNode(newPod(0, 1, 1, 0, 2000), "n"), onNode(newPod(1, 1, 1, 0, 2000), "o"))
	config.NewPlacer = newPlacer
	config.Autoscaler.Consolidation = true
	r := run(t, config)
	if !slices.Equal(s.placed, []string{"pod-0@"}) || r.UnschedulableCount != 0 || r.DelayMax != 0 {
		t.Errorf("placed %v, %d in vain, delay %v; want pod-0 once, at once", s.placed, r.UnschedulableCount, r.DelayMax)
	}
}

func TestNamesOfNodesAreUnique(t *testing.T) {
	r := run(t, newCluster([]string{"small-1", "small-2"}, onNode(newPod(0, 4, 1, 0, 900), "small-1"), onNode(newPod(1, 4, 1, 0, 900), "small-2"), newPod(2, 2, 1, 0, 900)))
	if r.NodesBought != 1 || r.PeakNodes != 3 || r.Placements != 1 {
		t.Errorf("bought %d nodes, %d at once, %d placements; want 1, 3, 1", r.NodesBought, r.PeakNodes, r.Placements)
	}
}

// A pod that only a node of the beginning could hold, which is gone by then.
func TestRunEndsWithPodsThatNothingIsLeftFor(t *testing.T) {
	config := newCluster([]string{"n"}, newPod(0, 8, 1, 5000, 100))
	large := resources(16, 64, 0)
	large[corev1.ResourcePods] = config.Pools[0].Template.Status.Allocatable[corev1.ResourcePods]
	config.Workload.Nodes[0].Status.Allocatable = large
	r := run(t, config)
	if r.UnschedulableCount != 1 || !strings.Contains(r.Unschedulable[0], "no pool admits it") {
		t.Errorf("unschedulable: %v; want pod-0, since no pool admits it", r.Unschedulable)
	}
}

func TestRunRefusesPriceChanges(t *testing.T) {
	for name, change := range map[string]simulator.PriceChange{
		"no such pool":    {Pool: 1, Price: 1},
		"no price":        {Pool: 0},
		"before it began": {At: -1, Price: 1},
	} {
		config := newCluster(nil, newPod(0, 1, 1, 0, 100))
		config.PriceChanges = []simulator.PriceChange{change}
		if _, err := simulator.Run(t.Context(), config); err == nil {
			t.Errorf("%s: no error, want one", name)
		}
	}
}
