// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// The largest quantities of an object, sums of which an int64 holds.
var (
	maxCPU   = *resource.NewQuantity(maxMilliCPU/1000, resource.DecimalSI)
	maxOther = *resource.NewQuantity(maxMemoryMiB<<20, resource.BinarySI)
)

// badQuantity returns "" if each quantity is at least 0 and no more than any
// node has.
func badQuantity(list corev1.ResourceList) string {
	for _, name := range slices.Sorted(maps.Keys(list)) {
		q, most := list[name], maxOther
		if name == corev1.ResourceCPU {
			most = maxCPU
		}
		if q.Sign() < 0 {
			return fmt.Sprintf("%s is %s; want 0 or more", name, q.String())
		}
		if q.Cmp(most) > 0 {
			return fmt.Sprintf("%s is %s; want at most %s", name, q.String(), most.String())
		}
	}
	return ""
}

// badRequest returns "" if the pod's quantities are right.
func badRequest(spec *corev1.PodSpec) string {
	if len(spec.Containers) == 0 {
		return "spec.containers is empty"
	}
	for _, list := range []struct {
		field      string
		containers []corev1.Container
	}{{"initContainers", spec.InitContainers}, {"containers", spec.Containers}} {
		for i := range list.containers {
			if bad := badQuantity(list.containers[i].Resources.Requests); bad != "" {
				return fmt.Sprintf("spec.%s[%d].resources.requests: %s", list.field, i, bad)
			}
		}
	}
	if spec.Resources != nil {
		if bad := badQuantity(spec.Resources.Requests); bad != "" {
			return "spec.resources.requests: " + bad
		}
	}
	if bad := badQuantity(spec.Overhead); bad != "" {
		return "spec.overhead: " + bad
	}
	return ""
}

// defaultRequests does what the API server does when a pod is created: what has
// a limit and no request requests its limit.
func defaultRequests(spec *corev1.PodSpec) {
	for _, list := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range list {
			r := &list[i].Resources
			for name, q := range r.Limits {
				if _, ok := r.Requests[name]; !ok {
					r.Requests = maps.Clone(r.Requests)
					if r.Requests == nil {
						r.Requests = corev1.ResourceList{}
					}
					r.Requests[name] = q
				}
			}
		}
	}
}
