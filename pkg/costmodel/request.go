// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costmodel

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/resource"
)

// Request is an amount of resources.
type Request struct {
	// MilliCPU is in thousandths of a core.
	MilliCPU int64
	// Memory and EphemeralStorage are in bytes.
	Memory, EphemeralStorage int64
	// Scalar holds extended resources and huge pages. It is nil where there
	// are none.
	Scalar map[corev1.ResourceName]int64
}

// What a pod that requests no CPU or no memory counts as: the same values as
// kube-scheduler scores such pods with (DefaultMilliCPURequest and
// DefaultMemoryRequest in k8s.io/kubernetes/pkg/scheduler/util).
const (
	DefaultMilliCPU int64 = 100
	DefaultMemory   int64 = 200 << 20
)

// RequestOf returns what a pod requests, by the rules of NodeResourcesFit:
// init containers and sidecars, pod-level resources and overhead included. CPU
// and memory that it does not request are 0 here.
func RequestOf(pod *corev1.Pod) Request {
	return RequestOfList(resource.PodRequests(pod, resource.PodResourcesOptions{}))
}

// RequestOfList converts resources in the form of the API, such as a node's
// allocatable. It leaves out pods, which are not part of a cost, and what is 0.
func RequestOfList(list corev1.ResourceList) Request {
	var r Request
	for name, q := range list {
		switch name {
		case corev1.ResourceCPU:
			r.MilliCPU = q.MilliValue()
		case corev1.ResourceMemory:
			r.Memory = q.Value()
		case corev1.ResourceEphemeralStorage:
			r.EphemeralStorage = q.Value()
		default:
			if isScalar(name) && !q.IsZero() {
				if r.Scalar == nil {
					r.Scalar = make(map[corev1.ResourceName]int64)
				}
				r.Scalar[name] = q.Value()
			}
		}
	}
	return r
}

// Add adds o to r, for example to sum the requests of DaemonSet pods. It
// allocates only for scalar resources.
func (r *Request) Add(o Request) {
	r.MilliCPU += o.MilliCPU
	r.Memory += o.Memory
	r.EphemeralStorage += o.EphemeralStorage
	for name, v := range o.Scalar {
		if r.Scalar == nil {
			r.Scalar = make(map[corev1.ResourceName]int64, len(o.Scalar))
		}
		r.Scalar[name] += v
	}
}

// nonZero replaces CPU and memory of 0 by their defaults.
func (r Request) nonZero() Request {
	if r.MilliCPU == 0 {
		r.MilliCPU = DefaultMilliCPU
	}
	if r.Memory == 0 {
		r.Memory = DefaultMemory
	}
	return r
}

// isScalar follows IsScalarResourceName of kube-scheduler for names that the
// API server admits: extended resources, huge pages, prefixed native resources
// and attachable volumes.
func isScalar(name corev1.ResourceName) bool {
	s := string(name)
	if strings.HasPrefix(s, corev1.ResourceHugePagesPrefix) || strings.HasPrefix(s, corev1.ResourceAttachableVolumesPrefix) {
		return true
	}
	return strings.Contains(s, corev1.ResourceDefaultNamespacePrefix) ||
		strings.Contains(s, "/") && !strings.HasPrefix(s, corev1.DefaultResourceRequestsPrefix)
}
