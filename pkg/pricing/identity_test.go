// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"testing"

	"github.com/tollgate-dev/tollgate/pkg/pricing/catalog"
)

func TestIdentifyCloud(t *testing.T) {
	tests := []struct {
		name string
		node *nodeBuilder
		want string
	}{
		{"nothing", makeNode(), ""},
		{"providerID of aws", makeNode().provider("aws:///a/i-0"), catalog.AWS},
		{"providerID of azure", makeNode().provider("azure:///subscriptions/x"), catalog.Azure},
		{"providerID of gcp", makeNode().provider("gce://p/z/n"), catalog.GCP},
		{"providerID before labels", makeNode().provider("gce://p/z/n").label("eks.amazonaws.com/nodegroup", "g"), catalog.GCP},
		{"EKS label", makeNode().label("eks.amazonaws.com/nodegroup", "g"), catalog.AWS},
		{"Karpenter label", makeNode().label("karpenter.k8s.aws/instance-cpu", "2"), catalog.AWS},
		{"AKS label", makeNode().label("kubernetes.azure.com/cluster", "c"), catalog.Azure},
		{"GKE label", makeNode().label("cloud.google.com/gke-nodepool", "p"), catalog.GCP},
		{"labels of two clouds", makeNode().label("cloud.google.com/gke-nodepool", "p").label("eks.amazonaws.com/nodegroup", "g"), ""},
		{"labels under a simulated provider", makeNode().provider("kwok://n").label("eks.amazonaws.com/nodegroup", "g"), catalog.AWS},
		{"type under a simulated provider", makeNode().provider("kwok://n").typed("", "e2-standard-4"), catalog.GCP},
		{"type without a provider", makeNode().typed("", "Standard_D4s_v5"), catalog.Azure},
		{"type under another provider", makeNode().provider("openstack:///1").typed("", "m1.large"), ""},
		{"providerID without a scheme", makeNode().provider("m5").typed("", "m5.large"), catalog.AWS},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := identify(tt.node.obj()).cloud; got != tt.want {
				t.Errorf("cloud = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCapacityType(t *testing.T) {
	tests := []struct {
		name, key, value string
		want             CapacityType
	}{
		{"Karpenter spot", "karpenter.sh/capacity-type", "spot", CapacityTypeSpot},
		{"Karpenter reserved", "karpenter.sh/capacity-type", "reserved", CapacityTypeOnDemand},
		{"EKS spot", "eks.amazonaws.com/capacityType", "SPOT", CapacityTypeSpot},
		{"EKS on-demand", "eks.amazonaws.com/capacityType", "ON_DEMAND", CapacityTypeOnDemand},
		{"AKS spot", "kubernetes.azure.com/scalesetpriority", "spot", CapacityTypeSpot},
		{"GKE spot", "cloud.google.com/gke-spot", "true", CapacityTypeSpot},
		{"GKE not spot", "cloud.google.com/gke-spot", "false", CapacityTypeOnDemand},
		{"GKE preemptible", "cloud.google.com/gke-preemptible", "true", CapacityTypeSpot},
		{"lifecycle spot", "node.kubernetes.io/lifecycle", "spot", CapacityTypeSpot},
		{"lifecycle normal", "node.kubernetes.io/lifecycle", "normal", CapacityTypeOnDemand},
		{"lifecycle of unknown meaning", "node.kubernetes.io/lifecycle", "abc", CapacityTypeUnknown},
		{"only a managed service's label", "eks.amazonaws.com/nodegroup", "g", CapacityTypeOnDemand},
		{"no label of any cloud", "example.com/x", "y", CapacityTypeUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := identify(makeNode().label(tt.key, tt.value).obj()).capacity; got != tt.want {
				t.Errorf("capacity type = %q, want %q", got, tt.want)
			}
		})
	}
}
