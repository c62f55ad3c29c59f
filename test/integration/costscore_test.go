// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"maps"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// withTestProfiles adds profiles that differ from tollgate in one thing each.
func withTestProfiles(config map[string]any) {
	profiles := config["profiles"].([]any)
	tollgate := profiles[len(profiles)-1].(map[string]any)
	config["profiles"] = append(profiles,
		profileLike(tollgate, "tollgate-node-price", func(profile map[string]any) {
			pluginArgs(profile, "CostScore")["strategy"] = "NodePrice"
		}),
		profileLike(tollgate, "tollgate-prices", func(profile map[string]any) {
			maps.Copy(pluginArgs(profile, "CostScore"), pricesArgs)
		}),
		profileLike(tollgate, "tollgate-taints-last", func(profile map[string]any) {
			for _, p := range profile["plugins"].(map[string]any)["multiPoint"].(map[string]any)["enabled"].([]any) {
				if plugin := p.(map[string]any); plugin["name"] == "TaintToleration" {
					plugin["weight"] = 1
				}
			}
		}),
	)
}

func pluginArgs(profile map[string]any, name string) map[string]any {
	for _, c := range profile["pluginConfig"].([]any) {
		if config := c.(map[string]any); config["name"] == name {
			return config["args"].(map[string]any)
		}
	}
	panic("no pluginConfig of " + name)
}

func profileLike(profile map[string]any, name string, change func(map[string]any)) map[string]any {
	c := deepCopy(profile).(map[string]any)
	c["schedulerName"] = name
	change(c)
	return c
}

func deepCopy(v any) any {
	switch v := v.(type) {
	case map[string]any:
		c := make(map[string]any, len(v))
		for key, value := range v {
			c[key] = deepCopy(value)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i := range v {
			c[i] = deepCopy(v[i])
		}
		return c
	}
	return v
}

func TestCheapestOfEqualNodes(t *testing.T) {
	for _, profile := range []string{"tollgate", "tollgate-node-price"} {
		t.Run(profile, func(t *testing.T) {
			s := shared.space(t)
			s.create(fakeNode("dear", price("0.30")), fakeNode("cheap", price("0.10")), fakeNode("medium", price("0.101")))
			// Four pods fill cheap, which is one percent cheaper than medium; the fifth goes to medium.
			for i, want := range []string{"cheap", "cheap", "cheap", "cheap", "medium"} {
				name := fmt.Sprintf("pod-%d", i)
				s.create(workload(name, scheduler(profile)))
				if node := s.waitBound(name); node != want {
					t.Errorf("pod %s is on %s, want %s", name, node, want)
				}
			}
		})
	}
}

func TestStrategiesDiffer(t *testing.T) {
	// A pod takes half of small at $0.10, so it pays $0.05, and a sixteenth of large at $0.40, so it pays $0.025.
	for profile, want := range map[string]string{"tollgate": "large", "tollgate-node-price": "small"} {
		t.Run(profile, func(t *testing.T) {
			s := shared.space(t)
			s.create(
				fakeNode("small", price("0.10"), cores("2")),
				fakeNode("large", price("0.40"), cores("16")),
			)
			s.create(workload("pod", scheduler(profile)))
			if node := s.waitBound("pod"); node != want {
				t.Errorf("the pod is on %s, want %s", node, want)
			}
		})
	}
}

func cores(n string) func(*corev1.Node) {
	return func(node *corev1.Node) {
		node.Status.Capacity[corev1.ResourceCPU] = resource.MustParse(n)
		node.Status.Allocatable[corev1.ResourceCPU] = resource.MustParse(n)
	}
}

func memory(amount string) func(*corev1.Node) {
	return func(node *corev1.Node) {
		node.Status.Capacity[corev1.ResourceMemory] = resource.MustParse(amount)
		node.Status.Allocatable[corev1.ResourceMemory] = resource.MustParse(amount)
	}
}

func TestCPUPodsStayOffGPUNodes(t *testing.T) {
	s := shared.space(t)
	s.create(fakeNode("gpu", awsType("g5.xlarge"), withGPU), fakeNode("cpu-1", awsType("m6i.xlarge")), fakeNode("cpu-2", awsType("m6i.xlarge")))
	for i := range 6 {
		name := fmt.Sprintf("pod-%d", i)
		s.create(workload(name))
		if node := s.waitBound(name); node == "gpu" {
			t.Errorf("CPU pod %s took the GPU node while others had room", name)
		}
	}
	training := workload("training", func(p *corev1.Pod) {
		one := corev1.ResourceList{gpu: resource.MustParse("1")}
		p.Spec.Containers[0].Resources = corev1.ResourceRequirements{Requests: one, Limits: one}
	})
	s.create(training)
	if node := s.waitBound("training"); node != "gpu" {
		t.Errorf("the GPU pod is on %s", node)
	}
}

func TestCatalogPricesDecide(t *testing.T) {
	s := shared.space(t)
	// Equal in size to the scheduler, different in the catalog: c6i.xlarge $0.17, m6i.xlarge $0.192.
	s.create(fakeNode("m", awsType("m6i.xlarge")), fakeNode("c", awsType("c6i.xlarge")))
	s.create(workload("pod"))
	if node := s.waitBound("pod"); node != "c" {
		t.Errorf("the pod is on %s, want the node of the cheaper type", node)
	}
}

func TestOneWeightChangesThePlacement(t *testing.T) {
	// What the user asked for (a taint to avoid) beats cost in profile tollgate. With that one weight at 1, cost wins.
	for profile, want := range map[string]string{"tollgate": "dear", "tollgate-taints-last": "cheap"} {
		t.Run(profile, func(t *testing.T) {
			s := shared.space(t)
			s.create(fakeNode("cheap", price("0.10"), preferNoSchedule), fakeNode("dear", price("0.50")))
			s.create(workload("pod", scheduler(profile)))
			if node := s.waitBound("pod"); node != want {
				t.Errorf("the pod is on %s, want %s", node, want)
			}
		})
	}
}
