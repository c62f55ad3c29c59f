// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// makePod returns a pod that asks for thousandths of cores, MiB and
// thousandths of GPUs, and for one of the models if there are any.
func makePod(name string, milliCPU, memoryMiB, gpuMilli int64, models ...string) *corev1.Pod {
	requests := corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewMilliQuantity(milliCPU, resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(memoryMiB<<20, resource.BinarySI),
	}
	if gpuMilli > 0 {
		requests[GPUMilli] = *resource.NewQuantity(gpuMilli, resource.DecimalSI)
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Resources: corev1.ResourceRequirements{Requests: requests}}}},
	}
	if len(models) > 0 {
		pod.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: GPUModelLabel, Operator: corev1.NodeSelectorOpIn, Values: models}},
			}}},
		}}
	}
	return pod
}

// makeWorkload returns a workload of pods that arrive at once and run for an
// hour.
func makeWorkload(pods ...*corev1.Pod) *workload.Workload {
	w := &workload.Workload{Name: "test"}
	for _, pod := range pods {
		w.Pods = append(w.Pods, workload.Pod{Object: pod, Lifetime: time.Hour, Source: "test"})
	}
	return w
}

// largest returns a pod for each kind of pod of the openb traces (default and
// gpuspec33) with the largest CPU and memory of that kind: GPU models, GPUs,
// milli-cores, MiB.
func largest() *workload.Workload {
	var pods []*corev1.Pod
	for _, k := range []struct {
		gpuMilli, milliCPU, memoryMiB int64
		models                        []string
	}{
		{0, 32000, 65536, nil},
		{1000, 24200, 125952, nil},
		{2000, 30200, 160768, nil},
		{4000, 60200, 320512, nil},
		{8000, 120200, 640000, nil},
		{8000, 120000, 737280, nil},
		{1000, 9810, 41560, []string{"A10", "G2", "P100", "T4", "V100M16", "V100M32"}},
		{1000, 18708, 77824, []string{"A10", "G2", "T4", "V100M16", "V100M32"}},
		{1000, 11908, 49152, []string{"A10", "T4"}},
		{1000, 24200, 125952, []string{"G2"}},
		{4000, 60200, 320512, []string{"G2"}},
		{8000, 120000, 737280, []string{"G2"}},
		{1000, 16400, 125952, []string{"G2", "P100", "T4", "V100M16", "V100M32"}},
		{1000, 24200, 93184, []string{"G3"}},
		{8000, 120000, 737280, []string{"G3"}},
		{1000, 15700, 58368, []string{"P100"}},
		{1000, 24200, 93184, []string{"P100", "V100M16"}},
		{2000, 30200, 160768, []string{"P100", "V100M16", "V100M32"}},
		{1000, 24200, 125952, []string{"T4"}},
		{2000, 16200, 66560, []string{"T4", "V100M16", "V100M32"}},
		{1000, 11400, 49152, []string{"V100M16"}},
		{1000, 24200, 125952, []string{"V100M16", "V100M32"}},
		{2000, 30200, 160768, []string{"V100M16", "V100M32"}},
		{4000, 60200, 320512, []string{"V100M16", "V100M32"}},
		{1000, 18708, 77824, []string{"V100M32"}},
		{2000, 17400, 66560, []string{"V100M32"}},
	} {
		pods = append(pods, makePod("largest", k.milliCPU, k.memoryMiB, k.gpuMilli, k.models...))
	}
	return makeWorkload(pods...)
}

func quantity(s string) resource.Quantity { return resource.MustParse(s) }

// amounts returns an allocatable with room for 110 pods.
func amounts(cpu, memory string) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU: quantity(cpu), corev1.ResourceMemory: quantity(memory), corev1.ResourcePods: quantity("110"),
	}
}
