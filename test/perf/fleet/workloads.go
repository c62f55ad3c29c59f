// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Workload is what pods ask for beside resources.
type Workload string

// The workloads.
const (
	Plain Workload = "plain"
	// NodeAffinity pods have to run in the first zone.
	NodeAffinity Workload = "node-affinity"
	// PodAntiAffinity pods are of one group, no two of which run on the same node.
	PodAntiAffinity Workload = "pod-anti-affinity"
	// TopologySpread pods are of one group that is spread over the zones.
	TopologySpread Workload = "topology-spread"
	// Volumes pods have a claim each, of their own name: see NewStorage.
	Volumes Workload = "volumes"
	// PreferredNodeAffinity pods had rather run in the first zone.
	PreferredNodeAffinity Workload = "preferred-node-affinity"
	// PreferredPodAntiAffinity pods are of one group, no two of which should run on the same node.
	PreferredPodAntiAffinity Workload = "preferred-pod-anti-affinity"
	// PreferredTopologySpread pods are of one group that should be spread over zones and nodes.
	PreferredTopologySpread Workload = "preferred-topology-spread"
)

// Workloads returns all of them, the plainest first.
func Workloads() []Workload {
	return []Workload{Plain, NodeAffinity, PodAntiAffinity, TopologySpread, Volumes, PreferredNodeAffinity, PreferredPodAntiAffinity, PreferredTopologySpread}
}

// groupLabel is on the pods of a workload that counts its own pods.
const groupLabel = "group"

// maxSkew is that of upstream's TopologySpreading.
const maxSkew = 5

// Apply makes the pod one of the workload.
func (w Workload) Apply(pod *corev1.Pod) error {
	group := &metav1.LabelSelector{MatchLabels: map[string]string{groupLabel: string(w)}}
	firstZone := corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{
		Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpIn, Values: Zones[:1],
	}}}
	besideGroup := corev1.PodAffinityTerm{TopologyKey: corev1.LabelHostname, LabelSelector: group}
	over := func(key string, skew int32, otherwise corev1.UnsatisfiableConstraintAction) corev1.TopologySpreadConstraint {
		return corev1.TopologySpreadConstraint{MaxSkew: skew, TopologyKey: key, WhenUnsatisfiable: otherwise, LabelSelector: group}
	}
	switch w {
	case Plain:
		return nil
	case NodeAffinity:
		pod.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{firstZone}},
		}}
	case PreferredNodeAffinity:
		pod.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{{Weight: 100, Preference: firstZone}},
		}}
	case PodAntiAffinity:
		pod.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{besideGroup},
		}}
	case PreferredPodAntiAffinity:
		pod.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
			PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{Weight: 100, PodAffinityTerm: besideGroup}},
		}}
	case TopologySpread:
		pod.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{over(corev1.LabelTopologyZone, maxSkew, corev1.DoNotSchedule)}
	case Volumes:
		pod.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: pod.Name},
		}}}
	case PreferredTopologySpread:
		pod.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{
			over(corev1.LabelTopologyZone, maxSkew, corev1.ScheduleAnyway), over(corev1.LabelHostname, 1, corev1.ScheduleAnyway),
		}
	default:
		return fmt.Errorf("there is no workload %q; the workloads are %v", w, Workloads())
	}
	pod.Labels = map[string]string{groupLabel: string(w)}
	return nil
}

// HeldPods returns pods that wait: for a TLS Secret that is not there, or, for a scheduler that knows nothing of these, for
// another scheduling gate.
func HeldPods(count int, forSecret bool) []*corev1.Pod {
	pods := make([]*corev1.Pod, count)
	for i := range pods {
		pods[i] = NewPod(fmt.Sprintf("held-%06d", i), Basic)
		if !forSecret {
			pods[i].Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "example.com/wait"}}
			continue
		}
		pods[i].Annotations = map[string]string{"tollgate.dev/require-tls": "missing"}
		// A controller has said why, so the scheduler does not.
		pods[i].Status.Conditions = []corev1.PodCondition{{
			Type: "tollgate.dev/TLSReady", Status: corev1.ConditionFalse, Reason: "SecretNotFound", Message: "Secret missing is not there",
		}}
	}
	return pods
}
