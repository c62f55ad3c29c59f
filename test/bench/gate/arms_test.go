// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/declare"
)

func TestOrdersAreFair(t *testing.T) {
	type step struct{ from, to arm }
	places, steps := map[[2]int]int{}, map[step]int{}
	for i, order := range armOrders {
		reversed := slices.Clone(armOrders[i-i%2])
		slices.Reverse(reversed)
		if i%2 == 1 && !slices.Equal(order, reversed) {
			t.Errorf("order %d is %v, want the reverse of the one before, %v", i, order, reversed)
		}
		for place, a := range order {
			places[[2]int{int(a), place}]++
			if place > 0 {
				steps[step{order[place-1], a}]++
			}
		}
	}
	for a := range armCount {
		for place := range int(armCount) {
			if n := places[[2]int{int(a), place}]; n != 2 {
				t.Errorf("%s: %d times in place %d, want 2", a, n, place)
			}
		}
		for b := range armCount {
			if n := steps[step{a, b}]; a != b && n != 2 {
				t.Errorf("%s is %d times followed by %s, want 2", a, n, b)
			}
		}
	}
}

func TestGatedPodsDeclareNothing(t *testing.T) {
	pods, held := newPods("x", 40, false), newPods("x", 40, true)
	gate(pods)
	for i, pod := range pods {
		if declare.Declared(pod) || !slices.Equal(pod.Spec.SchedulingGates, []corev1.PodSchedulingGate{{Name: schedulingGate}}) {
			t.Fatalf("pod %+v, want one that declares nothing and has a scheduling gate", pod)
		}
		if !declare.Declared(held[i]) || pod.Namespace != held[i].Namespace || pod.Name != held[i].Name {
			t.Fatalf("pod %s/%s, want it beside %s/%s", pod.Namespace, pod.Name, held[i].Namespace, held[i].Name)
		}
	}
}

func TestThroughputEntries(t *testing.T) {
	entries := throughputEntries("undeclared_throughput", "pods/s", 10, [armCount][]float64{
		armNone: {100, 200, 300}, armHeld: {90, 180, 150}, armGated: {80, 200, 200},
	})
	want := map[string]float64{
		"undeclared_throughput_ratio/held=10":          0.9,
		"undeclared_throughput/held=10":                150,
		"undeclared_throughput_ratio/gated=10":         0.8,
		"undeclared_throughput/gated=10":               200,
		"undeclared_throughput_ratio_to_gates/held=10": 0.9,
	}
	if len(entries) != len(want) {
		t.Errorf("%d entries, want %d", len(entries), len(want))
	}
	for _, e := range entries {
		if e.Value != want[e.Name] || e.Samples != 3 {
			t.Errorf("%s is %v of %d samples, want %v of 3", e.Name, e.Value, e.Samples, want[e.Name])
		}
	}
}

func TestQueuesHoldThePods(t *testing.T) {
	for a, want := range map[arm]int{armNone: 0, armHeld: 30, armGated: 30} {
		q, err := newQueue(t.Context(), a, 30)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(q.UnschedulablePods()); got != want {
			t.Errorf("%s: %d pods, want %d", a, got, want)
		}
		pods := numbered(newPods("moving", 2, false))
		pods[1].Spec.NodeName = "node-0000"
		for _, m := range queueMeasures {
			if err := m.do(q, pods[0], pods[1]); err != nil {
				t.Errorf("%s, %s: %v", m.name, a, err)
			}
		}
		if got := len(q.UnschedulablePods()); got != want {
			t.Errorf("%s: %d pods after the measures, want %d", a, got, want)
		}
	}
}
