// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package placer_test

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	schedconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	schedscheme "k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	clocktesting "k8s.io/utils/clock/testing"

	_ "github.com/tollgate-dev/tollgate/pkg/apis/config/scheme" // CostScoreArgs
	"github.com/tollgate-dev/tollgate/pkg/simulator/placer"
)

const head = `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
`

const upstream = head + `- schedulerName: default-scheduler
`

const mostAllocated = head + `- schedulerName: packing
  percentageOfNodesToScore: 100
  plugins:
    multiPoint:
      disabled: [{name: ImageLocality}, {name: NodeResourcesBalancedAllocation}]
  pluginConfig:
  - name: NodeResourcesFit
    args: {scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 1}, {name: memory, weight: 1}]}}
  - name: PodTopologySpread
    args: {defaultingType: List, defaultConstraints: []}
`

const dominantShare = head + `- schedulerName: tollgate
  percentageOfNodesToScore: 100
  plugins:
    multiPoint:
      enabled: [{name: CertGate}, {name: CostScore, weight: 1000}, {name: NodeResourcesFit, weight: 1}]
      disabled: [{name: ImageLocality}, {name: NodeResourcesBalancedAllocation}]
  pluginConfig:
  - name: NodeResourcesFit
    args: {scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 1}, {name: memory, weight: 1}]}}
  - name: PodTopologySpread
    args: {defaultingType: List, defaultConstraints: []}
`

func decode(t testing.TB, text string) *schedconfig.KubeSchedulerConfiguration {
	t.Helper()
	o, err := runtime.Decode(schedscheme.Codecs.UniversalDecoder(), []byte(text))
	if err != nil {
		t.Fatalf("decoding the configuration: %v", err)
	}
	return o.(*schedconfig.KubeSchedulerConfiguration)
}

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newPlacer(t testing.TB, config string) (*placer.Placer, *clocktesting.FakePassiveClock) {
	t.Helper()
	clock := clocktesting.NewFakePassiveClock(start)
	p, err := placer.New(t.Context(), decode(t, config), placer.Options{Clock: clock})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return p, clock
}

func node(name, price string, cores, gib int64) *corev1.Node {
	list := corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewQuantity(cores, resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(gib<<30, resource.BinarySI),
		corev1.ResourcePods:   resource.MustParse("110"),
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, UID: types.UID(name),
			Labels:      map[string]string{corev1.LabelHostname: name},
			Annotations: map[string]string{"tollgate.dev/hourly-price": price},
		},
		Status: corev1.NodeStatus{Capacity: list, Allocatable: list},
	}
}

func pod(name string, milli, mib int64) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID(name)},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "c", Image: "i",
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceCPU:    *resource.NewMilliQuantity(milli, resource.DecimalSI),
				corev1.ResourceMemory: *resource.NewQuantity(mib<<20, resource.BinarySI),
			}},
		}}},
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// place places the pod, and binds it if there is a node.
func place(t *testing.T, p *placer.Placer, pod *corev1.Pod) string {
	t.Helper()
	name, reason, err := p.Place(t.Context(), pod)
	must(t, err)
	if (name == "") != (reason != nil) {
		t.Fatalf("Place returned node %q with reason %v", name, reason)
	}
	if name != "" {
		must(t, p.AddPod(p.Bind(pod, name)))
	}
	return name
}

func TestPlaceFollowsTheProfile(t *testing.T) {
	for name, tc := range map[string]struct{ config, want string }{
		"spread by the default profile":   {upstream, "empty"},
		"packed by MostAllocated":         {mostAllocated, "used"},
		"cheapest share by DominantShare": {dominantShare, "cheap"},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := newPlacer(t, tc.config)
			must(t, p.AddNode(node("used", "0.4", 4, 16)))
			must(t, p.AddNode(node("empty", "0.4", 4, 16)))
			must(t, p.AddNode(node("cheap", "0.6", 16, 64)))
			for i, n := range []string{"used", "used", "cheap", "cheap", "cheap", "cheap", "cheap", "cheap"} {
				must(t, p.AddPod(p.Bind(pod(fmt.Sprint("old-", i), 1000, 1024), n)))
			}
			if got := place(t, p, pod("new", 1000, 1024)); got != tc.want {
				t.Errorf("placed on %q, want %q", got, tc.want)
			}
		})
	}
}

func TestPlaceFollowsEveryChange(t *testing.T) {
	p, _ := newPlacer(t, dominantShare)
	if got := place(t, p, pod("a", 1000, 1024)); got != "" {
		t.Errorf("placed on %q though there is no node", got)
	}
	must(t, p.AddNode(node("one", "0.4", 4, 16)))
	must(t, p.AddNode(node("two", "0.5", 4, 16)))
	a := pod("a", 3000, 1024)
	if got := place(t, p, a); got != "one" {
		t.Errorf("placed on %q, want the cheaper one", got)
	}
	if got := place(t, p, pod("b", 3000, 1024)); got != "two" {
		t.Errorf("placed on %q, want two, where there is room", got)
	}
	if got := place(t, p, pod("c", 3000, 1024)); got != "" {
		t.Errorf("placed on %q though both are full", got)
	}
	must(t, p.RemovePod(p.Bind(a, "one")))
	// A changed price counts for the very next pod.
	must(t, p.AddNode(node("three", "0.45", 4, 16)))
	must(t, p.UpdateNode(node("one", "0.46", 4, 16)))
	if got := place(t, p, pod("d", 1000, 1024)); got != "three" {
		t.Errorf("placed on %q, want three, which is the cheapest now", got)
	}
	must(t, p.RemoveNode("one"))
	if got := place(t, p, pod("e", 3000, 1024)); got != "three" {
		t.Errorf("placed on %q, want three", got)
	}
	if err := p.RemoveNode("one"); err == nil {
		t.Error("removing a node twice: no error")
	}
}

// The age of a node's oldest pod counts in the caller's time.
func TestPlaceUsesTheClock(t *testing.T) {
	p, clock := newPlacer(t, dominantShare)
	must(t, p.AddNode(node("young", "0.40", 4, 16)))
	must(t, p.AddNode(node("old", "0.42", 4, 16)))
	must(t, p.AddPod(p.Bind(pod("first", 100, 100), "old")))
	if got := place(t, p, pod("a", 100, 100)); got != "young" {
		t.Errorf("placed on %q, want young", got)
	}
	clock.SetTime(start.Add(100 * time.Hour))
	must(t, p.RemovePod(p.Bind(pod("a", 100, 100), "young")))
	if got := place(t, p, pod("b", 100, 100)); got != "old" {
		t.Errorf("placed on %q, want old: its pod has run for 100 hours", got)
	}
}

func TestExplain(t *testing.T) {
	p, _ := newPlacer(t, dominantShare)
	must(t, p.AddNode(node("cheap", "0.4", 4, 16)))
	must(t, p.AddNode(node("dear", "0.9", 4, 16)))
	must(t, p.AddNode(node("small", "0.1", 1, 16)))
	verdicts, err := p.Explain(t.Context(), pod("a", 2000, 1024))
	must(t, err)
	got := map[string]placer.Verdict{}
	for _, v := range verdicts {
		got[v.Node] = v
	}
	if v := got["cheap"]; v.Reason != "" || v.Cost.Dollars != 0.2 || v.Total <= got["dear"].Total {
		t.Errorf("cheap: %+v", v)
	}
	if v := got["dear"]; v.Reason != "" || v.Cost.Dollars != 0.45 {
		t.Errorf("dear: %+v", v)
	}
	if v := got["small"]; v.Plugin != "NodeResourcesFit" || v.Reason != "Insufficient cpu" || v.Price.PerHour != 100_000 {
		t.Errorf("small: %+v", v)
	}
}
