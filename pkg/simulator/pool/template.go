// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/pricing/catalog"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

const (
	// GPUMilli is the extended resource of a GPU's thousandths: 1000 for each
	// GPU of a node. Pods ask for a part of one GPU, or for several whole ones.
	GPUMilli = workload.GPUMilliResource
	// GPUModelLabel is the model of a node's GPUs, in the words of the catalog:
	// "t4", "a10g".
	GPUModelLabel = workload.GPUModelLabel
	// diskGiB is the size of the nodes' disks. Their price is left out.
	diskGiB = 100
)

// node returns a node of the instance type, with the labels that the cloud's
// own controllers set. There is one zone: simulations have no zonal prices.
// Spot nodes are not tainted.
func (s *cloudShop) node(region, instanceType string, capacity pricing.CapacityType, shape catalog.Shape) *corev1.Node {
	zone := region + s.zone
	bought := s.onDemand
	if capacity == pricing.CapacityTypeSpot {
		bought = s.spot
	}
	labels := map[string]string{
		corev1.LabelArchStable:         "amd64",
		corev1.LabelOSStable:           "linux",
		corev1.LabelInstanceTypeStable: instanceType,
		corev1.LabelTopologyRegion:     region,
		corev1.LabelTopologyZone:       zone,
		s.capacityLabel:                bought,
	}
	if shape.MilliGPUs > 0 {
		labels[GPUModelLabel] = shape.GPUModel
	}
	var taints []corev1.Taint
	if isDedicated(shape) {
		taints = append(taints, dedicatedTaint(shape.GPUModel))
	}
	capacityList, allocatable := s.resources(shape)
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Labels: labels},
		Spec:       corev1.NodeSpec{ProviderID: s.scheme + zone + "/simulated", Taints: taints},
		Status: corev1.NodeStatus{
			Capacity:    capacityList,
			Allocatable: allocatable,
			Conditions:  []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		},
	}
}

// resources returns what a node has, and what is left of it for pods. The
// kubelet keeps a tenth of the disk free (nodefs.available<10%).
func (s *cloudShop) resources(shape catalog.Shape) (capacity, allocatable corev1.ResourceList) {
	left := s.allocatable(shape)
	capacity = resourceList(size{int64(shape.VCPUs) * 1000, int64(shape.MemoryMiB), left.pods}, diskGiB<<30, int64(shape.MilliGPUs))
	allocatable = resourceList(left, diskGiB<<30/10*9, int64(shape.MilliGPUs))
	return capacity, allocatable
}

func resourceList(s size, diskBytes, milliGPUs int64) corev1.ResourceList {
	list := corev1.ResourceList{
		corev1.ResourceCPU:              *resource.NewMilliQuantity(s.milliCPU, resource.DecimalSI),
		corev1.ResourceMemory:           *resource.NewQuantity(s.memoryMiB<<20, resource.BinarySI),
		corev1.ResourceEphemeralStorage: *resource.NewQuantity(diskBytes, resource.BinarySI),
		corev1.ResourcePods:             *resource.NewQuantity(s.pods, resource.DecimalSI),
	}
	if milliGPUs > 0 {
		list[GPUMilli] = *resource.NewQuantity(milliGPUs, resource.DecimalSI)
	}
	return list
}
