// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/tollgate-dev/tollgate/pkg/pricing/catalog"
)

// Region is where the mixed fleet is.
const Region = "us-east-1"

// Zones are those of the mixed fleet.
var Zones = []string{"us-east-1a", "us-east-1b", "us-east-1c"}

// CapacityTypeLabel is Karpenter's label for what a node was bought as.
const CapacityTypeLabel = "karpenter.sh/capacity-type"

// Types are the instance types of the mixed fleet: general, compute and memory ones of several generations, x86 and ARM.
var Types = []string{
	"m5.large", "m5.xlarge", "m5.2xlarge", "m6i.large", "m6i.xlarge", "m6i.2xlarge", "m6i.4xlarge", "m7g.xlarge", "m7g.2xlarge",
	"c5.xlarge", "c5.2xlarge", "c6i.2xlarge", "c6i.4xlarge", "c7g.2xlarge",
	"r5.large", "r5.xlarge", "r6i.xlarge", "r6i.2xlarge", "r7g.xlarge", "t3.xlarge",
}

const mib = 1 << 20

// Allocatable returns what pods may request of a node of the type.
func Allocatable(instanceType string) (corev1.ResourceList, error) {
	shape, ok := catalog.For(catalog.AWS).Shape(instanceType)
	if !ok || shape.AllocatableMilliCPU == 0 {
		return nil, fmt.Errorf("making a node of type %s: the catalog of %s does not say what pods may request of it", instanceType, catalog.AWS)
	}
	return resources(int64(shape.AllocatableMilliCPU), int64(shape.AllocatableMemoryMiB)*mib, int64(shape.AllocatablePods)), nil
}

func resources(milliCPU, memory, pods int64) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewMilliQuantity(milliCPU, resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(memory, resource.BinarySI),
		corev1.ResourcePods:   *resource.NewQuantity(pods, resource.DecimalSI),
	}
}
