// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// pricesArgs has a say in everything that a price is made of.
var pricesArgs = map[string]any{
	"prices": []any{map[string]any{
		"nodeSelector": map[string]any{"matchLabels": map[string]any{"rack": "old"}}, "hourlyPrice": "0.20",
	}},
	"adjustments": []any{map[string]any{
		"nodeSelector": map[string]any{"matchExpressions": []any{map[string]any{"key": "discount", "operator": "Exists"}}}, "adjustment": "-60%",
	}},
	"prepaid": []any{map[string]any{
		"nodeSelector": map[string]any{"matchLabels": map[string]any{"reserved": "yes"}}, "count": 1,
	}},
	"nodeFee": "0.03",
}

func withLabel(key, value string) func(*corev1.Node) {
	return func(n *corev1.Node) { n.Labels[key] = value }
}

func TestPricesFollowTheArgs(t *testing.T) {
	for name, tc := range map[string]struct {
		nodes []*corev1.Node
		want  string
	}{
		"a rule prices nodes by their labels": {
			[]*corev1.Node{fakeNode("ruled", withLabel("rack", "old")), fakeNode("dearer", price("0.25"))}, "ruled",
		},
		"an annotation goes before a rule": {
			[]*corev1.Node{fakeNode("ruled", withLabel("rack", "old"), price("0.30")), fakeNode("cheaper", price("0.25"))}, "cheaper",
		},
		"a discount counts": {
			[]*corev1.Node{fakeNode("list", price("0.25")), fakeNode("discounted", price("0.40"), withLabel("discount", "x"))}, "discounted",
		},
		"the fee makes one large node cheaper than a small one of the same price per core": {
			[]*corev1.Node{fakeNode("small", price("0.10")), fakeNode("large", price("0.40"), cores("16"), memory("64Gi"))}, "large",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := shared.space(t)
			for _, n := range tc.nodes {
				s.create(n.DeepCopy())
			}
			s.create(workload("pod", scheduler("tollgate-prices")))
			if node := s.waitBound("pod"); node != tc.want {
				t.Errorf("the pod is on %s, want %s", node, tc.want)
			}
		})
	}
}

func TestPrepaidNodesFillFirst(t *testing.T) {
	s := shared.space(t)
	// Of two nodes that match, the first by name is prepaid: both are created in the same second, or it is older.
	s.create(fakeNode("a-prepaid", price("0.90"), withLabel("reserved", "yes")))
	s.create(fakeNode("b-matches", price("0.90"), withLabel("reserved", "yes")), fakeNode("cheap", price("0.10")))
	for i, want := range []string{"a-prepaid", "a-prepaid", "a-prepaid", "a-prepaid", "cheap"} {
		name := fmt.Sprintf("pod-%d", i)
		s.create(workload(name, scheduler("tollgate-prices")))
		if node := s.waitBound(name); node != want {
			t.Errorf("pod %s is on %s, want %s", name, node, want)
		}
	}
}

func TestAbsurdAnnotationIsIgnored(t *testing.T) {
	s := shared.space(t)
	// The catalog says $0.192. Whoever can write a Node could else draw every pod to it.
	s.create(fakeNode("absurd", awsType("m6i.xlarge"), price("0.001")), fakeNode("c", awsType("c6i.xlarge")))
	s.create(workload("pod"))
	if node := s.waitBound("pod"); node != "c" {
		t.Errorf("the pod is on %s, want the node whose price is believed", node)
	}
	eventually(t, "a warning on the Node", func(ctx context.Context) (bool, string) {
		var list eventsv1.EventList
		if err := s.client.List(ctx, &list); err != nil {
			return false, err.Error()
		}
		seen := ""
		for _, e := range list.Items {
			if e.Regarding.Name == s.ns+"-absurd" {
				seen = e.Reason + ": " + e.Note
				if e.Reason == "InvalidPrice" && strings.Contains(e.Note, "tollgate.dev/hourly-price") {
					return true, seen
				}
			}
		}
		return false, seen
	})
}

func TestPriceChangeCounts(t *testing.T) {
	s := shared.space(t)
	b := fakeNode("b", price("0.20"))
	s.create(fakeNode("a", price("0.10")), b)
	s.create(workload("before"))
	if node := s.waitBound("before"); node != "a" {
		t.Fatalf("the pod is on %s, want a", node)
	}
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"tollgate.dev/hourly-price":"0.05"}}}`))
	if err := s.client.Patch(t.Context(), b, patch); err != nil {
		t.Fatal(err)
	}
	changed := time.Now()
	// The scheduler hears of it by its watch: the pods of a moment may still go by the old price.
	tries := 0
	eventually(t, "a pod on the node that has become cheap", func(context.Context) (bool, string) {
		name := fmt.Sprintf("after-%d", tries)
		tries++
		s.create(workload(name, small)) // many fit
		node := s.waitBound(name)
		return node == "b", node
	})
	t.Logf("measured: pod %d, created and bound within %s of the price change, used it", tries, time.Since(changed).Round(time.Millisecond))
	if node := s.pod("before").Spec.NodeName; node != s.ns+"-a" {
		t.Errorf("the pod that was there has moved to %s", node)
	}
}

func small(p *corev1.Pod) {
	p.Spec.Containers[0].Resources.Requests[corev1.ResourceCPU] = resource.MustParse("10m")
}

func TestCorrectedLimitIsTriedAgain(t *testing.T) {
	s := shared.space(t)
	s.create(fakeNode("a", price("0.10")))
	pod := workload("pod", func(p *corev1.Pod) { p.Annotations["tollgate.dev/max-hourly-price"] = "0.01" })
	s.create(pod)
	eventually(t, "the pod is unschedulable", func(context.Context) (bool, string) {
		c := podCondition(s.pod("pod"), string(corev1.PodScheduled))
		return c != nil && strings.Contains(c.Message, "cost more than the pod's"), describe(s.pod("pod"))
	})
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"tollgate.dev/max-hourly-price":"0.15"}}}`))
	if err := s.client.Patch(t.Context(), pod, patch); err != nil {
		t.Fatal(err)
	}
	if node := s.waitBound("pod"); node != "a" {
		t.Errorf("the pod is on %s, want a", node)
	}
}
