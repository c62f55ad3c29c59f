// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	resourceapi "k8s.io/api/resource/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// A pod goes to the cheapest of the nodes that its volume can be on, and the volume is bound there.
func TestVolumesComeBeforeCost(t *testing.T) {
	s := shared.space(t)
	s.create(fakeNode("cheap", price("0.10")), fakeNode("medium", price("0.20")), fakeNode("dear", price("0.30")))
	class := &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{Name: s.ns}, Provisioner: "kubernetes.io/no-provisioner",
		VolumeBindingMode: ptr.To(storagev1.VolumeBindingWaitForFirstConsumer),
	}
	s.createCluster(class)
	s.create(claim("first", s.ns), claim("second", s.ns))

	for _, step := range []struct {
		pod, claim string
		volume     []string // the nodes that a new one can be on
		node       string
	}{
		{pod: "first", claim: "first", volume: []string{"dear", "medium"}, node: "medium"},
		{pod: "second", claim: "second", volume: []string{"dear"}, node: "dear"},
		{pod: "again", claim: "first", node: "medium"},
		{pod: "none", node: "cheap"},
	} {
		if len(step.volume) > 0 {
			s.createCluster(s.localVolume(step.claim, step.volume...))
		}
		s.create(workload(step.pod, claiming(step.claim)))
		if node := s.waitBound(step.pod); node != step.node {
			t.Errorf("pod %s is on %s, want %s", step.pod, node, step.node)
		}
		if step.claim == "" {
			continue
		}
		eventually(t, "claim "+step.claim+" bound to its volume", func(ctx context.Context) (bool, string) {
			c := &corev1.PersistentVolumeClaim{}
			err := s.client.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: step.claim}, c)
			return c.Status.Phase == corev1.ClaimBound && c.Spec.VolumeName == s.ns+"-"+step.claim, fmt.Sprint(err, c.Status, c.Spec.VolumeName)
		})
	}
}

// createCluster creates objects that are in no namespace, and deletes them at the end.
func (s *space) createCluster(objects ...client.Object) {
	s.t.Helper()
	for _, o := range objects {
		if err := s.client.Create(s.t.Context(), o); err != nil {
			s.t.Fatalf("creating %T %s: %v", o, o.GetName(), err)
		}
		s.t.Cleanup(func() { _ = s.client.Delete(context.Background(), o) })
	}
}

// localVolume is a volume of the namespace's class that some of its nodes reach.
func (s *space) localVolume(name string, nodes ...string) *corev1.PersistentVolume {
	for i := range nodes {
		nodes[i] = s.ns + "-" + nodes[i]
	}
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: s.ns + "-" + name},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:               corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")},
			AccessModes:            []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			StorageClassName:       s.ns,
			PersistentVolumeSource: corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: "/mnt/disk"}},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: nodes}},
			}}}},
		},
	}
}

func claim(name, class string) *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}, StorageClassName: &class,
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
}

// claiming gives a pod the volume of a claim; none if it is "".
func claiming(name string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		if name == "" {
			return
		}
		p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: "data", VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: name},
		}})
	}
}

// A pod goes to the cheapest of the nodes that have the device it claims, and the device is allocated to it.
func TestDevicesComeBeforeCost(t *testing.T) {
	s := shared.space(t)
	s.create(fakeNode("cheap", price("0.10")), fakeNode("medium", price("0.20")), fakeNode("dear", price("0.30")))
	driver := s.ns + ".example.com"
	s.createCluster(&resourceapi.DeviceClass{ObjectMeta: metav1.ObjectMeta{Name: s.ns}, Spec: resourceapi.DeviceClassSpec{Selectors: []resourceapi.DeviceSelector{{
		CEL: &resourceapi.CELDeviceSelector{Expression: "device.driver == '" + driver + "'"},
	}}}})
	for _, step := range []struct {
		name  string
		slice string // the node that has a device from now on
		node  string
	}{{"first", "dear", "dear"}, {"second", "medium", "medium"}} {
		pool := s.ns + "-" + step.slice
		s.createCluster(&resourceapi.ResourceSlice{
			ObjectMeta: metav1.ObjectMeta{Name: pool},
			Spec: resourceapi.ResourceSliceSpec{
				Driver: driver, NodeName: &pool, Pool: resourceapi.ResourcePool{Name: pool, ResourceSliceCount: 1}, Devices: []resourceapi.Device{{Name: "d0"}},
			},
		})
		s.create(&resourceapi.ResourceClaim{ObjectMeta: metav1.ObjectMeta{Name: step.name}, Spec: resourceapi.ResourceClaimSpec{
			Devices: resourceapi.DeviceClaim{Requests: []resourceapi.DeviceRequest{{Name: "r", Exactly: &resourceapi.ExactDeviceRequest{DeviceClassName: s.ns}}}},
		}})
		s.create(workload(step.name, func(p *corev1.Pod) {
			p.Spec.ResourceClaims = []corev1.PodResourceClaim{{Name: "device", ResourceClaimName: &step.name}}
		}))
		if node := s.waitBound(step.name); node != step.node {
			t.Errorf("pod %s is on %s, want %s", step.name, node, step.node)
		}
		claim := &resourceapi.ResourceClaim{}
		if err := s.client.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: step.name}, claim); err != nil {
			t.Fatal(err)
		}
		if a := claim.Status.Allocation; a == nil || len(a.Devices.Results) != 1 || a.Devices.Results[0].Pool != pool {
			t.Errorf("the claim of pod %s has %+v, want the device of node %s", step.name, a, step.node)
		}
	}
}
