// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

func labelSet(l map[string]string) labels.Set { return l }

func admittedBy(pools []Pool, pod *corev1.Pod) bool {
	for i := range pools {
		if pools[i].Admits(pod) {
			return true
		}
	}
	return false
}

func TestWorldNames(t *testing.T) {
	seen := map[string]bool{}
	for _, w := range All() {
		name := w.Name()
		if seen[name] {
			t.Errorf("world %s is there twice", name)
		}
		seen[name] = true
		if got, err := ParseWorld(name); err != nil || got != w {
			t.Errorf("ParseWorld(%q) = %+v, %v", name, got, err)
		}
	}
	if len(seen) != 72 {
		t.Errorf("got %d worlds, want 72", len(seen))
	}
	w := World{Cloud: "aws", ScaleUp: ScaleUpLeastWaste, Capacity: CapacityHalfSpot, Consolidation: true}
	if got := w.Name(); got != "aws/least-waste-consolidation/half-spot" {
		t.Errorf("got name %s", got)
	}
}

func TestParseWorldErrors(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"aws/leastwaste/on-demand", `did you mean "aws/least-waste/on-demand"?`},
		{"", "want <cloud>/<scale-up>/<capacity>"},
	} {
		if _, err := ParseWorld(tt.name); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("ParseWorld(%q): got error %v, want one with %q", tt.name, err, tt.want)
		}
	}
}

func TestHalfSpot(t *testing.T) {
	for _, cloud := range Clouds() {
		pools, err := World{Cloud: cloud, Capacity: CapacityHalfSpot}.Pools(nil, 8)
		if err != nil {
			t.Fatal(err)
		}
		var onDemand []Pool
		spot := 0
		for _, p := range pools {
			if p.CapacityType != pricing.CapacityTypeSpot {
				onDemand = append(onDemand, p)
				if p.MaxNodes != 0 {
					t.Errorf("%s: pool %s is limited to %d nodes", cloud, p.Name, p.MaxNodes)
				}
				continue
			}
			spot++
			if p.MaxNodes != 32 || !strings.HasSuffix(p.Name, "-spot") {
				t.Errorf("%s: pool %s is limited to %d nodes, want 32", cloud, p.Name, p.MaxNodes)
			}
		}
		if 2*spot != len(pools) {
			t.Errorf("%s: %d of %d pools are spot", cloud, spot, len(pools))
		}
		// Whatever fits on spot fits on-demand.
		for _, p := range pools {
			a := p.Allocatable()
			pod := makePod("whole", a.MilliCPU, a.Memory>>20, a.Scalar[GPUMilli])
			pod.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
			if !admittedBy(onDemand, pod) {
				t.Errorf("%s: no on-demand pool admits what fills %s", cloud, p.Name)
			}
		}
		w, err := World{Cloud: cloud}.Workload(largest())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range w.Pods {
			if !admittedBy(onDemand, p.Object) {
				t.Errorf("%s: no on-demand pool admits %+v", cloud, costmodel.RequestOf(p.Object))
			}
		}
	}
	for copies, want := range map[int]int{0: 4, 1: 4, 3: 12, 16: 64} {
		pools, err := World{Cloud: "aws", Capacity: CapacityHalfSpot}.Pools(nil, copies)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pools {
			if p.CapacityType == pricing.CapacityTypeSpot && p.MaxNodes != want {
				t.Errorf("%d copies: pool %s is limited to %d nodes, want %d", copies, p.Name, p.MaxNodes, want)
			}
		}
	}
}

// Cards for training are for those that ask for them, or need so many GPUs that
// nothing else will do.
func TestDedicatedGPUs(t *testing.T) {
	named := makePod("named", 4000, 1024, 1000)
	named.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
		NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{
			{Key: GPUModelLabel, Operator: corev1.NodeSelectorOpIn, Values: []string{"G3"}},
		}}},
	}}}
	in := &workload.Workload{Pods: []workload.Pod{
		{Object: makePod("any", 4000, 1024, 1000)}, {Object: named}, {Object: makePod("eight", 4000, 1024, 8000)},
	}}
	world := World{Cloud: "azure", Capacity: CapacityOnDemand}
	w, err := world.Workload(in)
	if err != nil {
		t.Fatal(err)
	}
	pools, err := world.Pools(w, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, dedicated := range []bool{false, true, true} {
		admitted := map[bool]int{}
		for _, p := range pools {
			if p.HasAccelerator() && p.Admits(w.Pods[i].Object) {
				admitted[len(p.Template.Spec.Taints) > 0]++
			}
		}
		if admitted[dedicated] == 0 || admitted[!dedicated] != 0 {
			t.Errorf("pod %s: %d dedicated pools admit it and %d open ones", w.Pods[i].Object.Name, admitted[true], admitted[false])
		}
	}
	if len(in.Pods[1].Object.Spec.Tolerations) != 0 {
		t.Error("the workload that was given is changed")
	}
}

func TestUnknownCapacity(t *testing.T) {
	if _, err := (World{Cloud: "aws", Capacity: "free"}).Pools(nil, 1); err == nil {
		t.Error("got no error")
	}
}

func TestPrepay(t *testing.T) {
	template := func(cores string) *corev1.Node {
		return &corev1.Node{Status: corev1.NodeStatus{Allocatable: amounts(cores, "64Gi")}}
	}
	pools := []Pool{
		{Name: "small", Template: template("4"), Price: 200_000},
		{Name: "large", Template: template("16"), Price: 600_000},
	}
	// 40 pods of a core each are cheapest on large: 2.5 nodes all the time. One
	// of them runs for only a tenth of the time.
	w := makeWorkload()
	for range 40 {
		w.Pods = append(w.Pods, makeWorkload(makePod("p", 1000, 1, 0)).Pods...)
	}
	w.Pods[0].Lifetime = 6 * time.Minute
	if got := meanNodes(pools, w); math.Abs(got[1]-39.1/16) > 1e-9 || got[0] != 0 {
		t.Errorf("got mean nodes %v, want 0 and %v", got, 39.1/16)
	}
	for _, tt := range []struct {
		percent float64
		want    []int
	}{
		{0, []int{0, 0}}, {20, []int{0, 0}}, {21, []int{0, 1}}, {100, []int{0, 2}}, {200, []int{0, 5}},
	} {
		Prepay(pools, w, tt.percent)
		if diff := cmp.Diff(tt.want, []int{pools[0].Prepaid, pools[1].Prepaid}); diff != "" {
			t.Errorf("%v%%: unexpected prepaid nodes (-want, +got):\n%s", tt.percent, diff)
		}
	}
}

// TestPrepayComesNear wants the sum in dollars to be right, and each pool at most
// one node off.
func TestPrepayComesNear(t *testing.T) {
	for _, cloud := range Clouds() {
		w, err := World{Cloud: cloud}.Workload(largest())
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			w.Pods = append(w.Pods, w.Pods...)
		}
		pools, err := World{Cloud: cloud, Capacity: CapacityPrepaid}.Pools(w, 8)
		if err != nil {
			t.Fatal(err)
		}
		want, got := 0.0, 0.0
		for i, mean := range meanNodes(pools, w) {
			want += 0.3 * mean * pools[i].Price.Dollars()
			got += float64(pools[i].Prepaid) * pools[i].Price.Dollars()
			if math.Abs(float64(pools[i].Prepaid)-0.3*mean) >= 1 {
				t.Errorf("%s: %d nodes of pool %s are prepaid, want about %v", cloud, pools[i].Prepaid, pools[i].Name, 0.3*mean)
			}
		}
		if math.Abs(got/want-1) > 0.01 {
			t.Errorf("%s: $%.3f are prepaid, want about $%.3f", cloud, got, want)
		}
	}
}

func TestMapGPUModels(t *testing.T) {
	plain, gpu := makePod("plain", 1, 1, 0), makePod("gpu", 1, 1, 1000, "V100M32", "T4", "T4")
	in := makeWorkload(plain, gpu)
	out, err := MapGPUModels(in, "aws")
	if err != nil {
		t.Fatal(err)
	}
	if out.Pods[0].Object != plain {
		t.Error("a pod without models was copied")
	}
	models := func(pod *corev1.Pod) []string {
		return pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0].MatchExpressions[0].Values
	}
	if diff := cmp.Diff([]string{"l40s", "t4", "v100"}, models(out.Pods[1].Object)); diff != "" {
		t.Errorf("unexpected models (-want, +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"V100M32", "T4", "T4"}, models(gpu)); diff != "" {
		t.Errorf("the input was changed (-want, +got):\n%s", diff)
	}
	if _, err := MapGPUModels(makeWorkload(makePod("odd", 1, 1, 1000, "T5")), "aws"); err == nil || !strings.Contains(err.Error(), `no GPU model "T5"`) {
		t.Errorf("got error %v", err)
	}
}

// TestGPUModelsAreOnSale wants each model that stands in for one of the traces
// to be that of a pool.
func TestGPUModelsAreOnSale(t *testing.T) {
	for _, cloud := range Clouds() {
		pools, err := Catalog(cloud, "")
		if err != nil {
			t.Fatal(err)
		}
		sold := map[string]bool{}
		for _, p := range pools {
			sold[p.Template.Labels[GPUModelLabel]] = true
		}
		for _, model := range traceModels() {
			if len(gpuModels[cloud][model]) == 0 {
				t.Errorf("%s: nothing stands in for %s", cloud, model)
			}
			for _, m := range gpuModels[cloud][model] {
				if !sold[m] {
					t.Errorf("%s: %s is to stand in for %s, and no pool has it", cloud, m, model)
				}
			}
		}
	}
}

// Nobody buys a GPU node for a pod without GPUs, so that it is refused: with the
// request as it was given.
func TestTrimLeavesAsGivenWhatIsRefused(t *testing.T) {
	pools := []Pool{
		{Name: "cpu", Template: &corev1.Node{Status: corev1.NodeStatus{Allocatable: amounts("100", "400Gi")}}},
		{Name: "gpu", Template: &corev1.Node{Status: corev1.NodeStatus{Allocatable: amounts("94", "800Gi")}}},
	}
	pools[1].Template.Status.Allocatable[GPUMilli] = quantity("8000")
	in := makeWorkload(makePod("memory", 50000, 1000<<10, 0), makePod("cpu", 120000, 1, 0))
	out := Trim(in, pools)
	if out.Pods[0].Object != in.Pods[0].Object {
		t.Errorf("the pod that is near to the GPU node was trimmed to %+v", costmodel.RequestOf(out.Pods[0].Object))
	}
	if got := costmodel.RequestOf(out.Pods[1].Object).MilliCPU; got != 100000 {
		t.Errorf("the pod that is near to the other was trimmed to %d, want 100000", got)
	}
}

func TestTrim(t *testing.T) {
	pools := []Pool{
		{Name: "cpu", Template: &corev1.Node{Status: corev1.NodeStatus{Allocatable: amounts("100", "400Gi")}}},
		{Name: "gpu", Template: &corev1.Node{Status: corev1.NodeStatus{Allocatable: amounts("94", "800Gi")}}},
	}
	pools[1].Template.Status.Allocatable[GPUMilli] = quantity("8000")
	fits, large, many := makePod("fits", 1000, 1, 0), makePod("large", 120000, 500<<10, 8000), makePod("many", 1000, 1, 9000)
	in := makeWorkload(fits, large, many)
	out := Trim(in, pools)
	if out.Pods[0].Object != fits || out.Pods[2].Object != many {
		t.Error("pods that fit, or that no trimming makes fit, were changed")
	}
	want := costmodel.Request{MilliCPU: 94000, Memory: 500 << 30, Scalar: map[corev1.ResourceName]int64{GPUMilli: 8000}}
	if diff := cmp.Diff(want, costmodel.RequestOf(out.Pods[1].Object)); diff != "" {
		t.Errorf("unexpected request (-want, +got):\n%s", diff)
	}
	if got := costmodel.RequestOf(large).MilliCPU; got != 120000 {
		t.Errorf("the input was changed to %d", got)
	}
	if len(out.LeftOut) != 1 || !strings.HasPrefix(out.LeftOut[0], "1 of 3 pods ") {
		t.Errorf("got left out %q", out.LeftOut)
	}
}
