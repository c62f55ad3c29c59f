// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"
	"io"
	"text/tabwriter"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

const gpu corev1.ResourceName = "nvidia.com/gpu"

// shape is what an instance type offers to pods on EKS: allocatable as Karpenter computes it.
// Source: aws/karpenter-provider-aws, instance-types reference, 2026-07-11 (see NOTICE).
type shape struct {
	milliCPU, memoryMiB, pods, gpus int64
}

var shapes = map[string]shape{
	"c6i.xlarge":  {3920, 6584, 58, 0},
	"g5.xlarge":   {3920, 14162, 58, 1},
	"m5.4xlarge":  {15890, 57691, 234, 0},
	"m6i.xlarge":  {3920, 14162, 58, 0},
	"r6i.2xlarge": {7910, 59627, 58, 0},
}

// awsNodes are ten nodes: small, large, memory-rich, spot and one with a GPU.
func awsNodes() []*corev1.Node {
	var nodes []*corev1.Node
	for _, n := range []struct{ name, instanceType, capacityType string }{
		{"small-1", "m6i.xlarge", "on-demand"},
		{"small-2", "m6i.xlarge", "on-demand"},
		{"small-3", "m6i.xlarge", "on-demand"},
		{"compute-1", "c6i.xlarge", "on-demand"},
		{"compute-2", "c6i.xlarge", "on-demand"},
		{"large-1", "m5.4xlarge", "on-demand"},
		{"memory-1", "r6i.2xlarge", "on-demand"},
		{"spot-1", "m6i.xlarge", "spot"},
		{"spot-2", "r6i.2xlarge", "spot"},
		{"gpu-1", "g5.xlarge", "on-demand"},
	} {
		nodes = append(nodes, awsNode(n.name, n.instanceType, n.capacityType))
	}
	return nodes
}

func awsNode(name, instanceType, capacityType string) *corev1.Node {
	s := shapes[instanceType]
	resources := corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewMilliQuantity(s.milliCPU, resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(s.memoryMiB<<20, resource.BinarySI),
		corev1.ResourcePods:   *resource.NewQuantity(s.pods, resource.DecimalSI),
	}
	if s.gpus > 0 {
		resources[gpu] = *resource.NewQuantity(s.gpus, resource.DecimalSI)
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name:        name,
			Annotations: map[string]string{"kwok.x-k8s.io/node": "fake"},
			Labels: map[string]string{
				corev1.LabelHostname:           name,
				corev1.LabelInstanceTypeStable: instanceType,
				corev1.LabelTopologyRegion:     "us-east-1",
				corev1.LabelTopologyZone:       "us-east-1a",
				corev1.LabelArchStable:         "amd64",
				corev1.LabelOSStable:           "linux",
				"karpenter.sh/capacity-type":   capacityType,
			},
		},
		Spec:   corev1.NodeSpec{ProviderID: "aws:///us-east-1a/" + name},
		Status: corev1.NodeStatus{Capacity: resources, Allocatable: resources},
	}
}

func printNodes(out io.Writer, nodes []*corev1.Node) {
	resolver := pricing.NewResolver(pricing.Options{Estimate: true})
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NODE\tTYPE\tCAPACITY\tCPU\tMEMORY\tGPU\tPRICE\tSOURCE")
	for _, n := range nodes {
		price := resolver.Price(n)
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%dGi\t%d\t%s\t%s\n", n.Name, n.Labels[corev1.LabelInstanceTypeStable], price.CapacityType,
			n.Status.Allocatable.Cpu(), n.Status.Allocatable.Memory().Value()>>30, gpusOf(n.Status.Allocatable), price.PerHour, price.Source)
	}
	_ = w.Flush()
}

func gpusOf(resources corev1.ResourceList) int64 {
	quantity := resources[gpu]
	return quantity.Value()
}
