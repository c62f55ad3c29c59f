// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// ownLabels tell one node from the next, or change with its age.
var ownLabels = []string{
	corev1.LabelHostname,
	"alpha.eksctl.io/instance-id",
	"karpenter.sh/initialized",
	"karpenter.sh/registered",
	"kubernetes.azure.com/node-image-version",
	"kubernetes.azure.com/nodename",
	"topology.gke.io/host",
}

// ownAnnotations are not part of a pool either.
var ownAnnotations = []string{
	"alpha.kubernetes.io/provided-node-ip",
	"container.googleapis.com/instance_id",
	"csi.volume.kubernetes.io/nodeid",
	"kubeadm.alpha.kubernetes.io/cri-socket",
	"node.alpha.kubernetes.io/ttl",
	"node.gke.io/last-applied-node-labels",
	"node.gke.io/last-applied-node-taints",
	"volumes.kubernetes.io/controller-managed-attach-detach",
}

// passingTaints come and go with the state of a node.
var passingTaints = []string{
	"node.cloudprovider.kubernetes.io/",
	"node.kubernetes.io/",
	"karpenter.sh/",
	"karpenter.k8s.aws/",
	"ToBeDeletedByClusterAutoscaler",
	"DeletionCandidateOfClusterAutoscaler",
	"node.cilium.io/agent-not-ready",
	"ebs.csi.aws.com/agent-not-ready",
	"startup-taint.cluster-autoscaler.kubernetes.io/",
	"ignore-taint.cluster-autoscaler.kubernetes.io/",
}

// NodeLabels returns the labels that a node has in common with others of its
// pool: all but a list of known ones, and those whose value is its name, that
// name up to the first dot, or the last part of its providerID.
func NodeLabels(node *corev1.Node) map[string]string {
	return shared(node, node.Labels, ownLabels)
}

// nodeAnnotations keeps annotations because a price may be among them. It drops
// all but plain short values: no others are prices.
func nodeAnnotations(node *corev1.Node) map[string]string {
	kept := shared(node, node.Annotations, ownAnnotations)
	for key, value := range kept {
		if strings.Trim(value, "$.0123456789 ") != "" {
			delete(kept, key)
		}
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}

func shared(node *corev1.Node, all map[string]string, own []string) map[string]string {
	host, _, _ := strings.Cut(node.Name, ".")
	id := node.Spec.ProviderID[strings.LastIndex(node.Spec.ProviderID, "/")+1:]
	kept := map[string]string{}
	for key, value := range all {
		if slices.Contains(own, key) || value != "" && (value == node.Name || value == host || value == id) {
			continue
		}
		kept[key] = value
	}
	return kept
}

func passing(taint string) bool {
	return slices.ContainsFunc(passingTaints, func(prefix string) bool { return strings.HasPrefix(taint, prefix) })
}
