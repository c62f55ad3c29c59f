// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func mixed(t *testing.T, nodes int) *Fleet {
	t.Helper()
	f, err := NewMixed(nodes, 0.6, Shapes, rand.New(rand.NewPCG(1, 2)), now)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// The catalog has to know the price and the size of every node.
func TestMixedNodesHavePrices(t *testing.T) {
	f := mixed(t, 400)
	types, prices := map[string]bool{}, map[pricing.Money]bool{}
	resolver := pricing.NewResolver(pricing.Options{})
	for _, node := range f.Nodes {
		price := resolver.Price(node)
		if price.Source != pricing.SourceCatalog {
			t.Errorf("node %s %v: price %+v", node.Name, node.Labels, price)
		}
		types[node.Labels[corev1.LabelInstanceTypeStable]] = true
		prices[price.PerHour] = true
	}
	if len(types) != 20 || len(prices) < 30 {
		t.Errorf("%d types and %d prices, want 20 and at least 30", len(types), len(prices))
	}
}

func TestMixedFleetIsAsFullAsAskedFor(t *testing.T) {
	f := mixed(t, 300)
	free := map[string]*room{}
	var all, used room
	for _, node := range f.Nodes {
		r := roomOf(node)
		free[node.Name] = &r
		all.add(r)
	}
	for _, pods := range [][]*corev1.Pod{f.Agents, f.Pods} {
		for _, pod := range pods {
			requests := pod.Spec.Containers[0].Resources.Requests
			s := Shape{requests.Cpu().MilliValue(), requests.Memory().Value()}
			if !free[pod.Spec.NodeName].fits(s) {
				t.Fatalf("pod %s does not fit on its node", pod.Name)
			}
			free[pod.Spec.NodeName].take(s)
			used.add(room{s.MilliCPU, s.Memory, 1})
			if age := now.Sub(pod.Status.StartTime.Time); age < time.Minute || age > 10*24*time.Hour {
				t.Errorf("pod %s is %s old", pod.Name, age)
			}
		}
	}
	if share := used.share(all); share < 0.6 || share > 0.62 {
		t.Errorf("it is %v full, want 0.6", share)
	}
}

func TestSameSeedSameFleet(t *testing.T) {
	if diff := cmp.Diff(mixed(t, 50), mixed(t, 50)); diff != "" {
		t.Errorf("two fleets of a seed differ (-first +second):\n%s", diff)
	}
}

func TestWorkloads(t *testing.T) {
	for _, w := range Workloads() {
		pod := NewPod("p", Basic)
		if err := w.Apply(pod); err != nil {
			t.Error(err)
		}
		if plain := cmp.Equal(pod, NewPod("p", Basic)); plain != (w == Plain) {
			t.Errorf("workload %s: %+v", w, pod)
		}
	}
	if err := Workload("odd").Apply(NewPod("p", Basic)); err == nil {
		t.Error("an unknown workload was taken")
	}
}
