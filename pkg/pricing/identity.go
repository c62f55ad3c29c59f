// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/pricing/catalog"
)

// identity is what a catalog needs to know about a node.
type identity struct {
	cloud        string // "" if not known
	region       string
	instanceType string
	capacity     CapacityType
	windows      bool
	// virtual says that there is no machine to be priced, see IsVirtual.
	virtual bool
}

// cloudOfProviderID maps the scheme of spec.providerID, as the cloud
// controller managers write it.
var cloudOfProviderID = map[string]string{
	"aws":   catalog.AWS,
	"azure": catalog.Azure,
	"gce":   catalog.GCP,
}

// simulatedProviderIDs are schemes of tools that stand in for a cloud. Any
// other scheme names a real provider, whose instance types may be called like
// those of a cloud (OpenStack has m1.large too).
var simulatedProviderIDs = map[string]bool{"": true, "kwok": true, "kind": true, "fake": true}

// labelPrefixes are prefixes of labels that one cloud's managed service or
// node provisioner sets, and no other.
var labelPrefixes = []struct{ prefix, cloud string }{
	{"eks.amazonaws.com/", catalog.AWS},
	{"karpenter.k8s.aws/", catalog.AWS},
	{"kubernetes.azure.com/", catalog.Azure},
	{"karpenter.azure.com/", catalog.Azure},
	{"cloud.google.com/", catalog.GCP},
	{"karpenter.k8s.gcp/", catalog.GCP},
}

// identify reads the node's cloud from its providerID, else from labels that
// only one cloud sets, else from the one catalog that has its instance type, or
// at least its family.
func identify(node *corev1.Node) identity {
	id := identity{
		region:       firstLabel(node, corev1.LabelTopologyRegion, corev1.LabelFailureDomainBetaRegion),
		instanceType: firstLabel(node, corev1.LabelInstanceTypeStable, corev1.LabelInstanceType),
		windows:      firstLabel(node, corev1.LabelOSStable, "beta.kubernetes.io/os") == "windows",
		virtual:      IsVirtual(node),
	}
	scheme, _, found := strings.Cut(node.Spec.ProviderID, "://")
	if !found {
		scheme = ""
	}
	labelled := cloudOfLabels(node.Labels)
	switch {
	case cloudOfProviderID[scheme] != "":
		id.cloud = cloudOfProviderID[scheme]
	case labelled != "":
		id.cloud = labelled
	case simulatedProviderIDs[scheme]:
		id.cloud = cloudOfType(id.instanceType)
		if id.cloud == "" {
			id.cloud = cloudOfFamily(id.instanceType)
		}
	}
	id.capacity = capacityType(node.Labels, labelled)
	return id
}

// IsVirtual reports whether a node stands for a service that runs containers,
// such as virtual nodes of AKS. Its size is a quota, and its pods are billed one
// by one, so that no catalog and no unit price says what the node costs.
func IsVirtual(node *corev1.Node) bool {
	return node.Labels["type"] == "virtual-kubelet" ||
		slices.ContainsFunc(node.Spec.Taints, func(t corev1.Taint) bool { return t.Key == "virtual-kubelet.io/provider" })
}

func firstLabel(node *corev1.Node, keys ...string) string {
	for _, key := range keys {
		if v := node.Labels[key]; v != "" {
			return v
		}
	}
	return ""
}

// cloudOfLabels returns "" if no cloud's labels are there, or those of two.
func cloudOfLabels(labels map[string]string) string {
	cloud := ""
	for key := range labels {
		for i := range labelPrefixes {
			if p := &labelPrefixes[i]; strings.HasPrefix(key, p.prefix) {
				if cloud != "" && cloud != p.cloud {
					return ""
				}
				cloud = p.cloud
			}
		}
	}
	return cloud
}

func cloudOfType(instanceType string) string {
	if instanceType == "" {
		return ""
	}
	cloud := ""
	for _, c := range catalog.All() {
		if c.HasType(instanceType) {
			if cloud != "" {
				return ""
			}
			cloud = c.Name
		}
	}
	return cloud
}

// capacityLabels are read in this order; a value that is not listed says
// nothing, and the next label is read.
var capacityLabels = []struct {
	key    string
	values map[string]CapacityType // lower case
}{
	{"karpenter.sh/capacity-type", map[string]CapacityType{"spot": CapacityTypeSpot, "on-demand": CapacityTypeOnDemand, "reserved": CapacityTypeOnDemand}},
	{"eks.amazonaws.com/capacityType", map[string]CapacityType{"spot": CapacityTypeSpot, "on_demand": CapacityTypeOnDemand, "capacity_block": CapacityTypeOnDemand}},
	{"kubernetes.azure.com/scalesetpriority", map[string]CapacityType{"spot": CapacityTypeSpot, "regular": CapacityTypeOnDemand}},
	{"cloud.google.com/gke-spot", map[string]CapacityType{"true": CapacityTypeSpot}},
	{"cloud.google.com/gke-preemptible", map[string]CapacityType{"true": CapacityTypeSpot}},
	{"cloud.google.com/gke-provisioning", map[string]CapacityType{"spot": CapacityTypeSpot, "preemptible": CapacityTypeSpot, "standard": CapacityTypeOnDemand}},
	{"node.kubernetes.io/lifecycle", map[string]CapacityType{"spot": CapacityTypeSpot, "preemptible": CapacityTypeSpot, "normal": CapacityTypeOnDemand, "on-demand": CapacityTypeOnDemand}},
}

// capacityType reads the first label that says it. Without one, a node that
// carries a managed service's labels is on-demand, because those services
// label their spot nodes; any other node does not say.
func capacityType(labels map[string]string, labelledCloud string) CapacityType {
	for i := range capacityLabels {
		l := &capacityLabels[i]
		if v, ok := labels[l.key]; ok {
			if t, ok := l.values[strings.ToLower(v)]; ok {
				return t
			}
		}
	}
	if labelledCloud != "" {
		return CapacityTypeOnDemand
	}
	return CapacityTypeUnknown
}
