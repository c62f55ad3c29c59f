// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/utils/ptr"
	"pgregory.net/rapid"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
)

func TestPodFacts(t *testing.T) {
	started := func(p *v1.Pod, age time.Duration) *v1.Pod {
		start := metav1.NewTime(testNow.Add(-age))
		p.Status.StartTime = &start
		return p
	}
	unscheduled := on("n", "u", 5*time.Hour)
	unscheduled.Status.Conditions[0].Status = v1.ConditionFalse
	mirror := on("n", "m", 100*time.Hour)
	mirror.Annotations = map[string]string{v1.MirrorPodAnnotationKey: "x"}
	tests := []struct {
		name           string
		pods           []*v1.Pod
		wantAge        time.Duration
		wantBusy       *time.Duration // nil: costmodel.Forever
		wantDaemonSets costmodel.Request
	}{
		{name: "empty node", wantBusy: new(time.Duration)},
		{name: "just assumed", pods: []*v1.Pod{pod("a").Obj()}},
		{name: "oldest counts", pods: []*v1.Pod{on("n", "a", time.Hour), on("n", "b", 3*time.Hour), on("n", "c", 2*time.Hour)}, wantAge: 3 * time.Hour},
		{name: "start time where there is no condition", pods: []*v1.Pod{started(pod("a").Obj(), time.Hour)}, wantAge: time.Hour},
		{name: "the condition goes before the start time", pods: []*v1.Pod{started(on("n", "a", 2*time.Hour), time.Hour)}, wantAge: 2 * time.Hour},
		{name: "a false condition is none", pods: []*v1.Pod{started(unscheduled, time.Hour)}, wantAge: time.Hour},
		{name: "mirror pods are left out", pods: []*v1.Pod{mirror, on("n", "a", time.Minute)}, wantAge: time.Minute},
		{name: "clocks may differ", pods: []*v1.Pod{on("n", "a", -time.Minute)}},
		{
			name:    "the last end counts",
			pods:    []*v1.Pod{lasting(on("n", "a", time.Hour), "90m"), lasting(on("n", "b", 3*time.Hour), "4h"), lasting(on("n", "c", 2*time.Hour), "1h")},
			wantAge: 3 * time.Hour, wantBusy: ptr.To(time.Hour),
		},
		{name: "should have ended", pods: []*v1.Pod{lasting(on("n", "a", time.Hour), "30m")}, wantAge: time.Hour, wantBusy: new(time.Duration)},
		{
			name:    "one that has not started starts now",
			pods:    []*v1.Pod{lasting(on("n", "a", time.Hour), "90m"), lasting(pod("b").Obj(), "45m")},
			wantAge: time.Hour, wantBusy: ptr.To(45 * time.Minute),
		},
		{name: "one that never ends", pods: []*v1.Pod{lasting(on("n", "a", time.Hour), "2h"), on("n", "b", time.Hour)}, wantAge: time.Hour},
		{name: "a malformed lifetime is none", pods: []*v1.Pod{lasting(on("n", "a", time.Hour), "soon")}, wantAge: time.Hour},
		{name: "deadline", pods: []*v1.Pod{deadline(on("n", "a", time.Hour), 7200)}, wantAge: time.Hour, wantBusy: ptr.To(time.Hour)},
		{
			name: "DaemonSets are summed up and have no age",
			pods: []*v1.Pod{
				ofDaemonSet(on("n", "a", time.Hour)),
				ofDaemonSet(pod("b").Req(resources{"cpu": "500m", "example.com/gpu": "1"}).Obj()),
			},
			wantBusy:       new(time.Duration),
			wantDaemonSets: costmodel.Request{MilliCPU: 2500, Memory: 2 << 30, Scalar: map[v1.ResourceName]int64{"example.com/gpu": 1}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var infos []fwk.PodInfo
			for _, p := range tt.pods {
				info, err := framework.NewPodInfo(p)
				if err != nil {
					t.Fatal(err)
				}
				infos = append(infos, info)
			}
			got := factsOf(readPods(nil, infos, true), true)
			if age := got.age(testNow); age != tt.wantAge {
				t.Errorf("got age %v, want %v", age, tt.wantAge)
			}
			if busy, want := got.busy(testNow), ptr.Deref(tt.wantBusy, costmodel.Forever); busy != want {
				t.Errorf("got busy for %v, want %v", busy, want)
			}
			if diff := cmp.Diff(tt.wantDaemonSets, got.daemonSets); diff != "" {
				t.Errorf("unexpected sum of DaemonSets (-want, +got):\n%s", diff)
			}
		})
	}
}

func TestPodFactsFollowThePods(t *testing.T) {
	c := newCluster(t, []*v1.Node{node("n", "0.10")}, []*v1.Pod{on("n", "a", time.Hour)})
	info, err := c.snapshot.Get("n")
	if err != nil {
		t.Fatal(err)
	}
	if got := c.plugin.podFacts.of(info).age(testNow); got != time.Hour {
		t.Errorf("got age %v, want 1h", got)
	}
	added, err := framework.NewPodInfo(on("n", "b", 2*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	info.AddPodInfo(added)
	if got := c.plugin.podFacts.of(info).age(testNow); got != 2*time.Hour {
		t.Errorf("got age %v after an older pod came, want 2h", got)
	}
}

// Pods that were there before are not read again, and others are: whatever comes, goes
// or changes, the facts are those of the pods that are there.
func TestReadPodsAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		info, serial := framework.NewNodeInfo(), 0
		info.SetNode(node("n", ""))
		draw := func(t *rapid.T) *v1.Pod {
			p := on("n", fmt.Sprint("p", serial), time.Duration(rapid.IntRange(0, 5).Draw(t, "hours"))*time.Hour)
			switch serial++; rapid.IntRange(0, 5).Draw(t, "kind") {
			case 0:
				ofDaemonSet(p)
			case 1:
				metav1.SetMetaDataAnnotation(&p.ObjectMeta, v1.MirrorPodAnnotationKey, "x")
			case 2:
				p.Status = v1.PodStatus{}
			case 3:
				lasting(p, "2h")
			}
			return p
		}
		var pods []*v1.Pod
		var known []podFact
		for range rapid.IntRange(1, 20).Draw(t, "changes") {
			for range rapid.IntRange(0, 3).Draw(t, "at once") {
				if len(pods) > 0 && rapid.Bool().Draw(t, "removed") {
					i := rapid.IntRange(0, len(pods)-1).Draw(t, "which")
					if err := info.RemovePod(klog.Background(), pods[i]); err != nil {
						t.Fatal(err)
					}
					pods = slices.Delete(pods, i, i+1)
				} else {
					pods = append(pods, draw(t))
					info.AddPod(pods[len(pods)-1])
				}
			}
			known = readPods(known, info.GetPods(), true)
			got, want := factsOf(known, true), factsOf(readPods(nil, info.GetPods(), true), true)
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(podFacts{})); diff != "" {
				t.Fatalf("after a change (-want, +got):\n%s", diff)
			}
		}
	})
}

// A pod that is added or removed costs one reading.
func TestFewPodsAreReadAgain(t *testing.T) {
	info := framework.NewNodeInfo()
	info.SetNode(node("n", ""))
	var pods []*v1.Pod
	for i := range 10 {
		pods = append(pods, on("n", fmt.Sprint("p", i), time.Hour))
		info.AddPod(pods[i])
	}
	before := readPods(nil, info.GetPods(), false)
	for i := range before {
		before[i].start = int64(i) // so that it shows whether they are read
	}
	if err := info.RemovePod(klog.Background(), pods[3]); err != nil {
		t.Fatal(err)
	}
	info.AddPod(on("n", "another", 0))
	var kept []int64
	for _, f := range readPods(before, info.GetPods(), false) {
		if f.start < 10 {
			kept = append(kept, f.start)
		}
	}
	if want := []int64{0, 1, 2, 9, 4, 5, 6, 7, 8}; !slices.Equal(kept, want) {
		t.Errorf("kept %v, want %v", kept, want)
	}
}
