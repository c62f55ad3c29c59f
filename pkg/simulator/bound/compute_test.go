// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package bound

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// Instances small enough to work out by hand.
func TestKnownBounds(t *testing.T) {
	const dollar, h, m = pricing.Dollar, time.Hour, time.Minute
	spot := cores("spot", 4, dollar/4)
	spot.MaxNodes = 1
	prepaid := cores("prepaid", 4, dollar)
	prepaid.Prepaid = 1
	lifecycle := Options{MaxWait: time.Second, Boot: m, EmptyDelay: 10 * m}
	full := func(arrives, lifetime time.Duration) workload.Pod { return run(4000, 1024, arrives, lifetime) }
	for _, test := range []struct {
		name    string
		w       *workload.Workload
		pools   []pool.Pool
		options Options
		proof   string
		want    float64
	}{
		{"a pod fills a node", work(full(0, 2*h)), []pool.Pool{cores("a", 4, dollar)}, Options{}, "fluid", 2},
		{"the cheaper pool", work(full(0, 2*h)), []pool.Pool{cores("a", 4, dollar), cores("b", 8, dollar)}, Options{}, "fluid", 1},
		{"cpu of one pod, memory of the other", work(run(4000, 0, 0, h), run(0, 4<<12, 0, h)), []pool.Pool{cores("a", 4, dollar)}, Options{}, "fluid", 1},
		{"two of three fit, by cpu alone", work(run(1400, 0, 0, h), run(1400, 0, 0, h), run(1400, 0, 0, h), run(1400, 0, 0, h)), []pool.Pool{cores("a", 4, dollar)}, Options{}, "fluid", 1.4},
		{"two of three fit, by cpu and functions", work(run(1400, 0, 0, h), run(1400, 0, 0, h), run(1400, 0, 0, h), run(1400, 0, 0, h)), []pool.Pool{cores("a", 4, dollar)}, Options{}, "dff", 2},
		{"spot without limits on time", work(full(0, h), full(0, h)), []pool.Pool{spot, cores("a", 4, dollar)}, Options{}, "fluid", 0.5},
		{"one spot node", work(full(0, h), full(0, h)), []pool.Pool{spot, cores("a", 4, dollar)}, Options{MaxWait: time.Nanosecond}, "windows", 1.25},
		{"one prepaid node, without limits on time", work(full(0, h), full(0, h)), []pool.Pool{prepaid}, Options{}, "fluid", 1},
		{"one prepaid node", work(full(0, h), full(0, h)), []pool.Pool{prepaid}, Options{MaxWait: time.Nanosecond}, "windows", 2},
		// A second of waiting takes one from the beginning.
		{"boot and delay", work(full(0, h)), []pool.Pool{cores("a", 4, dollar)}, lifecycle, "lifecycle", (3600 + 600) / 3600.},
		{"boot is before the start no more", work(full(h, h)), []pool.Pool{cores("a", 4, dollar)}, lifecycle, "lifecycle", (3600 + 660 - 1) / 3600.},
		{"one node for a small pod", work(run(1, 1, h, h)), []pool.Pool{cores("a", 4, dollar)}, lifecycle, "lifecycle", (3600 + 660 - 1) / 3600.},
		{"a gap that is bridged", work(full(h, h), full(2*h+5*m, h)), []pool.Pool{cores("a", 4, dollar)}, lifecycle, "lifecycle", (2*3600 + 660 + 300 - 1) / 3600.},
		{"a gap that is not", work(full(h, h), full(5*h, h)), []pool.Pool{cores("a", 4, dollar)}, lifecycle, "lifecycle", (2*3600 + 2*660 - 2) / 3600.},
		{"no pods", work(), []pool.Pool{cores("a", 4, dollar)}, Options{}, "fluid", 0},
		{"no pods, some time", work(), []pool.Pool{prepaid}, lifecycle, "lifecycle", 0},
		{"a pod that fits nowhere", work(full(0, h), run(9000, 0, 0, h)), []pool.Pool{cores("a", 4, dollar)}, Options{}, "fluid", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := mustCompute(t, test.w, test.pools, test.options)
			if got := proof(t, c, test.proof); math.Abs(got-test.want) > 1e-4*test.want {
				t.Errorf("%s proves $%f, want $%f", test.proof, got, test.want)
			}
			best, _ := mustVerify(t, c).Float64()
			if math.Abs(best-c.Dollars()) > 2e-6 {
				t.Errorf("the checker finds $%f, the certificate states $%f", best, c.Dollars())
			}
			if err := Matches(c, test.w, test.pools); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestEvictionsRuleOutLifecycle(t *testing.T) {
	c := mustCompute(t, work(run(4000, 1, time.Hour, time.Hour)), []pool.Pool{cores("a", 4, pricing.Dollar)},
		Options{MaxWait: time.Second, Boot: time.Minute, Evictions: true})
	for _, p := range c.Proofs {
		if p.Assumes == AssumesLifecycle {
			t.Errorf("proof %s assumes a lifecycle", p.Name)
		}
	}
	if got, want := c.DollarsAssuming(AssumesNothing), 1.0; math.Abs(got-want) > 1e-5 {
		t.Errorf("$%f without assumptions, want $%f", got, want)
	}
}

// Nodes that are there may be larger and more than those that can be bought.
func TestExistingNodes(t *testing.T) {
	small := cores("a", 4, pricing.Dollar)
	large := cores("a", 16, pricing.Dollar)
	node := large.Template.DeepCopy()
	node.Name = "node-1"
	w := work(run(4000, 1, 0, time.Hour))
	w.Nodes = []*corev1.Node{node}
	w.Pods[0].Object.Spec.NodeName = node.Name
	w.Pods[0].Object.Spec.NodeSelector = map[string]string{"gone": "since"}
	c := mustCompute(t, w, []pool.Pool{small}, Options{NodePools: []int{0}})
	if got, want := c.Dollars(), 0.25; math.Abs(got-want) > 1e-4 {
		t.Errorf("$%f, want $%f", got, want)
	}
	if err := Matches(c, w, []pool.Pool{small}, 0); err != nil {
		t.Error(err)
	}
	if _, err := Compute(context.Background(), w, []pool.Pool{small}, Options{}); err == nil || !strings.Contains(err.Error(), "name the pool of each") {
		t.Errorf("error %v without the pools of nodes", err)
	}
}

// What runs at the beginning runs, even where it is more than the node has.
func TestOvercommittedNodes(t *testing.T) {
	a := cores("a", 4, pricing.Dollar)
	w := work(run(3000, 9<<10, 0, time.Hour), run(3000, 9<<10, 0, time.Hour), run(3000, 1, 0, time.Hour), run(3000, 1, 0, time.Hour))
	for i := range w.Pods {
		w.Pods[i].Object.Spec.NodeName = "node-1"
	}
	w.Pods[3].Object.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "x"} // it need not run
	node := a.Template.DeepCopy()
	node.Name = "node-1"
	node.Status.Allocatable[corev1.ResourcePods] = resource.MustParse("2")
	w.Nodes = []*corev1.Node{node}
	a.Template.Status.Allocatable[corev1.ResourcePods] = resource.MustParse("2")
	lifecycle := Options{NodePools: []int{0}, MaxWait: time.Second, Boot: time.Minute, EmptyDelay: time.Minute}
	for _, test := range []struct {
		name    string
		prepaid int
		options Options
		want    float64 // what it costs to leave them there
	}{
		{"nothing is assumed", 0, Options{NodePools: []int{0}}, 1},
		{"lifecycle", 0, lifecycle, 61. / 60},
		{"prepaid", 1, lifecycle, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			a.Prepaid = test.prepaid
			c := mustCompute(t, w, []pool.Pool{a}, test.options)
			if got, want := c.Pools[0].Allocatable, []int64{9000, 18<<30 + 1<<20, 0, 3}; !slices.Equal(got, want) {
				t.Errorf("a node has %v, want %v", got, want)
			}
			if best, _ := mustVerify(t, c).Float64(); best > test.want+1e-9 || best < test.want-1e-3 {
				t.Errorf("$%f is proven, want $%f", best, test.want)
			}
		})
	}
}

func TestComputeStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	calls := 0
	_, err := Compute(ctx, work(run(4000, 1, 0, time.Hour)), []pool.Pool{cores("a", 4, pricing.Dollar)},
		Options{Progress: func(Progress) { calls++; cancel() }})
	if err == nil || calls != 1 {
		t.Errorf("error %v after %d steps, want one after 1", err, calls)
	}
	if _, err := Compute(context.Background(), work(), nil, Options{}); err == nil {
		t.Error("no error without pools")
	}
}

// A static pod ends with its node, which nobody has to keep for it.
func TestMirrorPodsDoNotCount(t *testing.T) {
	p := workload.Pod{
		Object:  &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "static", Annotations: map[string]string{corev1.MirrorPodAnnotationKey: "x"}}},
		Arrives: 0, Lifetime: time.Hour,
	}
	p.Object.Spec.Containers = []corev1.Container{{Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")}}}}
	c, err := Compute(t.Context(), &workload.Workload{Pods: []workload.Pod{p}}, []pool.Pool{{
		Name: "a", Price: pricing.Dollar,
		Template: &corev1.Node{Status: corev1.NodeStatus{Allocatable: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("2"), corev1.ResourcePods: resource.MustParse("10"),
		}}},
	}}, Options{MaxWait: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if c.Dollars() != 0 {
		t.Errorf("bound $%v, want 0", c.Dollars())
	}
}
