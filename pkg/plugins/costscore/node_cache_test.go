// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/cache"
	"k8s.io/component-base/metrics/testutil"
	"k8s.io/kubernetes/pkg/scheduler/framework"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// One bad annotation costs nobody anything: the node falls to the next source,
// one event and one count of the metric say so.
func TestMalformedPrice(t *testing.T) {
	for _, value := range []string{"abc", "-1", "1e400", ""} {
		t.Run(fmt.Sprintf("%q", value), func(t *testing.T) {
			priceProblems.Reset()
			bad := node("bad", "", annotation(pricing.PriceAnnotation, value), annotation("hightower.com/cost", "0.01"))
			c := newCluster(t, []*v1.Node{bad, node("good", "0.10")}, nil)
			for i := range 3 {
				got := c.place(t, pod(fmt.Sprintf("p%d", i)).Obj())
				if len(got.best) != 1 || got.best[0] != "bad" {
					t.Errorf("got nodes %v, want bad, by its second annotation", got.best)
				}
			}
			// A kubelet replaces its Node object all the time.
			c.plugin.nodes.price(bad.DeepCopy())
			wantEvents(t, c, "Warning InvalidPrice")
			wantProblems(t, pricing.PriceAnnotation, 1)

			// Another wrong value is news.
			worse := bad.DeepCopy()
			worse.Annotations[pricing.PriceAnnotation] = "free"
			c.plugin.nodes.price(worse)
			wantEvents(t, c, "Warning InvalidPrice")
			wantProblems(t, pricing.PriceAnnotation, 2)
		})
	}
}

func TestNodeWithoutLabels(t *testing.T) {
	bare := node("bare", "")
	bare.Labels = nil
	c := newCluster(t, []*v1.Node{bare, node("dear", "50")}, nil)
	if got := c.plugin.nodes.price(bare); got.Source != pricing.SourceEstimate || got.PerHour <= 0 {
		t.Errorf("got price %+v, want an estimate", got)
	}
	if got := c.place(t, pod("p").Obj()); len(got.best) != 1 || got.best[0] != "bare" {
		t.Errorf("got nodes %v, want bare", got.best)
	}
	wantEvents(t, c)
}

func TestPriceFollowsTheNode(t *testing.T) {
	c := newCluster(t, nil, nil)
	priceLookups.Reset()
	first := node("n", "0.10")
	for range 5 {
		wantPrice(t, c, first, 100_000)
	}
	wantPrice(t, c, node("n", "0.20"), 200_000)
	got, err := testutil.GetCounterMetricValue(priceLookups.WithLabelValues("Annotation"))
	if err != nil || got != 2 {
		t.Errorf("got %v lookups (%v), want 2", got, err)
	}
}

func TestPodFactsFollowThePods(t *testing.T) {
	c := newCluster(t, []*v1.Node{node("n", "0.10")}, []*v1.Pod{on("n", "a", time.Hour)})
	info, err := c.snapshot.Get("n")
	if err != nil {
		t.Fatal(err)
	}
	if got := c.plugin.nodes.podFacts(info).age(testNow); got != time.Hour {
		t.Errorf("got age %v, want 1h", got)
	}
	added, err := framework.NewPodInfo(on("n", "b", 2*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	info.AddPodInfo(added)
	if got := c.plugin.nodes.podFacts(info).age(testNow); got != 2*time.Hour {
		t.Errorf("got age %v after an older pod came, want 2h", got)
	}
}

func TestDeletedNodesAreForgotten(t *testing.T) {
	nodes := []*v1.Node{node("a", "0.10"), node("b", "0.10"), node("c", "0.10")}
	c := newCluster(t, nodes, nil)
	informer := c.SharedInformerFactory().Core().V1().Nodes()
	for _, n := range nodes {
		if err := informer.Informer().GetStore().Add(n); err != nil {
			t.Fatal(err)
		}
	}
	handler := c.plugin.nodes.deleteHandler(informer.Lister())
	remove := func(i int, event any) {
		if err := informer.Informer().GetStore().Delete(nodes[i]); err != nil {
			t.Fatal(err)
		}
		handler.OnDelete(event)
	}
	wantCached := func(want int) {
		t.Helper()
		if prices, pods := len(c.plugin.nodes.prices), len(c.plugin.nodes.pods); prices != want || pods != want {
			t.Errorf("got %d prices and %d pod facts, want %d of each", prices, pods, want)
		}
	}
	c.place(t, pod("p").Obj())
	wantCached(3)
	remove(0, nodes[0])
	wantCached(2)
	// A cycle that began before the deletion ends after it.
	c.place(t, pod("q").Obj())
	wantCached(3)
	remove(1, cache.DeletedFinalStateUnknown{Key: "b"})
	wantCached(1)
}

// The informer that the scheduler runs is the one that the cache listens to.
func TestDeletedNodesAreForgottenByInformer(t *testing.T) {
	ctx := t.Context()
	c := newCluster(t, nil, nil)
	c.SharedInformerFactory().Start(ctx.Done())
	c.SharedInformerFactory().WaitForCacheSync(ctx.Done())
	n := node("n", "0.10")
	if _, err := c.client.CoreV1().Nodes().Create(ctx, n, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.plugin.nodes.price(n)
	if err := c.client.CoreV1().Nodes().Delete(ctx, n.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	err := wait.PollUntilContextTimeout(ctx, time.Millisecond, 10*time.Second, true, func(context.Context) (bool, error) {
		c.plugin.nodes.mu.RLock()
		defer c.plugin.nodes.mu.RUnlock()
		return len(c.plugin.nodes.prices) == 0, nil
	})
	if err != nil {
		t.Errorf("waiting for the deleted node to be forgotten: %v", err)
	}
}

func TestConcurrentUse(t *testing.T) {
	nodes := make([]*v1.Node, 50)
	for i := range nodes {
		nodes[i] = node(fmt.Sprintf("n%d", i), fmt.Sprintf("0.%02d", i+1))
	}
	c := newCluster(t, nodes, nil)
	all, err := c.snapshot.List()
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for worker := range 16 {
		wg.Go(func() {
			for round := range 200 {
				for _, info := range all {
					n := info.Node()
					if round%10 == worker%10 {
						n = n.DeepCopy() // an update
					}
					want, _ := pricing.ParseMoney(n.Annotations[pricing.PriceAnnotation])
					if got := c.plugin.nodes.price(n).PerHour; got != want {
						t.Errorf("got price %v of node %s, want %v", got, n.Name, want)
					}
					c.plugin.nodes.podFacts(info)
					if round%50 == 0 {
						c.plugin.nodes.forget(func(name string) bool { return name == n.Name })
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestScoreAllocatesNothing(t *testing.T) {
	ctx := context.Background()
	n := node("n", "0.10", capacity(resources{"cpu": "8", "memory": "32Gi", "pods": "110", "example.com/gpu": "1"}))
	c := newCluster(t, []*v1.Node{n}, []*v1.Pod{on("n", "a", time.Hour), ofDaemonSet(pod("b").Node("n").Req(resources{"cpu": "1", "example.com/gpu": "1"}).Obj())})
	all, err := c.snapshot.List()
	if err != nil {
		t.Fatal(err)
	}
	p, state := pod("p").Obj(), framework.NewCycleState()
	if status := c.plugin.PreScore(ctx, state, p, all); !status.IsSuccess() {
		t.Fatalf("PreScore: %v", status.AsError())
	}
	s, err := c.plugin.readPreScoreState(state, p)
	if err != nil {
		t.Fatal(err)
	}

	wantAllocs(t, "price", 0, func() { c.plugin.nodes.price(n) })
	wantAllocs(t, "podFacts", 0, func() { c.plugin.nodes.podFacts(all[0]) })
	wantAllocs(t, "cost", 0, func() { c.plugin.cost(s, c.plugin.nodes.price(n), all[0]) })
	wantAllocs(t, "Score", 0, func() { _, _ = c.plugin.Score(ctx, state, p, all[0]) })
}

func wantAllocs(t *testing.T, what string, want float64, f func()) {
	t.Helper()
	if got := testing.AllocsPerRun(100, f); got > want {
		t.Errorf("%s allocates %v times, want %v", what, got, want)
	}
}

func wantPrice(t *testing.T, c *cluster, n *v1.Node, want pricing.Money) {
	t.Helper()
	if got := c.plugin.nodes.price(n).PerHour; got != want {
		t.Errorf("got price %v, want %v", got, want)
	}
}

// wantEvents takes the events so far and compares their beginnings.
func wantEvents(t *testing.T, c *cluster, want ...string) {
	t.Helper()
	var got []string
	for len(c.recorder.Events) > 0 {
		got = append(got, <-c.recorder.Events)
	}
	if len(got) != len(want) {
		t.Fatalf("got events %q, want %q", got, want)
	}
	for i := range got {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("got event %q, want %q", got[i], want[i])
		}
	}
}

func wantProblems(t *testing.T, annotation string, want float64) {
	t.Helper()
	got, err := testutil.GetCounterMetricValue(priceProblems.WithLabelValues(annotation))
	if err != nil || got != want {
		t.Errorf("got %v problems of %s (%v), want %v", got, annotation, err, want)
	}
}

func wantContains(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("%q does not contain %q", text, w)
		}
	}
}
