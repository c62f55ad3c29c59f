// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Shape is what a pod requests.
type Shape struct {
	MilliCPU int64
	// Memory is in bytes.
	Memory int64
}

// Basic is the pod of upstream's SchedulingBasic.
var Basic = Shape{MilliCPU: 100, Memory: 500 * mib}

// agent is a pod of a DaemonSet.
var agent = Shape{MilliCPU: 50, Memory: 100 * mib}

// Shapes are the pods of a mixed fleet: what a service or a job of usual size asks for, with 1 to 8 GiB for each core.
var Shapes = []Shape{
	{100, 128 * mib}, {100, 256 * mib}, {200, 256 * mib}, {200, 512 * mib}, {250, 512 * mib}, {250, 1024 * mib}, {250, 2048 * mib},
	{500, 512 * mib}, {500, 1024 * mib}, {500, 2048 * mib}, {500, 4096 * mib}, {750, 1536 * mib},
	{1000, 1024 * mib}, {1000, 2048 * mib}, {1000, 4096 * mib}, {1000, 8192 * mib},
	{1500, 3072 * mib}, {2000, 4096 * mib}, {2000, 8192 * mib}, {3000, 6144 * mib},
}

// ManyShapes returns so many different shapes, between a tenth of a core and two cores with 1 to 8 GiB each.
func ManyShapes(count int, random *rand.Rand) []Shape {
	out := make([]Shape, count)
	for i := range out {
		milliCPU := 100 + random.Int64N(1900)
		out[i] = Shape{MilliCPU: milliCPU, Memory: milliCPU * (1024 + random.Int64N(7*1024)) * mib / 1000}
	}
	return out
}

// NewPod returns a pod that waits for a node.
func NewPod(name string, s Shape) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: metav1.NamespaceDefault, UID: types.UID(name)},
		Spec: corev1.PodSpec{
			SchedulerName: corev1.DefaultSchedulerName,
			Containers: []corev1.Container{{
				Name: "main", Image: "registry.k8s.io/pause:3.10",
				Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
					corev1.ResourceCPU:    resources(s.MilliCPU, 0, 0)[corev1.ResourceCPU],
					corev1.ResourceMemory: resources(0, s.Memory, 0)[corev1.ResourceMemory],
				}},
			}},
		},
		Status: corev1.PodStatus{Phase: corev1.PodPending},
	}
}

// Bound returns a copy of the pod as it is since it was bound to the node. It shares with the pod what binding does not change.
func Bound(pod *corev1.Pod, node string, since metav1.Time) *corev1.Pod {
	bound := *pod
	bound.Spec.NodeName = node
	bound.ResourceVersion = "1"
	bound.Status.Phase = corev1.PodRunning
	bound.Status.StartTime = &since
	bound.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: since}}
	return &bound
}

// newAgent returns a pod of a DaemonSet.
func newAgent(name string) *corev1.Pod {
	pod := NewPod(name, agent)
	isController := true
	pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "DaemonSet", Name: "agent", UID: "agent", Controller: &isController}}
	return pod
}
