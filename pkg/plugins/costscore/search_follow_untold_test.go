// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"fmt"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
)

// Nobody tells of a pod that another profile gave a node. The index does not hand
// out the node if it is full now, and notices after a while that it is free again.
func TestUntoldChangesAreNoticed(t *testing.T) {
	tests := map[string]struct {
		pause time.Duration
		// most is how many cycles it may take.
		most int
	}{
		"in turn":           {around / 100, 100},
		"in turn, slower":   {around - 1, 2},
		"after an idle one": {around, 1},
	}
	for name, tt := range tests {
		for _, count := range []int{1, 2, 63, 64, 65, 130} {
			t.Run(fmt.Sprintf("%s, %d nodes", name, count), func(t *testing.T) {
				const cheapest = "z" // the last in turn
				nodes := []*v1.Node{}
				for i := range count - 1 {
					nodes = append(nodes, node(fmt.Sprintf("n%03d", i), "0.20"))
				}
				l := newLive(t, append(nodes, node(cheapest, "0.10")))
				find := func() string {
					l.pass(tt.pause)
					l.update(t)
					return l.findOnly(t, pod("p").Obj())
				}
				if got := l.cycle(t, pod("p").Obj()).found; got != cheapest {
					t.Fatalf("got node %q, want the cheapest", got)
				}
				foreign := pod("foreign").Req(resources{"cpu": "4"}).Obj()
				l.foreign(t, foreign, cheapest)
				if got := find(); got == cheapest || got == "" && count > 1 {
					t.Fatalf("got node %q, want one with room", got)
				}
				l.must(t, l.cache.ForgetPod(klog.Logger{}, foreign))
				cycles := 1
				for find() != cheapest {
					if cycles++; cycles > tt.most {
						t.Fatalf("not noticed in %d cycles", tt.most)
					}
				}
				l.cycle(t, pod("p").Obj())
			})
		}
	}
}

// What is told counts in the next cycle, in whatever order the plugin and the
// cache hear of it, and so do two things at about the same time.
func TestToldChangesCountAtOnce(t *testing.T) {
	// The pods on the cheapest node leave no room. Then they go.
	for name, hear := range map[string]func(t *testing.T, l *live, tell, apply func()){
		"the cache first":  func(_ *testing.T, _ *live, tell, apply func()) { apply(); tell() },
		"the plugin first": func(_ *testing.T, _ *live, tell, apply func()) { tell(); apply() },
		"a cycle between": func(t *testing.T, l *live, tell, apply func()) {
			tell()
			l.cycle(t, pod("between").Obj())
			l.pass(patience / 2)
			apply()
		},
		"another change between": func(t *testing.T, l *live, tell, apply func()) {
			tell()
			l.assume(t, pod("other").Req(resources{"cpu": "0"}).Obj(), "a")
			l.cycle(t, pod("between").Obj())
			l.pass(patience / 2)
			apply()
		},
	} {
		t.Run(name, func(t *testing.T) {
			nodes := []*v1.Node{node("a", "0.10")}
			for i := range 100 {
				nodes = append(nodes, node(fmt.Sprintf("n%03d", i), "0.20"))
			}
			l := newLive(t, nodes)
			big := pod("big").Req(resources{"cpu": "4"}).Node("a").Obj()
			l.must(t, l.cache.AddPod(l.logger, big))
			if got := l.cycle(t, pod("p").Obj()).found; got == "a" || got == "" {
				t.Fatalf("got node %q, want one with room", got)
			}
			l.cycle(t, pod("p").Obj())
			l.plugin.follower.turn = 1 // a has just been looked at
			hear(t, l, func() { l.plugin.assignedPodHandler().OnDelete(big) }, func() { l.must(t, l.cache.RemovePod(l.logger, big)) })
			if got := l.cycle(t, pod("p").Obj()).found; got != "a" {
				t.Errorf("got node %q, want a", got)
			}
		})
	}
}

// What was told is forgotten when the patience is over, so that cycles do not
// look at ever more nodes. Reserve needs none.
func TestToldIsForgotten(t *testing.T) {
	l := newLive(t, []*v1.Node{node("a", "0.10"), node("b", "0.20")})
	want := func(want int) {
		t.Helper()
		l.cycle(t, pod("p").Obj())
		if got := len(l.plugin.follower.told) + len(l.plugin.follower.watched); got != want {
			t.Errorf("got %d nodes to look at, want %d", got, want)
		}
	}
	l.plugin.assignedPodHandler().OnAdd(on("a", "before", 0), false)
	want(0) // all are looked at in the first cycle
	l.assume(t, pod("q").Obj(), "a")
	want(0)
	l.plugin.assignedPodHandler().OnAdd(on("a", "x", 0), false)
	l.plugin.assignedPodHandler().OnAdd(on("nowhere", "y", 0), false)
	l.plugin.assignedPodHandler().OnAdd(pod("pending").Obj(), false)
	l.plugin.assignedPodHandler().OnDelete("no pod")
	l.assume(t, pod("r").Obj(), "a")
	want(2)
	l.pass(patience)
	want(2)
	l.pass(1)
	want(0)
}

// Where much happens at once, nodes are looked at, but not all of them in each cycle.
func TestMuchIsTold(t *testing.T) {
	var nodes []*v1.Node
	for i := range 2 * mostWatched {
		nodes = append(nodes, node(fmt.Sprintf("n%03d", i), "0.20"))
	}
	l := newLive(t, append(nodes, node("z", "0.10")))
	l.cycle(t, pod("p").Obj())
	for _, n := range nodes {
		l.plugin.changed(n.Name)
	}
	l.update(t)
	l.cycle(t, pod("q").Obj())
	if got := len(l.plugin.follower.watched); got != mostWatched {
		t.Errorf("%d nodes are watched, want %d", got, mostWatched)
	}
	l.pass(patience + 1)
	l.cycle(t, pod("r").Obj())
	for _, s := range l.plugin.follower.seen {
		if !s.until.IsZero() && s.info.Node().Name != "z" {
			t.Errorf("node %s is still watched", s.info.Node().Name)
		}
	}
}
