// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"fmt"
	"slices"
	"testing"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"pgregory.net/rapid"

	"github.com/tollgate-dev/tollgate/pkg/apis/config"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// imperfect returns 100 nodes of two types of which 20 lack the labels that
// their price is found by, and 5 have an annotation that is off by a factor. The
// nodes of the cheaper type are those of odd number.
func imperfect(wrongPrice string) (nodes []*v1.Node, cheapest, wrong []string) {
	for i := range 100 {
		name, instanceType, memory := fmt.Sprintf("n%02d", i), "m5.xlarge", "16Gi"
		if i%2 == 1 {
			instanceType, memory = "c5.xlarge", "8Gi"
		}
		n := ofType(name, instanceType, capacity(resources{"cpu": "4", "memory": memory, "pods": "110"}))
		switch {
		case i%5 == 0:
			n.Labels, n.Spec.ProviderID = nil, ""
		case i%20 == 7:
			annotation(pricing.PriceAnnotation, wrongPrice)(n)
			wrong = append(wrong, name)
			fallthrough
		default:
			if i%2 == 1 {
				cheapest = append(cheapest, name)
			}
		}
		nodes = append(nodes, n)
	}
	return nodes, cheapest, wrong
}

func TestImperfectPricesMisleadNobody(t *testing.T) {
	c5, _ := pricing.ParseMoney("0.17")
	for _, factor := range []float64{0.05, 20} {
		wrongPrice := fmt.Sprintf("%.6f", float64(c5)/1e6*factor)
		nodes, cheapest, wrong := imperfect(wrongPrice)
		if len(wrong) != 5 || len(cheapest) != 40 {
			t.Fatalf("got %d wrong and %d cheapest nodes, want 5 and 40", len(wrong), len(cheapest))
		}
		c := newCluster(t, nodes, nil)
		if got := c.place(t, pod("p").Obj()); !slices.Equal(got.best, cheapest) || len(got.rejected) != 0 {
			t.Errorf("factor %v: got nodes %v, want %v, and %v rejected, want none", factor, got.best, cheapest, got.rejected)
		}
		events := len(c.recorder.Events)
		if c.place(t, pod("q").Obj()); events != len(wrong) || len(c.recorder.Events) != events {
			t.Errorf("factor %v: got %d events, after a second pod %d, want %d", factor, events, len(c.recorder.Events), len(wrong))
		}
	}

	// It is the guard that keeps the pods away: without it, they go there.
	nodes, _, wrong := imperfect("0.008500")
	c := newCluster(t, nodes, nil, func(args *config.CostScoreArgs) { args.TrustAnnotations = true })
	if got := c.place(t, pod("p").Obj()); !slices.Equal(got.best, wrong) {
		t.Errorf("with trustAnnotations: got nodes %v, want %v", got.best, wrong)
	}
}

// A price that goes up and down queues no pod, unless a limit comes to allow the
// node, and writes nothing: pods that run are not touched.
func TestChangingPricesMoveNothing(outer *testing.T) {
	c := newCluster(outer, nil, []*v1.Pod{on("n", "a", 0)})
	rapid.Check(outer, func(t *rapid.T) {
		draw := func(name string) int { return rapid.IntRange(90, 110).Draw(t, name) }
		before, after, limit := draw("before"), draw("after"), draw("limit")
		value := func(cents int) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }
		oldNode, newNode := node("n", value(before)), node("n", value(after))
		c.update(outer, oldNode, newNode)
		got, err := c.plugin.isSchedulableAfterNodeChange(klog.Background(), limitedPod(value(limit), ""), oldNode, newNode)
		if err != nil {
			t.Fatal(err)
		}
		if want := before > limit && after <= limit; (got == fwk.Queue) != want {
			t.Fatalf("price %d to %d with limit %d: got %v", before, after, limit, got)
		}
	})
	if len(c.activator.activated()) != 0 || len(c.recorder.Events) != 0 {
		outer.Errorf("activated %v, %d events, want none", c.activator.activated(), len(c.recorder.Events))
	}
	for _, action := range c.client.Actions() {
		if verb := action.GetVerb(); verb != "list" && verb != "watch" {
			outer.Errorf("the plugin did %v", action)
		}
	}
}
