// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"pgregory.net/rapid"

	_ "github.com/tollgate-dev/tollgate/test/seed"
)

func resources(t interface{ Fatal(...any) }, pairs ...string) corev1.ResourceList {
	list := corev1.ResourceList{}
	for i := 0; i < len(pairs); i += 2 {
		q, err := resource.ParseQuantity(pairs[i+1])
		if err != nil {
			t.Fatal(err)
		}
		list[corev1.ResourceName(pairs[i])] = q
	}
	return list
}

func nodeWith(list corev1.ResourceList) *corev1.Node {
	return &corev1.Node{Status: corev1.NodeStatus{Allocatable: list}}
}

func podWith(list corev1.ResourceList) *corev1.Pod {
	return &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Resources: corev1.ResourceRequirements{Requests: list}}}}}
}

func TestUsage(t *testing.T) {
	tests := []struct {
		name      string
		have      []string
		want      [][]string
		share     float64
		dominator string
	}{
		{"nothing", []string{"cpu", "4", "memory", "8Gi"}, nil, 0, "cpu"},
		{"sum of pods", []string{"cpu", "4", "memory", "8Gi"}, [][]string{{"cpu", "1"}, {"cpu", "1", "memory", "1Gi"}}, 0.5, "cpu"},
		{"memory", []string{"cpu", "4", "memory", "8Gi"}, [][]string{{"cpu", "1", "memory", "6Gi"}}, 0.75, "memory"},
		{"GPU", []string{"cpu", "4", "memory", "8Gi", "nvidia.com/gpu", "2"}, [][]string{{"cpu", "1", "nvidia.com/gpu", "1"}}, 0.5, "nvidia.com/gpu"},
		{"the GPU that is used most", []string{"cpu", "4", "a/gpu", "4", "b/gpu", "4"}, [][]string{{"a/gpu", "1", "b/gpu", "3"}}, 0.75, "b/gpu"},
		{"addresses are no accelerators", []string{"cpu", "4", "vpc.amazonaws.com/pod-eni", "1"}, [][]string{{"cpu", "1", "vpc.amazonaws.com/pod-eni", "1"}}, 0.25, "cpu"},
		{"hugepages neither", []string{"cpu", "4", "hugepages-2Mi", "2Mi"}, [][]string{{"cpu", "1", "hugepages-2Mi", "2Mi"}}, 0.25, "cpu"},
		{"more than there is", []string{"cpu", "1"}, [][]string{{"cpu", "2"}}, 1, "cpu"},
		{"node that reports nothing", nil, [][]string{{"memory", "1Gi"}}, 1, "memory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var pods []*corev1.Pod
			for _, w := range tt.want {
				pods = append(pods, podWith(resources(t, w...)))
			}
			share, name := usageOf(nodeWith(resources(t, tt.have...)), pods).dominant()
			if share != tt.share || name != tt.dominator {
				t.Errorf("got %g of %s, want %g of %s", share, name, tt.share, tt.dominator)
			}
		})
	}
}

// TestUsageGrows wants a further pod never to lower a share, and shares in [0,1].
func TestUsageGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.Int64Range(0, 1<<40)
		list := func() corev1.ResourceList {
			return corev1.ResourceList{
				"cpu": *resource.NewMilliQuantity(amount.Draw(t, "cpu"), resource.DecimalSI), "memory": *resource.NewQuantity(amount.Draw(t, "memory"), resource.BinarySI),
				"nvidia.com/gpu": *resource.NewQuantity(amount.Draw(t, "gpu"), resource.DecimalSI),
			}
		}
		node, pods := nodeWith(list()), []*corev1.Pod{}
		last := 0.0
		for range rapid.IntRange(1, 5).Draw(t, "pods") {
			pods = append(pods, podWith(list()))
			share, _ := usageOf(node, pods).dominant()
			if share < last || share > 1 {
				t.Fatalf("share %g after %g", share, last)
			}
			last = share
		}
	})
}
