// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/costmodel"
)

// prepaid adds a rule for nodes labeled reserved=yes, none if count is 0.
func prepaid(count int32, strategy string) func(*config.CostScoreArgs) {
	return func(args *config.CostScoreArgs) {
		args.Strategy = strategy
		if count == 0 {
			return
		}
		args.Prepaid = []config.PrepaidNodes{{NodeSelector: metav1.LabelSelector{MatchLabels: map[string]string{"reserved": "yes"}}, Count: count}}
	}
}

func TestPrepaidPlacement(t *testing.T) {
	reserved := label("reserved", "yes")
	gpus := capacity(resources{"cpu": "4", "memory": "16Gi", "pods": "110", "example.com/gpu": "1"})
	gpuPod := pod("p").Req(resources{"cpu": "1", "memory": "1Gi", "example.com/gpu": "1"}).Obj()
	tests := []struct {
		name  string
		count int32
		nodes []*v1.Node
		pod   *v1.Pod
		want  []string
	}{
		{name: "prepaid before cheaper", count: 1, nodes: []*v1.Node{node("prepaid", "9", reserved), node("cheap", "0.01")}, want: []string{"prepaid"}},
		{name: "prepaid before free", count: 1, nodes: []*v1.Node{node("prepaid", "9", reserved), node("free", "0")}, want: []string{"prepaid"}},
		{name: "the cheaper of two prepaid", count: 2, nodes: []*v1.Node{node("a", "9", reserved), node("b", "8.999999", reserved)}, want: []string{"b"}},
		{name: "beyond the count", count: 1, nodes: []*v1.Node{node("a", "9", reserved), node("b", "8", reserved)}, want: []string{"a"}},
		{name: "no rule", nodes: []*v1.Node{node("a", "9", reserved), node("cheap", "0.01")}, want: []string{"cheap"}},
		{name: "prepaid GPUs draw no CPU pods", count: 1, nodes: []*v1.Node{node("gpu", "3", reserved, gpus), node("cheap", "0.01")}, want: []string{"cheap"}},
		{name: "prepaid GPUs draw GPU pods", count: 1, nodes: []*v1.Node{node("gpu", "3", reserved, gpus), node("cheap", "0.01", gpus)}, pod: gpuPod, want: []string{"gpu"}},
		{name: "a limit looks at the list price", count: 1, nodes: []*v1.Node{node("prepaid", "9", reserved), node("cheap", "0.01")}, pod: limitedPod("1", ""), want: []string{"cheap"}},
	}
	for _, tt := range tests {
		for _, strategy := range config.Strategies {
			t.Run(tt.name+" by "+strategy, func(t *testing.T) {
				if tt.pod == nil {
					tt.pod = pod("p").Obj()
				}
				got := newCluster(t, tt.nodes, nil, prepaid(tt.count, strategy)).place(t, tt.pod)
				if diff := cmp.Diff(tt.want, got.best); diff != "" {
					t.Errorf("unexpected nodes (-want, +got):\n%s\nscores: %v, rejected: %v", diff, got.costScores, got.rejected)
				}
			})
		}
	}
}

// The oldest node has the slot, in whatever order the plugin hears of the nodes
// when the scheduler starts, and whether it has heard of all of them or not.
func TestOldestNodeIsPrepaidAfterARestart(t *testing.T) {
	created := func(minute int) func(*v1.Node) {
		return func(n *v1.Node) {
			n.CreationTimestamp = metav1.NewTime(testNow.Add(time.Duration(minute) * time.Minute))
		}
	}
	old := node("z", "9", label("reserved", "yes"), created(0))
	young := node("a", "0.01", label("reserved", "yes"), created(1))
	c := newCluster(t, nil, nil, prepaid(1, config.StrategyDominantShare))
	c.snapshotOf(nil, old, young)
	c.add(t, young)
	c.plugin.collectAges(map[string]float64{}, sets.New[string]()) // a scrape must not give away the slot
	if err := c.SharedInformerFactory().Core().V1().Nodes().Informer().GetStore().Add(old); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := c.place(t, pod("p").Obj()).best; !slices.Equal(got, []string{"z"}) {
			t.Errorf("got nodes %v, want z, the older one", got)
		}
		c.add(t, old) // the plugin hears of it late
	}
}

// Cost says what Score goes by.
func TestCost(t *testing.T) {
	nodes := []*v1.Node{node("prepaid", "0.40", label("reserved", "yes")), node("paid", "0.10"), node("unknown", "", capacity(resources{"pods": "110"}))}
	c := newCluster(t, nodes, nil, prepaid(1, config.StrategyDominantShare), noEstimates)
	want := map[string]costmodel.Cost{
		"prepaid": {List: 0.1, Prepaid: true, Price: 400_000, Share: 0.25, Resource: v1.ResourceCPU, AgeFactor: 1},
		"paid":    {Dollars: 0.025, List: 0.025, Price: 100_000, Share: 0.25, Resource: v1.ResourceCPU, AgeFactor: 1},
		"unknown": {},
	}
	for _, n := range nodes {
		info, err := c.snapshot.Get(n.Name)
		if err != nil {
			t.Fatal(err)
		}
		cost, price := c.plugin.Cost(pod("p").Obj(), info)
		if diff := cmp.Diff(want[n.Name], cost); diff != "" {
			t.Errorf("%s: unexpected cost (-want, +got):\n%s", n.Name, diff)
		}
		if price.Known() != (n.Name != "unknown") || price.PerHour != cost.Price {
			t.Errorf("%s: got price %+v, want the cost's", n.Name, price)
		}
	}
	if !slices.Equal(c.place(t, pod("p").Obj()).best, []string{"prepaid"}) {
		t.Error("the prepaid node is not the best")
	}
}
