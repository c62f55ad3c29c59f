// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"
	"slices"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/component-base/metrics/testutil"
	fwk "k8s.io/kube-scheduler/framework"
	schedconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

func missesSoFar(t *testing.T) float64 {
	t.Helper()
	registerMetrics() // which count from then on
	value, err := testutil.GetCounterMetricValue(misses)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestHanded(t *testing.T) {
	p, again, other := pod("p").Obj(), pod("p").Obj(), pod("q").Obj()
	again.ResourceVersion = "2" // a newer object of the same pod
	n, m := node("n", ""), node("m", "")
	type cycle struct {
		*handed
		state fwk.CycleState
	}
	over := func(c *cycle, p *v1.Pod, node string) {
		c.state = framework.NewCycleState()
		c.over(c.state, p, node, false)
	}
	accepted := func(c *cycle, p *v1.Pod, n *v1.Node) { c.accepted(c.state, p, n) }
	tests := map[string]struct {
		do        func(*cycle)
		wantMiss  bool
		activated []string
	}{
		"nothing was handed":             {do: func(*cycle) {}},
		"the others let the pod through": {do: func(c *cycle) { over(c, p, "n"); accepted(c, p, n) }},
		"another object of the pod":      {do: func(c *cycle) { over(c, p, "n"); accepted(c, again, n) }},
		"a pod that was not handed":      {do: func(c *cycle) { accepted(c, p, n) }},
		"the node was rejected":          {do: func(c *cycle) { over(c, p, "n") }, wantMiss: true, activated: []string{"p"}},
		"another pod went through":       {do: func(c *cycle) { over(c, p, "n"); accepted(c, other, n) }, wantMiss: true, activated: []string{"p"}},
		"the pod went through before":    {do: func(c *cycle) { accepted(c, p, n); over(c, p, "n") }, wantMiss: true, activated: []string{"p"}},
		"the second of two was rejected": {do: func(c *cycle) { over(c, p, "n"); accepted(c, p, n); over(c, other, "m") }, wantMiss: true, activated: []string{"q"}},
		"more is asked afterwards":       {do: func(c *cycle) { over(c, p, "n"); accepted(c, p, n); accepted(c, p, m); accepted(c, other, n) }},
		"preemption tries the node": {
			do: func(c *cycle) { over(c, p, "n"); c.accepted(c.state.Clone(), p, n) }, wantMiss: true, activated: []string{"p"},
		},
		"the copy of a copy": {
			do: func(c *cycle) { over(c, p, "n"); c.accepted(c.state.Clone().Clone(), p, n) }, wantMiss: true, activated: []string{"p"},
		},
		"with nominated pods, and then without": {do: func(c *cycle) { over(c, p, "n"); c.accepted(c.state.Clone(), p, n); accepted(c, p, n) }},
		"a batch asks for the last node":        {do: func(c *cycle) { c.placed("m"); over(c, p, "n"); accepted(c, p, m) }, wantMiss: true, activated: []string{"p"}},
		"a batch has another node":              {do: func(c *cycle) { c.placed("x"); over(c, p, "n"); accepted(c, p, m) }},
		"the last node again":                   {do: func(c *cycle) { c.placed("n"); over(c, p, "n"); accepted(c, p, n) }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h, activator, before := &handed{}, &fakeActivator{}, missesSoFar(t)
			trusted := func(after time.Duration) bool {
				return h.trusted(context.Background(), activator, testNow.Add(after), other)
			}
			tt.do(&cycle{h, framework.NewCycleState()})
			if got := trusted(0); got == tt.wantMiss {
				t.Errorf("trusted: %t", got)
			}
			if got := missesSoFar(t) - before; (got == 1) != tt.wantMiss {
				t.Errorf("got %v misses", got)
			}
			if got := activator.activated(); !slices.Equal(got, tt.activated) {
				t.Errorf("activated %q, want %q", got, tt.activated)
			}
			// It is told once, and forgiven after a while.
			if got := trusted(distrust - 1); got == tt.wantMiss {
				t.Errorf("trusted just before the end: %t", got)
			}
			if !trusted(distrust) || missesSoFar(t)-before > 1 || len(activator.activated()) != len(tt.activated) {
				t.Errorf("got %v misses and activated %q in the end", missesSoFar(t)-before, activator.activated())
			}
		})
	}
}

// With volumes or claims, whose informers may be ahead of the search, only the pod
// itself is placed without the index.
func TestHandedWithVolumes(t *testing.T) {
	p, other := pod("p").Obj(), pod("q").Obj()
	h, activator, before := &handed{}, &fakeActivator{}, missesSoFar(t)
	trusted := func(next *v1.Pod) bool { return h.trusted(context.Background(), activator, testNow, next) }
	h.over(framework.NewCycleState(), p, "n", true)
	if !trusted(other) || trusted(p) || trusted(p) || !trusted(other) {
		t.Error("want the index for the other pod only")
	}
	if got := activator.activated(); missesSoFar(t) != before+1 || !slices.Equal(got, []string{"p"}) {
		t.Errorf("got %v misses and activated %q", missesSoFar(t)-before, got)
	}
}

// rejecting is a framework with a Filter plugin before all others that rejects a
// node, as one would that the index does not know of.
type rejecting struct {
	framework.Framework
	node string
}

func (r rejecting) RunFilterPlugins(ctx context.Context, state fwk.CycleState, pod *v1.Pod, info fwk.NodeInfo) *fwk.Status {
	if info.Node().Name == r.node {
		return fwk.NewStatus(fwk.Unschedulable, "no")
	}
	return r.Framework.RunFilterPlugins(ctx, state, pod, info)
}

// After a miss the pod is tried again at once with all nodes, and so are others
// for a minute.
func TestMiss(t *testing.T) {
	c := newCluster(t, []*v1.Node{node("a", "0.20"), node("b", "0.10"), node("c", "0.30")}, nil)
	find := func(p *v1.Pod, want string, wantBest ...string) {
		t.Helper()
		got := c.place(t, p)
		if got.found != want || !slices.Equal(got.best, wantBest) {
			t.Errorf("pod %s: got %q of %q, want %q of %q", p.Name, got.found, got.best, want, wantBest)
		}
	}
	find(pod("before").Obj(), "b", "b")
	before, fine := missesSoFar(t), c.Framework

	// The cycle ends with a pod that has no node.
	ctx, state, lost := t.Context(), framework.NewCycleState(), pod("lost").Obj()
	c.Framework = rejecting{fine, "b"}
	result, _, _ := c.RunPreFilterPlugins(ctx, state, lost)
	if result.AllNodes() || !result.NodeNames.Has("b") {
		t.Fatalf("got %v, want b", result)
	}
	info, err := c.snapshot.Get("b")
	if err != nil {
		t.Fatal(err)
	}
	if status := c.RunFilterPlugins(ctx, state, lost, info); status.IsSuccess() {
		t.Fatal("the node is not rejected")
	}
	if got := missesSoFar(t) - before; got != 0 {
		t.Errorf("got %v misses in the cycle itself", got)
	}

	find(pod("next").Obj(), "", "a")
	if got := missesSoFar(t) - before; got != 1 {
		t.Errorf("got %v misses, want 1", got)
	}
	if got := c.activator.activated(); !slices.Equal(got, []string{"lost"}) {
		t.Errorf("activated %q, want the pod that lost its node", got)
	}
	find(lost, "", "a")
	c.Framework = fine
	c.clock.SetTime(testNow.Add(distrust - 1))
	find(pod("soon").Obj(), "", "b")
	c.clock.SetTime(testNow.Add(distrust))
	find(pod("later").Obj(), "b", "b")
	if got := missesSoFar(t) - before; got != 1 || len(c.activator.activated()) != 1 {
		t.Errorf("got %v misses and activated %q, want what there was", got, c.activator.activated())
	}
}

// A cycle in which all nodes are compared is not mistaken for a miss, whatever
// becomes of its pod.
func TestFullSearchIsNoMiss(t *testing.T) {
	c, before := newCluster(t, []*v1.Node{node("a", "0.20")}, nil), missesSoFar(t)
	c.Framework = rejecting{c.Framework, "a"}
	for _, p := range []*v1.Pod{
		pod("nominated").NominatedNodeName("a").Obj(), // not for the index
		pod("big").Req(resources{"cpu": "5"}).Obj(),   // has no room
		limitedPod("0.10", ""),                        // is not allowed there
		pod("last").NominatedNodeName("a").Obj(),
	} {
		if got := c.place(t, p); got.found != "" {
			t.Errorf("pod %s: got node %q", p.Name, got.found)
		}
	}
	if got := missesSoFar(t) - before; got != 0 {
		t.Errorf("got %v misses", got)
	}
}

// A pod that CertGate rejects would look like a miss if the index had found a node
// for it before: so CertGate has to come first.
func TestRejectionByPreFilterIsNoMiss(t *testing.T) {
	c := newCluster(t, nil, nil)
	last := edited{c, func(p *schedconfig.Plugins) {
		p.PreFilter.Enabled = append(p.PreFilter.Enabled, schedconfig.Plugin{Name: certGate})
	}, nil}
	if got, want := (&profileFacts{}).check(t.Context(), last), "CostScore is not the last PreFilter plugin"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
