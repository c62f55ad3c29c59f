// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	st "k8s.io/kubernetes/pkg/scheduler/testing"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
)

func TestPlacement(t *testing.T) {
	type change = func(*config.CostScoreArgs)
	gpuNode := node("gpu", "3.00", capacity(resources{"cpu": "8", "memory": "32Gi", "pods": "110", "example.com/gpu": "1"}))
	tests := []struct {
		name  string
		args  []change // nil: the default strategy
		nodes []*v1.Node
		pods  []*v1.Pod
		pod   *v1.Pod // nil: 1 core and 1Gi
		want  []string
	}{
		{
			name:  "cheapest of two equal nodes",
			nodes: []*v1.Node{node("cheap", "0.096"), node("dear", "0.097")},
			want:  []string{"cheap"},
		},
		{
			name:  "cheapest of two equal nodes by NodePrice",
			args:  []change{nodePriceStrategy},
			nodes: []*v1.Node{node("cheap", "0.096"), node("dear", "0.097")},
			want:  []string{"cheap"},
		},
		{
			name:  "a difference of a millionth of a dollar counts",
			nodes: []*v1.Node{node("cheap", "0.096000"), node("dear", "0.096001")},
			want:  []string{"cheap"},
		},
		{
			name: "cheapest share, not cheapest node",
			nodes: []*v1.Node{
				node("small", "0.10", capacity(resources{"cpu": "2", "memory": "8Gi", "pods": "110"})),
				node("big", "0.36", capacity(resources{"cpu": "16", "memory": "64Gi", "pods": "110"})),
			},
			want: []string{"big"},
		},
		{
			name: "cheapest node with NodePrice",
			args: []change{nodePriceStrategy},
			nodes: []*v1.Node{
				node("small", "0.10", capacity(resources{"cpu": "2", "memory": "8Gi", "pods": "110"})),
				node("big", "0.36", capacity(resources{"cpu": "16", "memory": "64Gi", "pods": "110"})),
			},
			want: []string{"small"},
		},
		{
			name:  "a GPU node is dearer for a pod without one",
			nodes: []*v1.Node{gpuNode, node("plain", "0.40")},
			want:  []string{"plain"},
		},
		{
			name:  "a pod with a GPU goes where one is",
			nodes: []*v1.Node{gpuNode, node("plain", "0.40")},
			pod:   pod("p").Req(resources{"cpu": "1", "memory": "1Gi", "example.com/gpu": "1"}).Obj(),
			want:  []string{"gpu"},
		},
		{
			name:  "equal costs are packed",
			nodes: []*v1.Node{node("empty", "0.10"), node("used", "0.10")},
			pods:  []*v1.Pod{pod("a").Node("used").Obj()},
			want:  []string{"used"},
		},
		{
			name:  "packing never beats cost",
			nodes: []*v1.Node{node("empty", "0.0999"), node("used", "0.10")},
			pods:  []*v1.Pod{pod("a").Node("used").Req(resources{"cpu": "2", "memory": "14Gi"}).Obj()},
			want:  []string{"empty"},
		},
		{
			name:  "a node with old pods is cheaper",
			nodes: []*v1.Node{node("young", "0.10"), node("old", "0.10")},
			pods: []*v1.Pod{
				on("young", "a", time.Minute), on("young", "b", time.Minute),
				on("old", "c", 24*time.Hour),
			},
			want: []string{"old"},
		},
		{
			name:  "age does not count when the exponent is 0",
			args:  []change{func(args *config.CostScoreArgs) { args.AgeExponent = new(float64) }},
			nodes: []*v1.Node{node("young", "0.10"), node("old", "0.10")},
			pods: []*v1.Pod{
				on("young", "a", time.Minute), on("young", "b", time.Minute),
				on("old", "c", 24*time.Hour),
			},
			want: []string{"young"},
		},
		{
			name:  "DaemonSets make a node smaller and not older",
			nodes: []*v1.Node{node("none", "0.10"), node("agents", "0.10")},
			pods:  []*v1.Pod{ofDaemonSet(on("agents", "agent", 24*time.Hour))},
			want:  []string{"none"},
		},
		{
			name:  "a node without a price ranks behind the dearest",
			args:  []change{noEstimates},
			nodes: []*v1.Node{node("unknown", "", capacity(resources{"pods": "110"})), node("dear", "99"), node("dearest", "100")},
			pod:   st.MakePod().Name("p").UID("p").Obj(),
			want:  []string{"dear"},
		},
		{
			name:  "a node without a price has the others' per core and GiB",
			args:  []change{noEstimates},
			nodes: []*v1.Node{node("dear", "0.40"), node("median", ""), node("medium", "0.30"), node("a", "0.40"), node("b", "0.20", capacity(resources{"cpu": "1m", "pods": "110"}))},
			want:  []string{"medium"},
		},
		{
			name:  "a node without a price is not rejected",
			args:  []change{noEstimates},
			nodes: []*v1.Node{node("unknown", ""), node("full", "0.10", capacity(resources{"cpu": "1m", "pods": "110"}))},
			want:  []string{"unknown"},
		},
		{
			name:  "without any price packing decides",
			args:  []change{noEstimates},
			nodes: []*v1.Node{node("empty", ""), node("used", "")},
			pods:  []*v1.Pod{pod("a").Node("used").Obj()},
			want:  []string{"used"},
		},
		{
			name: "what the user prefers beats cost",
			nodes: []*v1.Node{
				node("cheap", "0.01"),
				node("preferred", "10", label("zone", "a")),
			},
			pod:  preferring(pod("p").Obj(), "zone", "a"),
			want: []string{"preferred"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := tt.pod
			if p == nil {
				p = pod("p").Obj()
			}
			got := newCluster(t, tt.nodes, tt.pods, tt.args...).place(t, p)
			if diff := cmp.Diff(tt.want, got.best); diff != "" {
				t.Errorf("unexpected nodes (-want, +got):\n%s\nscores: %v, rejected: %v", diff, got.costScores, got.rejected)
			}
		})
	}
}

func TestSkipWithoutPrices(t *testing.T) {
	c := newCluster(t, []*v1.Node{node("a", ""), node("b", "")}, nil, noEstimates)
	if got := c.place(t, pod("p").Obj()); got.costScores != nil {
		t.Errorf("got scores %v, want PreScore to skip", got.costScores)
	}
}

func TestEqualCostsShareAScore(t *testing.T) {
	c := newCluster(t, []*v1.Node{node("a", "0.10"), node("b", "0.10"), node("c", "0.20")}, nil)
	got := c.place(t, pod("p").Obj()).costScores
	if got["a"] != 100 || got["b"] != 100 || got["c"] >= 100 {
		t.Errorf("got scores %v, want a and b alone at 100", got)
	}
}

// What the shipped profile resolves to once the framework has put upstream's
// defaults and the configuration together.
func TestShippedProfile(t *testing.T) {
	resolved := newCluster(t, nil, nil).ListPlugins()
	weights := map[string]int32{}
	for _, p := range resolved.Score.Enabled {
		weights[p.Name] = p.Weight
	}
	want := map[string]int32{
		"TaintToleration":   200000,
		"NodeAffinity":      200000,
		"InterPodAffinity":  200000,
		"PodTopologySpread": 200000,
		"DynamicResources":  200000,
		"VolumeBinding":     1, // scores only with a feature gate that is off
		"CostScore":         1000,
		"NodeResourcesFit":  1,
	}
	if diff := cmp.Diff(want, weights); diff != "" {
		t.Errorf("unexpected weights of Score plugins (-want, +got):\n%s", diff)
	}
	for name, enabled := range map[string][]string{
		"PreFilter": names(resolved.PreFilter),
		"Filter":    names(resolved.Filter),
		"PreScore":  names(resolved.PreScore),
	} {
		if !contains(enabled, Name) {
			t.Errorf("%s has no CostScore: %v", name, enabled)
		}
		for _, other := range []string{"NodeResourcesFit", "TaintToleration"} {
			if name == "Filter" && !contains(enabled, other) {
				t.Errorf("%s has lost %s: %v", name, other, enabled)
			}
		}
	}
}
