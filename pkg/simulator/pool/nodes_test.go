// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// makeNode returns a node of EKS as Karpenter makes it.
func makeNode(name, instanceType, capacity, zone string) *corev1.Node {
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name,
			Labels: map[string]string{
				corev1.LabelHostname:           name,
				corev1.LabelInstanceTypeStable: instanceType,
				corev1.LabelTopologyRegion:     "us-east-1",
				corev1.LabelTopologyZone:       zone,
				"karpenter.sh/capacity-type":   capacity,
				"instance":                     "i-" + name,
			},
			Annotations: map[string]string{
				"csi.volume.kubernetes.io/nodeid": `{"ebs":"` + name + `"}`,
				"node.alpha.kubernetes.io/ttl":    "0",
				"hash":                            "x" + name,
			},
		},
		Spec: corev1.NodeSpec{
			ProviderID: "aws:///" + zone + "/i-" + name,
			Taints:     []corev1.Taint{{Key: "node.kubernetes.io/not-ready", Effect: corev1.TaintEffectNoExecute}},
		},
		Status: corev1.NodeStatus{Capacity: amounts("4", "16Gi"), Allocatable: amounts("3920m", "14Gi")},
	}
}

func catalogPrice(node *corev1.Node) pricing.Price {
	return pricing.NewResolver(pricing.Options{}).Price(node)
}

func TestFromNodes(t *testing.T) {
	a, b := makeNode("b", "m5.xlarge", "on-demand", "us-east-1a"), makeNode("a", "m5.xlarge", "on-demand", "us-east-1a")
	b.Status.Allocatable[corev1.ResourceMemory] = quantity("13Gi")
	b.Spec.Unschedulable = true
	otherZone := makeNode("c", "m5.xlarge", "on-demand", "us-east-1b")
	spot := makeNode("d", "m5.xlarge", "spot", "us-east-1a")
	team := makeNode("e", "m5.xlarge", "on-demand", "us-east-1a")
	team.Labels["team"] = "web"
	tainted := makeNode("f", "m5.xlarge", "on-demand", "us-east-1a")
	tainted.Spec.Taints = []corev1.Taint{{Key: "team", Value: "web", Effect: corev1.TaintEffectNoSchedule}}
	annotated := makeNode("g", "m5.xlarge", "on-demand", "us-east-1a")
	annotated.Annotations[pricing.PriceAnnotation] = "0.15"
	gpu := makeNode("h", "m5.xlarge", "on-demand", "us-east-1a")
	gpu.Status.Allocatable["nvidia.com/gpu"] = quantity("1")

	nodes := []*corev1.Node{a, b, otherZone, spot, team, tainted, annotated, gpu}
	pools, of, err := FromNodes(nodes, catalogPrice)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{0, 0, 1, 2, 3, 4, 5, 6}, of); diff != "" {
		t.Errorf("unexpected pools of nodes (-want, +got):\n%s", diff)
	}
	var got []string
	for _, p := range pools {
		got = append(got, fmt.Sprintf("%s %s %s", p.Name, p.Price, p.CapacityType))
	}
	want := []string{
		"m5.xlarge-us-east-1a $0.1920/h on-demand",
		"m5.xlarge-us-east-1b $0.1920/h on-demand",
		"m5.xlarge-us-east-1a-spot $0.0653/h spot",
		"m5.xlarge-us-east-1a-2 $0.1920/h on-demand",
		"m5.xlarge-us-east-1a-3 $0.1920/h on-demand",
		"m5.xlarge-us-east-1a-4 $0.1500/h on-demand",
		"m5.xlarge-us-east-1a-5 $0.1920/h on-demand",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unexpected pools (-want, +got):\n%s", diff)
	}

	template := pools[0].Template
	wantLabels := map[string]string{
		corev1.LabelInstanceTypeStable: "m5.xlarge", corev1.LabelTopologyRegion: "us-east-1",
		corev1.LabelTopologyZone: "us-east-1a", "karpenter.sh/capacity-type": "on-demand",
	}
	if diff := cmp.Diff(wantLabels, template.Labels); diff != "" {
		t.Errorf("unexpected labels (-want, +got):\n%s", diff)
	}
	if template.Name != "" || len(template.Annotations) > 0 || len(template.Spec.Taints) > 0 || template.Spec.Unschedulable {
		t.Errorf("the template has name %q, annotations %v, taints %v, unschedulable %t", template.Name, template.Annotations, template.Spec.Taints, template.Spec.Unschedulable)
	}
	if m := template.Status.Allocatable.Memory().String(); m != "13Gi" {
		t.Errorf("the template has %s of memory, want the least", m)
	}
	if m := a.Status.Allocatable.Memory().String(); m != "14Gi" {
		t.Errorf("a node was changed to %s of memory", m)
	}
	for i := range nodes {
		if p := catalogPrice(pools[of[i]].Template); p.PerHour != pools[of[i]].Price {
			t.Errorf("CostScore sees pool %s at %v, it costs %v", pools[of[i]].Name, p.PerHour, pools[of[i]].Price)
		}
	}
}

func TestFromNodesWithoutPrice(t *testing.T) {
	var nodes []*corev1.Node
	for i := range 7 {
		nodes = append(nodes, makeNode(fmt.Sprintf("n%d", i), "m99.huge", "on-demand", "us-east-1a"))
	}
	_, _, err := FromNodes(append(nodes, makeNode("a", "m5.xlarge", "spot", "us-east-1a")), catalogPrice)
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{"the price of 7", "n0, n1, n2, n3, n4 and 2 more", `instance type "m99.huge" is not in the aws catalog`, pricing.PriceAnnotation, "add a rule to prices"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got error %q, want one with %q", err, want)
		}
	}
}

func TestFromNodesOrder(t *testing.T) {
	x, y := makeNode("x", "m5.xlarge", "spot", "us-east-1a"), makeNode("y", "c5.large", "spot", "us-east-1a")
	first, of, err := FromNodes([]*corev1.Node{x, y}, catalogPrice)
	if err != nil {
		t.Fatal(err)
	}
	second, ofOther, err := FromNodes([]*corev1.Node{y, x}, catalogPrice)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the order of nodes changes the pools:\n%s", diff)
	}
	if of[0] != ofOther[1] || of[1] != ofOther[0] {
		t.Errorf("got %v and %v", of, ofOther)
	}
}
