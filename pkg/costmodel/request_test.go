// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costmodel

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	schedutil "k8s.io/kubernetes/pkg/scheduler/util"
)

func list(pairs ...string) corev1.ResourceList {
	l := corev1.ResourceList{}
	for i := 0; i < len(pairs); i += 2 {
		l[corev1.ResourceName(pairs[i])] = resource.MustParse(pairs[i+1])
	}
	return l
}

func container(pairs ...string) corev1.Container {
	return corev1.Container{Resources: corev1.ResourceRequirements{Requests: list(pairs...)}}
}

func TestRequestOf(t *testing.T) {
	always := corev1.ContainerRestartPolicyAlways
	sidecar := container("cpu", "100m")
	sidecar.RestartPolicy = &always
	tests := []struct {
		name string
		spec corev1.PodSpec
		want Request
	}{
		{"nothing", corev1.PodSpec{Containers: []corev1.Container{{}}}, Request{}},
		{
			"sum of containers",
			corev1.PodSpec{Containers: []corev1.Container{container("cpu", "250m", "memory", "1Gi"), container("cpu", "1", "ephemeral-storage", "2Gi")}},
			Request{MilliCPU: 1250, Memory: 1 << 30, EphemeralStorage: 2 << 30},
		},
		{
			"init containers, sidecars and overhead",
			corev1.PodSpec{
				InitContainers: []corev1.Container{sidecar, container("cpu", "2")},
				Containers:     []corev1.Container{container("cpu", "1")},
				Overhead:       list("cpu", "50m"),
			},
			Request{MilliCPU: 2150},
		},
		{
			"pod-level resources",
			corev1.PodSpec{
				Containers: []corev1.Container{container("cpu", "1", "memory", "1Gi")},
				Resources:  &corev1.ResourceRequirements{Requests: list("cpu", "3")},
			},
			Request{MilliCPU: 3000, Memory: 1 << 30},
		},
		{
			"extended resources",
			corev1.PodSpec{Containers: []corev1.Container{container("nvidia.com/gpu", "2", "example.com/none", "0", "hugepages-2Mi", "4Mi", "pods", "1")}},
			Request{Scalar: map[corev1.ResourceName]int64{"nvidia.com/gpu": 2, "hugepages-2Mi": 4 << 20}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, RequestOf(&corev1.Pod{Spec: tt.spec})); diff != "" {
				t.Errorf("unexpected request (-want, +got):\n%s", diff)
			}
		})
	}
}

func TestAdd(t *testing.T) {
	var sum Request
	sum.Add(Request{MilliCPU: 1, Memory: 2, EphemeralStorage: 3})
	sum.Add(Request{MilliCPU: 1, Scalar: map[corev1.ResourceName]int64{"a/b": 1}})
	sum.Add(Request{Scalar: map[corev1.ResourceName]int64{"a/b": 1}})
	want := Request{MilliCPU: 2, Memory: 2, EphemeralStorage: 3, Scalar: map[corev1.ResourceName]int64{"a/b": 2}}
	if diff := cmp.Diff(want, sum); diff != "" {
		t.Errorf("unexpected sum (-want, +got):\n%s", diff)
	}
}

func TestScalarNamesAreUpstreams(t *testing.T) {
	for _, name := range []corev1.ResourceName{
		"cpu", "memory", "pods", "ephemeral-storage", "storage", "unknown", "requests.cpu", "requests.example.com/x",
		"nvidia.com/gpu", "example.com/dongle", "hugepages-2Mi", "hugepages-1Gi", "attachable-volumes-aws-ebs",
		"kubernetes.io/x", "node.kubernetes.io/y",
	} {
		if got, want := isScalar(name), schedutil.IsScalarResourceName(name); got != want {
			t.Errorf("isScalar(%q) = %t, kube-scheduler says %t", name, got, want)
		}
	}
	if DefaultMilliCPU != schedutil.DefaultMilliCPURequest || DefaultMemory != schedutil.DefaultMemoryRequest {
		t.Errorf("defaults are %d and %d, kube-scheduler's are %d and %d",
			DefaultMilliCPU, DefaultMemory, schedutil.DefaultMilliCPURequest, schedutil.DefaultMemoryRequest)
	}
}
