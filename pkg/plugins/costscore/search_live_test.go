// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	internalcache "k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
)

// live is a cluster whose snapshot follows a scheduler's cache. The plugin hears
// of changes by the events that a test calls, before or after the cache.
type live struct {
	*cluster
	cache  internalcache.Cache
	logger klog.Logger
}

func newLive(t testing.TB, nodes []*v1.Node, change ...func(*config.CostScoreArgs)) *live {
	t.Helper()
	ctx := klog.NewContext(t.Context(), klog.Logger{})
	l := &live{cluster: newCluster(t, nodes, nil, change...), cache: internalcache.New(ctx, 0, nil)}
	for _, n := range nodes {
		l.cache.AddNode(l.logger, n)
	}
	return l
}

// cycle takes a new snapshot and places a pod; see cluster.place.
func (l *live) cycle(t testing.TB, pod *v1.Pod) placement {
	t.Helper()
	l.update(t)
	return l.place(t, pod)
}

func (l *live) update(t testing.TB) {
	t.Helper()
	if err := l.cache.UpdateSnapshot(l.logger, l.snapshot); err != nil {
		t.Fatal(err)
	}
}

// assume has the cache and then the plugin take note of a placement, as the
// scheduler does.
func (l *live) assume(t testing.TB, pod *v1.Pod, node string) {
	t.Helper()
	l.foreign(t, pod, node)
	l.plugin.Reserve(context.Background(), framework.NewCycleState(), pod, node)
}

// foreign has the cache take note of a placement by another profile, whose
// plugins hear of it instead.
func (l *live) foreign(t testing.TB, pod *v1.Pod, node string) {
	t.Helper()
	pod.Spec.NodeName = node
	l.must(t, l.cache.AssumePod(l.logger, pod))
}

func (l *live) must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (l *live) pass(d time.Duration) { l.clock.SetTime(l.clock.Now().Add(d)) }

// anew returns the plugin as it would be if it had begun now: it has the same
// prices, and an index that is empty.
func (l *live) anew() *CostScore {
	pl := l.plugin
	fresh := &CostScore{
		clock: pl.clock, strategy: pl.strategy, lifetimes: pl.lifetimes, nodes: pl.nodes, podFacts: newPodFactsCache(pl.lifetimes),
		podLister: pl.podLister, problems: pl.problems, activator: pl.activator, handle: pl.handle, indexed: pl.indexed, mostRefused: pl.mostRefused, mostTime: pl.mostTime,
	}
	fresh.follower.ageless = pl.follower.ageless
	fresh.factsOnce.Do(func() { fresh.facts = pl.facts })
	return fresh
}

// wantAsAnew checks that the index finds the same for pods as one that was built
// from the snapshot, and returns how many it found a node for.
func (l *live) wantAsAnew(t testing.TB, pods ...*v1.Pod) int {
	t.Helper()
	ctx, fresh, found := context.Background(), l.anew(), 0
	all, err := l.snapshot.List()
	l.must(t, err)
	for _, p := range pods {
		state := framework.NewCycleState()
		result, status, _ := l.RunPreFilterPlugins(ctx, state, p)
		if !status.IsSuccess() {
			t.Fatalf("PreFilter: %v", status.AsError())
		}
		forget(&l.plugin.handed)
		limits, err := limitsOf(p)
		l.must(t, err)
		got := ""
		if !result.AllNodes() {
			got = result.NodeNames.UnsortedList()[0]
			found++
		}
		if want, reason := fresh.search(ctx, state, p, &limits, all); got != want {
			t.Errorf("pod %s: the index has node %q, one that is built anew has %q (%s)", p.Name, got, want, reason)
		}
		forget(&fresh.handed)
	}
	return found
}

// stale returns the nodes that have changed since they were put into the index.
func (l *live) stale() (names []string) {
	for _, s := range l.plugin.follower.seen {
		if s.info.GetGeneration() != s.generation {
			names = append(names, s.info.Node().Name)
		}
	}
	return names
}

// findOnly places a pod where some changes have not been told of yet: the node
// that the index finds has to pass all the same.
func (l *live) findOnly(t testing.TB, p *v1.Pod) string {
	t.Helper()
	ctx, state := context.Background(), framework.NewCycleState()
	result, status, _ := l.RunPreFilterPlugins(ctx, state, p)
	if !status.IsSuccess() {
		t.Fatalf("PreFilter: %v", status.AsError())
	}
	if result.AllNodes() {
		return ""
	}
	found := result.NodeNames.UnsortedList()[0]
	info, err := l.snapshot.Get(found)
	l.must(t, err)
	if status := l.RunFilterPlugins(ctx, state, p, info); !status.IsSuccess() {
		t.Errorf("node %s from the index is rejected: %v", found, status.AsError())
	}
	return found
}

// forget has a node that was handed over not be missed, for tests that do not call
// Filter.
func forget(h *handed) { h.pod.Store(nil) }
