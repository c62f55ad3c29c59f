// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/ktesting"
	testingclock "k8s.io/utils/clock/testing"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/podcondition"
)

// recorder is an activator that hands over what it is told to activate.
type recorder chan []string

func (r recorder) Activate(_ klog.Logger, pods map[string]*v1.Pod) {
	r <- slices.Sorted(maps.Keys(pods))
}

func (r recorder) want(t *testing.T, uids ...string) {
	t.Helper()
	select {
	case got := <-r:
		if diff := cmp.Diff(uids, got); diff != "" {
			t.Errorf("Unexpected pods activated (-want, +got):\n%s", diff)
		}
	case <-time.After(patience):
		t.Fatalf("Pods %v were not activated", uids)
	}
}

// startWaker runs a waker with three waiting pods: web and api wait for their Secrets, bad for none.
func startWaker(t *testing.T) (*waker, *testingclock.FakeClock, recorder) {
	t.Helper()
	logger, ctx := ktesting.NewTestContext(t)
	ctx, cancel := context.WithCancel(ctx)
	clk, activated, index := testingclock.NewFakeClock(start), make(recorder), newWaiting(func(int) {})
	for _, name := range []string{"web", "api", "bad"} {
		pod := newPod(name, nil)
		index.Add(pod)
		if name != "bad" {
			index.Require(pod, declare.Declaration{Requirements: []declare.Requirement{{SecretName: name + "-tls"}}}, nil)
		}
	}
	w := newWaker(logger, clk, index, activated)
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return w, clk, activated
}

func TestWakerSecretChanged(t *testing.T) {
	w, _, activated := startWaker(t)
	w.secretChanged(namespace, "other-tls")
	w.secretChanged("elsewhere", "web-tls")
	w.secretChanged("elsewhere", "")
	w.secretChanged(namespace, "web-tls")
	activated.want(t, "uid-web")
	w.secretChanged(namespace, "")
	activated.want(t, "uid-api", "uid-bad", "uid-web")
	w.secretChanged("", "")
	activated.want(t, "uid-api", "uid-bad", "uid-web")
}

// TestActivationIsCut has many pods wake at once: the queue's lock is given back in between.
func TestActivationIsCut(t *testing.T) {
	logger, _ := ktesting.NewTestContext(t)
	index, sizes := newWaiting(func(int) {}), sizes{}
	for i := range 2*maxActivated + 1 {
		index.Add(newPod(fmt.Sprint("web-", i), requires("web-tls")))
	}
	w := newWaker(logger, testingclock.NewFakeClock(start), index, &sizes)
	w.activate(index.All(""))
	if diff := cmp.Diff([]int{maxActivated, maxActivated, 1}, sizes.pods); diff != "" {
		t.Errorf("Unexpected numbers of pods activated (-want, +got):\n%s", diff)
	}
}

// sizes is an activator that counts.
type sizes struct{ pods []int }

func (s *sizes) Activate(_ klog.Logger, pods map[string]*v1.Pod) { s.pods = append(s.pods, len(pods)) }

func TestWakerDeadlines(t *testing.T) {
	w, clk, activated := startWaker(t)
	for uid, seconds := range map[string]time.Duration{"uid-web": 2, "uid-api": 1, "uid-bad": 2} {
		for _, pod := range w.waiting.Pods(w.waiting.All("")) {
			if string(pod.UID) == uid {
				w.waiting.WakeAt(pod.UID, start.Add(seconds*time.Second))
			}
		}
	}
	w.poke()
	waitForAlarm(t, clk)
	clk.Step(time.Second)
	activated.want(t, "uid-api")
	waitForAlarm(t, clk)
	clk.Step(time.Second)
	activated.want(t, "uid-bad", "uid-web")
}

// waitForAlarm waits until the waker, the only user of the clock, sleeps with a timer.
func waitForAlarm(t *testing.T, clk *testingclock.FakeClock) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !clk.HasWaiters() {
		if time.Now().After(deadline) {
			t.Fatal("The waker sets no timer")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestWakerPodEvents(t *testing.T) {
	web := newPod("web", requires("web-tls"))
	annotated := newPod("web", requires("other-tls"))
	bound := newPod("web", nil)
	bound.Spec.NodeName = "node-1"
	recreated := newPod("web", requires("web-tls"))
	recreated.UID = "uid-web-2"
	labelled := newPod("web", requires("web-tls"))
	labelled.Labels = map[string]string{"app": "web"}
	stranger := newPod("stranger", nil)
	reported := newPod("web", requires("web-tls"))
	reported.Status.Conditions = []v1.PodCondition{{Type: podcondition.Type, Status: v1.ConditionTrue}}
	other := reported.DeepCopy()
	other.Status.Conditions = append(other.Status.Conditions, v1.PodCondition{Type: v1.PodScheduled, Status: v1.ConditionFalse})

	tests := []struct {
		name       string
		event      func(h cache.ResourceEventHandler)
		wantMarked int
		wantGone   bool
	}{
		{name: "new annotation", event: func(h cache.ResourceEventHandler) { h.OnUpdate(web, annotated) }, wantMarked: 1},
		{name: "new label", event: func(h cache.ResourceEventHandler) { h.OnUpdate(web, labelled) }},
		{name: "new annotation on a pod that does not wait", event: func(h cache.ResourceEventHandler) {
			h.OnUpdate(stranger, newPod("stranger", requires("web-tls")))
		}},
		{name: "new condition of ours", event: func(h cache.ResourceEventHandler) { h.OnUpdate(web, reported) }, wantMarked: 1},
		{name: "the same condition of ours", event: func(h cache.ResourceEventHandler) { h.OnUpdate(reported, reported.DeepCopy()) }},
		{name: "another condition", event: func(h cache.ResourceEventHandler) { h.OnUpdate(reported, other) }},
		{name: "bound", event: func(h cache.ResourceEventHandler) { h.OnUpdate(web, bound) }, wantGone: true},
		{name: "recreated", event: func(h cache.ResourceEventHandler) { h.OnUpdate(web, recreated) }, wantGone: true},
		{name: "deleted", event: func(h cache.ResourceEventHandler) { h.OnDelete(web) }, wantGone: true},
		{name: "deleted while the watch was broken", event: func(h cache.ResourceEventHandler) {
			h.OnDelete(cache.DeletedFinalStateUnknown{Key: namespace + "/web", Obj: web})
		}, wantGone: true},
		{name: "not a pod", event: func(h cache.ResourceEventHandler) { h.OnDelete(&v1.Node{}) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			logger, _ := ktesting.NewTestContext(t)
			index := newWaiting(func(int) {})
			index.Add(web)
			w := newWaker(logger, testingclock.NewFakeClock(start), index, nil)
			pl := &CertGate{logger: logger, waiting: index, waker: w, source: fromPodCondition{}}
			tt.event(pl.podHandler())
			if got := len(w.takeMarked()); got != tt.wantMarked {
				t.Errorf("%d pods are marked, want %d", got, tt.wantMarked)
			}
			if got := !index.Has(web.UID); got != tt.wantGone {
				t.Errorf("The pod is gone from the index: %t, want %t", got, tt.wantGone)
			}
		})
	}
}

// TestWakerBeforeActivator hears of Secrets while the framework has no activator yet.
func TestWakerBeforeActivator(t *testing.T) {
	logger, _ := ktesting.NewTestContext(t)
	w := newWaker(logger, testingclock.NewFakeClock(start), newWaiting(func(int) {}), nil)
	w.secretChanged("", "")
	w.secretChanged(namespace, "web-tls")
	w.wake("uid-gone")
	w.activate(w.takeMarked())
}
