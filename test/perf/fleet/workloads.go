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
)

// Workloads returns all of them, the plainest first.
func Workloads() []Workload {
	return []Workload{Plain, NodeAffinity, PodAntiAffinity, TopologySpread}
}

// groupLabel is on the pods of a workload that counts its own pods.
const groupLabel = "group"

// maxSkew is that of upstream's TopologySpreading.
const maxSkew = 5

// Apply makes the pod one of the workload.
func (w Workload) Apply(pod *corev1.Pod) error {
	group := &metav1.LabelSelector{MatchLabels: map[string]string{groupLabel: string(w)}}
	switch w {
	case Plain:
		return nil
	case NodeAffinity:
		pod.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{
					Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpIn, Values: Zones[:1],
				}},
			}}},
		}}
	case PodAntiAffinity:
		pod.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{TopologyKey: corev1.LabelHostname, LabelSelector: group}},
		}}
	case TopologySpread:
		pod.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
			MaxSkew: maxSkew, TopologyKey: corev1.LabelTopologyZone, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: group,
		}}
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
