// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// Trim returns the workload with pods that ask for more CPU or memory than any
// node made to ask for all of the node that comes nearest. A trace is from
// other machines than those that the pools consist of: a pod that took one of
// those whole takes one of these whole. Extended resources are never trimmed.
//
// Only pods of a single container are trimmed, and only if an autoscaler buys a
// node for them then: a pod that asks for no accelerators stays as it is if the
// nearest node has some, and is refused with what it asked for. LeftOut says how
// many were trimmed. Pods that are not changed are shared with w,
// which is not changed.
func Trim(w *workload.Workload, pools []Pool) *workload.Workload {
	trimmed := *w
	trimmed.Pods = slices.Clone(w.Pods)
	n := 0
	free := allocatables(pools)
	for i := range trimmed.Pods {
		p := &trimmed.Pods[i]
		request := costmodel.RequestOf(p.Object)
		if fitsAny(p.Object, request, pools, free) || len(p.Object.Spec.Containers) != 1 || len(p.Object.Spec.InitContainers) != 0 {
			continue
		}
		best, part := -1, 0.0
		for j := range pools {
			most := atMost(request, free[j])
			if !Fits(most, free[j]) || !Tolerates(p.Object, pools[j].Template) {
				continue
			}
			if kept := min(ratio(most.MilliCPU, request.MilliCPU), ratio(most.Memory, request.Memory)); kept > part {
				best, part = j, kept
			}
		}
		if best < 0 || !isBought(p.Object, atMost(request, free[best]), pools, free) {
			continue
		}
		n++
		object := *p.Object
		object.Spec.Containers = []corev1.Container{*object.Spec.Containers[0].DeepCopy()}
		trimTo(&object.Spec.Containers[0], request, free[best])
		p.Object = &object
	}
	if n > 0 {
		trimmed.LeftOut = append(slices.Clone(w.LeftOut), fmt.Sprintf(
			"%d of %d pods ask for more CPU or memory than any node on sale has beside the GPUs that they ask for; they ask for all of the nearest node instead.", n, len(w.Pods)))
	}
	return &trimmed
}

// atMost is the request without the CPU and memory that are not free.
func atMost(request, free costmodel.Request) costmodel.Request {
	request.MilliCPU = min(request.MilliCPU, free.MilliCPU)
	request.Memory = min(request.Memory, free.Memory)
	return request
}

// isBought reports whether an autoscaler buys a node for the pod with such a
// request. It buys no accelerators for pods that ask for none.
func isBought(pod *corev1.Pod, request costmodel.Request, pools []Pool, free []costmodel.Request) bool {
	for i := range pools {
		if (len(request.Scalar) > 0 || len(free[i].Scalar) == 0) && Fits(request, free[i]) && Tolerates(pod, pools[i].Template) {
			return true
		}
	}
	return false
}

func allocatables(pools []Pool) []costmodel.Request {
	free := make([]costmodel.Request, len(pools))
	for i := range pools {
		free[i] = pools[i].Allocatable()
	}
	return free
}

func fitsAny(pod *corev1.Pod, request costmodel.Request, pools []Pool, free []costmodel.Request) bool {
	for i := range pools {
		if Fits(request, free[i]) && Tolerates(pod, pools[i].Template) {
			return true
		}
	}
	return false
}

func ratio(part, whole int64) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

// trimTo lowers requests and limits to what is free.
func trimTo(c *corev1.Container, request, free costmodel.Request) {
	trim := func(list corev1.ResourceList, name corev1.ResourceName, q *resource.Quantity) {
		if have, ok := list[name]; ok && have.Cmp(*q) > 0 {
			list[name] = *q
		}
	}
	for _, list := range []corev1.ResourceList{c.Resources.Requests, c.Resources.Limits} {
		if request.MilliCPU > free.MilliCPU {
			trim(list, corev1.ResourceCPU, resource.NewMilliQuantity(free.MilliCPU, resource.DecimalSI))
		}
		if request.Memory > free.Memory {
			trim(list, corev1.ResourceMemory, resource.NewQuantity(free.Memory, resource.BinarySI))
		}
	}
}
