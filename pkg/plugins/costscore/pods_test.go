// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/utils/ptr"

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
			got := podFactsOf(infos, true)
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
