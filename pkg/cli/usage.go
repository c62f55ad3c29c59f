// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/apis/core/v1/helper"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
)

// usage is how much of a node is requested: shares of its allocatable, from 0
// to 1.
type usage struct {
	cpu, memory float64
	// accelerator is the largest share of an extended resource, and
	// acceleratorName that resource; "" for a node without one.
	accelerator     float64
	acceleratorName string
}

// usageOf sums what the pods of a node request, DaemonSets included.
func usageOf(node *corev1.Node, pods []*corev1.Pod) usage {
	have := costmodel.RequestOfList(node.Status.Allocatable)
	var want costmodel.Request
	for _, pod := range pods {
		want.Add(costmodel.RequestOf(pod))
	}
	u := usage{cpu: share(want.MilliCPU, have.MilliCPU), memory: share(want.Memory, have.Memory)}
	for name, n := range have.Scalar {
		if n <= 0 || !isAccelerator(name) {
			continue
		}
		s := share(want.Scalar[name], n)
		if u.acceleratorName == "" || s > u.accelerator || s == u.accelerator && string(name) < u.acceleratorName {
			u.accelerator, u.acceleratorName = s, string(name)
		}
	}
	return u
}

// dominant returns the largest share and its resource. Equal ones go to the
// first of cpu, memory and the extended resource.
func (u usage) dominant() (float64, string) {
	s, name := u.cpu, string(corev1.ResourceCPU)
	if u.memory > s {
		s, name = u.memory, string(corev1.ResourceMemory)
	}
	if u.accelerator > s {
		s, name = u.accelerator, u.acceleratorName
	}
	return s, name
}

// isAccelerator leaves out the extended resources by which a cloud counts
// network addresses of ordinary nodes.
func isAccelerator(name corev1.ResourceName) bool {
	return helper.IsExtendedResourceName(name) && !strings.HasPrefix(string(name), "vpc.amazonaws.com/")
}

func share(want, have int64) float64 {
	switch {
	case want <= 0:
		return 0
	case want >= have:
		return 1
	default:
		return float64(want) / float64(have)
	}
}
