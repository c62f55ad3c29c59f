// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"fmt"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"
	"k8s.io/component-base/metrics/testutil"

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
			same := bad.DeepCopy()
			c.update(t, bad, same)
			c.plugin.nodes.price(same)
			wantEvents(t, c, "Warning InvalidPrice")
			wantProblems(t, pricing.PriceAnnotation, 1)

			// Another wrong value is news.
			worse := bad.DeepCopy()
			worse.Annotations[pricing.PriceAnnotation] = "free"
			c.update(t, same, worse)
			c.plugin.nodes.price(worse)
			wantEvents(t, c, "Warning InvalidPrice")
			wantProblems(t, pricing.PriceAnnotation, 2)

			// So is one that was put right and is wrong again.
			right := bad.DeepCopy()
			right.Annotations[pricing.PriceAnnotation] = "0.01"
			c.update(t, worse, right)
			c.plugin.nodes.price(right)
			wantEvents(t, c)
			c.update(t, right, worse)
			c.plugin.nodes.price(worse)
			wantEvents(t, c, "Warning InvalidPrice")
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

// A node is looked up once for each state that it has.
func TestLookupsAreCounted(t *testing.T) {
	priceLookups.Reset()
	c := newCluster(t, nil, nil)
	first, second := node("n", "0.10"), node("n", "0.20")
	c.add(t, first)
	for range 5 {
		c.plugin.nodes.price(first)
	}
	c.update(t, first, second)
	for range 5 {
		if got := c.plugin.nodes.price(second).PerHour; got != 200_000 {
			t.Errorf("got price %v, want $0.20", got)
		}
	}
	// The first question of all made sure that the book knows all nodes, of which
	// this one was the same as before.
	got, err := testutil.GetCounterMetricValue(priceLookups.WithLabelValues("Annotation"))
	if err != nil || got != 2 {
		t.Errorf("got %v lookups (%v), want 2", got, err)
	}
}

// A price that changes counts from the next cycle on, whether the plugin hears
// of it before the scheduler's snapshot has it, or after.
func TestPriceChangeCountsInTheNextCycle(t *testing.T) {
	a, b := node("a", "0.10"), node("b", "0.20")
	cheapB := node("b", "0.05")
	for name, heard := range map[string]bool{"heard before": true, "heard after": false} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, []*v1.Node{a, b}, nil)
			want := func(best string) {
				t.Helper()
				if got := c.place(t, pod("p").Obj()); len(got.best) != 1 || got.best[0] != best {
					t.Errorf("got nodes %v, want %s", got.best, best)
				}
			}
			want("a")
			if heard {
				c.update(t, b, cheapB)
			}
			want("a") // the snapshot has the old node
			c.snapshotOf(nil, a, cheapB)
			want("b")
			if !heard {
				c.update(t, b, cheapB)
			}
			want("b")
		})
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
