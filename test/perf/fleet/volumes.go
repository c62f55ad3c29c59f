// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-helpers/storage/volume"
	"k8s.io/utils/ptr"
)

const (
	// csiDriver makes the volumes.
	csiDriver = "ebs.csi.aws.com"
	// volumesPerNode is how many of them a node can have, as upstream's SchedulingCSIPVs says.
	volumesPerNode = 39
)

// Storage is what pods with claims need.
type Storage struct {
	Volumes []*corev1.PersistentVolume
	Claims  []*corev1.PersistentVolumeClaim
	// Drivers has one object for each node.
	Drivers []*storagev1.CSINode
}

// NewStorage returns a volume for each claim of the pods, bound to it, in one zone after the other.
func NewStorage(nodes []*corev1.Node, pods []*corev1.Pod) *Storage {
	s := &Storage{}
	for _, pod := range pods {
		for i := range pod.Spec.Volumes {
			if claim := pod.Spec.Volumes[i].PersistentVolumeClaim; claim != nil {
				s.add(pod.Namespace, claim.ClaimName)
			}
		}
	}
	if len(s.Claims) == 0 {
		return s
	}
	for _, node := range nodes {
		s.Drivers = append(s.Drivers, &storagev1.CSINode{
			ObjectMeta: metav1.ObjectMeta{Name: node.Name},
			Spec: storagev1.CSINodeSpec{Drivers: []storagev1.CSINodeDriver{{
				Name: csiDriver, NodeID: node.Name, Allocatable: &storagev1.VolumeNodeResources{Count: ptr.To(int32(volumesPerNode))},
			}}},
		})
	}
	return s
}

// add adds a claim and its volume, which have one name.
func (s *Storage) add(namespace, name string) {
	size := corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}
	modes := []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	zone := Zones[len(s.Volumes)%len(Zones)]
	s.Volumes = append(s.Volumes, &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeSpec{
			AccessModes: modes, Capacity: size,
			ClaimRef:               &corev1.ObjectReference{Kind: "PersistentVolumeClaim", Namespace: namespace, Name: name},
			PersistentVolumeSource: corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: csiDriver, VolumeHandle: name}},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpIn, Values: []string{zone}}},
			}}}},
		},
		Status: corev1.PersistentVolumeStatus{Phase: corev1.VolumeBound},
	})
	s.Claims = append(s.Claims, &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Annotations: map[string]string{volume.AnnBindCompleted: "yes"}},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: modes, VolumeName: name, Resources: corev1.VolumeResourceRequirements{Requests: size},
		},
		Status: corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimBound},
	})
}
