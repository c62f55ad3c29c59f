// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	resourceapi "k8s.io/api/resource/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	fwk "k8s.io/kube-scheduler/framework"
	schedconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// spreading has a pod spread over the values of a label, if that can be had.
func spreading(p *v1.Pod, key string) *v1.Pod {
	p.Labels = map[string]string{"app": "a"}
	p.Spec.TopologySpreadConstraints = []v1.TopologySpreadConstraint{{
		MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: v1.ScheduleAnyway, LabelSelector: &metav1.LabelSelector{MatchLabels: p.Labels},
	}}
	return p
}

// What a pod prefers goes before cost, and of what it prefers the cheapest is
// found, all without comparing all nodes.
func TestPreferencesAreIndexed(t *testing.T) {
	soft := func(n *v1.Node) {
		n.Spec.Taints = []v1.Taint{{Key: "soft", Effect: v1.TaintEffectPreferNoSchedule}}
	}
	nodes := []*v1.Node{
		node("a-dear", "0.40", label("zone", "a")), node("a-cheap", "0.20", label("zone", "a")),
		node("b-dear", "0.30", label("zone", "b")), node("b-cheap", "0.10", label("zone", "b")), node("b-soft", "0.05", label("zone", "b"), soft),
	}
	running := on("b-dear", "running", 0)
	running.Labels = map[string]string{"app": "a"}
	near := pod("near").Obj()
	near.Spec.Affinity = &v1.Affinity{PodAffinity: &v1.PodAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []v1.WeightedPodAffinityTerm{{
		Weight: 1, PodAffinityTerm: terms("a")[0],
	}}}}
	tolerant := pod("tolerant").Obj()
	tolerant.Spec.Tolerations = []v1.Toleration{{Key: "soft", Operator: v1.TolerationOpExists}}
	tests := map[string]struct {
		pod  *v1.Pod
		want string
	}{
		"no preference but the taint":    {pod("p").Obj(), "b-cheap"},
		"a taint that it tolerates":      {tolerant, "b-soft"},
		"a zone":                         {preferring(pod("p").Obj(), "zone", "a"), "a-cheap"},
		"a zone that there is not":       {preferring(pod("p").Obj(), "zone", "c"), "b-cheap"},
		"spread over zones":              {spreading(pod("p").Obj(), "zone"), "a-cheap"},
		"spread over what no node has":   {spreading(pod("p").Obj(), "rack"), "b-cheap"},
		"near a pod":                     {near, "b-cheap"},
		"a zone, with too little room":   {preferring(pod("p").Req(map[v1.ResourceName]string{"cpu": "5"}).Obj(), "zone", "a"), ""},
		"a zone, but another is the one": {selecting(preferring(pod("p").Obj(), "zone", "a"), "zone", "b"), "b-cheap"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := newCluster(t, nodes, []*v1.Pod{running}).place(t, tt.pod).found; got != tt.want {
				t.Errorf("got node %q, want %q", got, tt.want)
			}
		})
	}
}

// Where there are more costs than scores, several nodes have the same total. Of
// these the cheapest is found.
func TestCheapestOfEqualTotals(t *testing.T) {
	var nodes []*v1.Node
	for i := range 160 {
		zone := "a"
		if i >= 80 { // past those that have a score of their own
			zone = "b"
		}
		nodes = append(nodes, node(fmt.Sprintf("n%03d", i), fmt.Sprintf("%.3f", 0.1+float64(i)/1000), label("zone", zone), created(i)))
	}
	c := newCluster(t, nodes, nil)
	result := c.place(t, preferring(pod("p").Obj(), "zone", "b"))
	if result.found != "n080" || len(result.best) < 2 {
		t.Errorf("got node %q, want the cheapest of those with the same total: %v", result.found, result.best)
	}
}

// created makes nodes the older the higher the number.
func created(number int) func(*v1.Node) {
	return func(n *v1.Node) {
		n.CreationTimestamp = metav1.NewTime(testNow.Add(-time.Duration(number) * time.Hour))
	}
}

func selecting(p *v1.Pod, key, value string) *v1.Pod {
	p.Spec.NodeSelector = map[string]string{key: value}
	return p
}

// Where the scores of a plugin cannot be had, the framework says why.
func TestPreferenceThatCannotBeHad(t *testing.T) {
	failed := fwk.AsStatus(errors.New("no"))
	nodes := []*v1.Node{node("a", "0.10"), node("b", "0.20")}
	for name, s := range map[string]*fakeScorer{
		"PreScore":       {preScore: failed},
		"Score":          {score: failed},
		"NormalizeScore": {normalize: failed},
		"too high":       {value: fwk.MaxNodeScore + 1},
		"too low":        {value: -1},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, nodes, nil)
			wantReason(t, c, pod("before").Obj(), "")
			c.plugin.facts.nodeAffinity = &scorer{ScorePlugin: s, pre: s, weight: 1}
			wantReason(t, c, pod("p").Obj(), reasonScore)
		})
	}
}

// fakeScorer always has a preference.
type fakeScorer struct {
	preScore, score, normalize *fwk.Status
	value                      int64
}

func (s *fakeScorer) Name() string { return "Fake" }

func (s *fakeScorer) PreScore(context.Context, fwk.CycleState, *v1.Pod, []fwk.NodeInfo) *fwk.Status {
	return s.preScore
}

func (s *fakeScorer) Score(context.Context, fwk.CycleState, *v1.Pod, fwk.NodeInfo) (int64, *fwk.Status) {
	return s.value, s.score
}

func (s *fakeScorer) ScoreExtensions() fwk.ScoreExtensions { return s }

func (s *fakeScorer) NormalizeScore(context.Context, fwk.CycleState, *v1.Pod, fwk.NodeScoreList) *fwk.Status {
	return s.normalize
}

// A pod that is nominated to any of the nodes changes what the others score.
func TestPreferencesBesideNominatedPods(t *testing.T) {
	c := newCluster(t, []*v1.Node{node("a", "0.10"), node("b", "0.20")}, nil)
	wantReason(t, c, preferring(pod("p").Obj(), "zone", "a"), "")
	c.nominator.pods = map[string][]fwk.PodInfo{"b": {&framework.PodInfo{}}}
	wantReason(t, c, preferring(pod("p").Obj(), "zone", "a"), reasonNominated)
}

// Nodes that do not have what a pod requests are passed over by their class, however
// many they are.
func TestExtendedResourcesAreIndexed(t *testing.T) {
	const gpu = "example.com/gpu"
	var nodes []*v1.Node
	for i := range 20 {
		nodes = append(nodes, node(fmt.Sprint("n", i), "0.10"))
	}
	with := capacity(resources{"cpu": "4", "memory": "16Gi", "pods": "110", gpu: "1"})
	nodes = append(nodes, node("used", "0.30", with), node("free", "0.50", with), node("dear", "0.60", with))
	user := on("used", "user", 0)
	user.Spec.Containers[0].Resources.Requests[gpu] = *resourceQuantity(gpu, 1)
	c := newCluster(t, nodes, []*v1.Pod{user})
	wantReason(t, c, pod("before").Obj(), "")
	c.plugin.mostRefused = 3
	if got := c.place(t, pod("p").Req(map[v1.ResourceName]string{"cpu": "1", gpu: "1"}).Obj()).found; got != "free" {
		t.Errorf("got node %q, want free", got)
	}
	wantReason(t, c, pod("two").Req(map[v1.ResourceName]string{"cpu": "1", gpu: "2"}).Obj(), reasonNoNode)
}

// Nodes of a class may have different limits for their number of pods.
func TestExtendedResourcesBesideNodesWithoutPods(t *testing.T) {
	const gpu = "example.com/gpu"
	with := func(pods string) func(*v1.Node) {
		return capacity(resources{"cpu": "4", "memory": "16Gi", "pods": pods, gpu: "1"})
	}
	c := newCluster(t, []*v1.Node{node("a", "0.10", with("0")), node("b", "0.10", with("110"))}, nil)
	if got := c.place(t, pod("p").Req(map[v1.ResourceName]string{"cpu": "1", gpu: "1"}).Obj()).found; got != "b" {
		t.Errorf("got node %q, want b", got)
	}
}

// A strategy may list extended resources, which then count for the pods that
// request them.
func TestExtendedResourcesThatAreScored(t *testing.T) {
	const gpu = "example.com/gpu"
	with := capacity(resources{"cpu": "4", "memory": "16Gi", "pods": "110", gpu: "8", "example.com/other": "8"})
	nodes := []*v1.Node{node("a", "0.10", with), node("b", "0.10", with)}
	more := append(slices.Clone(cpuAndMemory), schedconfig.ResourceSpec{Name: gpu, Weight: 5})
	c := newClusterOf(t, nodes, nil, scoring(schedconfig.ScoringStrategy{Type: schedconfig.MostAllocated, Resources: more}))
	for range 2 {
		wantReason(t, c, pod("plain").Obj(), "")
		wantReason(t, c, pod("scored").Req(map[v1.ResourceName]string{"cpu": "1", gpu: "1"}).Obj(), reasonResources)
		wantReason(t, c, pod("other").Req(map[v1.ResourceName]string{"cpu": "1", "example.com/other": "1"}).Obj(), "")
	}
}

// An extended resource may stand for devices of dynamic resource allocation, which
// other plugins look for.
func TestResourcesOfDeviceClasses(t *testing.T) {
	c := newCluster(t, []*v1.Node{node("a", "0.10", capacity(resources{"cpu": "4", "memory": "16Gi", "pods": "110", "example.com/gpu": "1"}))}, nil)
	asks := pod("p").Req(map[v1.ResourceName]string{"example.com/gpu": "1"}).Obj()
	wantReason(t, c, asks, "")
	c.plugin.facts.claims = fakeClaims{}
	wantReason(t, c, asks, reasonResourceClaims)
	wantReason(t, c, pod("other").Obj(), "")
}

// fakeClaims has a device class for each resource.
type fakeClaims struct{ fwk.SharedDRAManager }

func (c fakeClaims) DeviceClassResolver() fwk.DeviceClassResolver { return c }

func (fakeClaims) GetDeviceClass(v1.ResourceName) *resourceapi.DeviceClass {
	return &resourceapi.DeviceClass{}
}
