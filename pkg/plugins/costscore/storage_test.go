// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"fmt"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	resourceapi "k8s.io/api/resource/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	coreinformers "k8s.io/client-go/informers/core/v1"
	resourceinformers "k8s.io/client-go/informers/resource/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/component-helpers/storage/volume"
	"k8s.io/utils/ptr"

	"github.com/tollgate-dev/tollgate/test/feed"
)

// feedStorage has the informers of a factory be fed that VolumeBinding and
// DynamicResources listen to.
func feedStorage(f informers.SharedInformerFactory) {
	feed.Register(f, &v1.PersistentVolume{}, func(c kubernetes.Interface, resync time.Duration) cache.SharedIndexInformer {
		return coreinformers.NewPersistentVolumeInformer(c, resync, feed.Namespaced())
	})
	feed.Register(f, &v1.PersistentVolumeClaim{}, func(c kubernetes.Interface, resync time.Duration) cache.SharedIndexInformer {
		return coreinformers.NewPersistentVolumeClaimInformer(c, metav1.NamespaceAll, resync, feed.Namespaced())
	})
	feed.Register(f, &resourceapi.ResourceClaim{}, func(c kubernetes.Interface, resync time.Duration) cache.SharedIndexInformer {
		return resourceinformers.NewResourceClaimInformer(c, metav1.NamespaceAll, resync, feed.Namespaced())
	})
}

// store has the cluster's plugins know of objects of storage and devices.
func (c *cluster) store(t testing.TB, objects ...runtime.Object) {
	t.Helper()
	f := c.SharedInformerFactory()
	for _, o := range objects {
		var i cache.SharedIndexInformer
		switch o.(type) {
		case *v1.PersistentVolume:
			i = f.Core().V1().PersistentVolumes().Informer()
		case *v1.PersistentVolumeClaim:
			i = f.Core().V1().PersistentVolumeClaims().Informer()
		case *storagev1.StorageClass:
			i = f.Storage().V1().StorageClasses().Informer()
		case *storagev1.CSINode:
			i = f.Storage().V1().CSINodes().Informer()
		case *resourceapi.ResourceClaim:
			i = f.Resource().V1().ResourceClaims().Informer()
		case *resourceapi.ResourceSlice:
			i = f.Resource().V1().ResourceSlices().Informer()
		case *resourceapi.DeviceClass:
			i = f.Resource().V1().DeviceClasses().Informer()
		case *storagev1.VolumeAttachment:
			i = f.Storage().V1().VolumeAttachments().Informer()
		default:
			t.Fatalf("%T is not known here", o)
		}
		add := i.GetStore().Add
		if fed, ok := i.(*feed.Informer); ok {
			add = fed.Add
		}
		if err := add(o); err != nil {
			t.Fatal(err)
		}
	}
}

const csiDriver = "ebs.csi.aws.com"

// csiZoneLabel is by what volumes of that driver know zones, also those that were made
// before there were CSI drivers, once they are translated.
const csiZoneLabel = "topology.ebs.csi.aws.com/zone"

// volumeIn is a PersistentVolume of a CSI driver, on the nodes with one of the
// values of a label; on all if there are none. Its claim has its name.
func volumeIn(name, key string, values ...string) *v1.PersistentVolume {
	pv := &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1.PersistentVolumeSpec{
			Capacity:    v1.ResourceList{v1.ResourceStorage: resource.MustParse("1Gi")},
			AccessModes: []v1.PersistentVolumeAccessMode{v1.ReadWriteOnce},
			ClaimRef:    &v1.ObjectReference{Kind: "PersistentVolumeClaim", Namespace: "default", Name: name, UID: "u"},
			PersistentVolumeSource: v1.PersistentVolumeSource{
				CSI: &v1.CSIPersistentVolumeSource{Driver: csiDriver, VolumeHandle: name},
			},
		},
		Status: v1.PersistentVolumeStatus{Phase: v1.VolumeBound},
	}
	if len(values) > 0 {
		pv.Spec.NodeAffinity = &v1.VolumeNodeAffinity{Required: &v1.NodeSelector{NodeSelectorTerms: []v1.NodeSelectorTerm{{
			MatchExpressions: []v1.NodeSelectorRequirement{{Key: key, Operator: v1.NodeSelectorOpIn, Values: values}},
		}}}}
	}
	return pv
}

// boundTo is the claim of a volume.
func boundTo(pv *v1.PersistentVolume) *v1.PersistentVolumeClaim {
	return &v1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "default", Name: pv.Name, UID: "u", Annotations: map[string]string{volume.AnnBindCompleted: "yes"},
		},
		Spec: v1.PersistentVolumeClaimSpec{
			AccessModes: pv.Spec.AccessModes, VolumeName: pv.Name,
			Resources: v1.VolumeResourceRequirements{Requests: pv.Spec.Capacity},
		},
		Status: v1.PersistentVolumeClaimStatus{Phase: v1.ClaimBound},
	}
}

// unbound is a claim of a class.
func unbound(name, class string) *v1.PersistentVolumeClaim {
	c := boundTo(volumeIn(name, ""))
	c.Annotations, c.Spec.VolumeName, c.Spec.StorageClassName, c.Status.Phase = nil, "", &class, v1.ClaimPending
	return c
}

// claiming adds volumes with these claims to a pod.
func claiming(p *v1.Pod, claims ...string) *v1.Pod {
	for _, name := range claims {
		p.Spec.Volumes = append(p.Spec.Volumes, v1.Volume{Name: name, VolumeSource: v1.VolumeSource{
			PersistentVolumeClaim: &v1.PersistentVolumeClaimVolumeSource{ClaimName: name},
		}})
	}
	return p
}

// storage is what the claims of pending and running are of: a class that makes
// volumes in two zones, one of local volumes, and bound volumes of every kind.
// Some nodes can have few volumes attached, and some of these are.
func (r random) storage(nodes []*v1.Node) []runtime.Object {
	later := ptr.To(storagev1.VolumeBindingWaitForFirstConsumer)
	objects := []runtime.Object{
		&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "made"}, Provisioner: csiDriver, VolumeBindingMode: later, AllowedTopologies: []v1.TopologySelectorTerm{{
			MatchLabelExpressions: []v1.TopologySelectorLabelRequirement{{Key: "zone", Values: []string{"a", "b"}}},
		}}},
		&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "local"}, Provisioner: volume.NotSupportedProvisioner, VolumeBindingMode: later},
		unbound("made", "made"), unbound("local", "local"), unbound("selected", "made"),
	}
	objects[4].(*v1.PersistentVolumeClaim).Annotations = map[string]string{volume.AnnSelectedNode: pick(r, nodes...).Name}
	for i := range 2 {
		pv := volumeIn(fmt.Sprint("free-", i), "name", pick(r, nodes...).Labels["name"])
		pv.Spec.StorageClassName, pv.Spec.ClaimRef, pv.Status.Phase = "local", nil, v1.VolumeAvailable
		pv.Spec.PersistentVolumeSource = v1.PersistentVolumeSource{Local: &v1.LocalVolumeSource{Path: "/"}}
		objects = append(objects, pv)
	}
	old := volumeIn("in-tree", v1.LabelTopologyZone, "a")
	old.Spec.PersistentVolumeSource = v1.PersistentVolumeSource{AWSElasticBlockStore: &v1.AWSElasticBlockStoreVolumeSource{VolumeID: "aws://a/vol-1"}}
	exclusive := volumeIn("exclusive", "")
	exclusive.Spec.AccessModes = []v1.PersistentVolumeAccessMode{v1.ReadWriteOncePod}
	faulty := old.DeepCopy() // where it has to be translated to CSI
	faulty.Name, faulty.Spec.AWSElasticBlockStore.VolumeID = "faulty", "aws://a/b/c/d"
	for _, pv := range []*v1.PersistentVolume{
		volumeIn("in-a", "zone", "a"), volumeIn("in-b", "zone", "b", "none"), volumeIn("on-one", "name", pick(r, nodes...).Labels["name"]),
		volumeIn("anywhere", ""), volumeIn("other", ""), old, faulty, exclusive,
	} {
		objects = append(objects, pv, boundTo(pv))
	}
	for i, n := range nodes {
		if r.chance(0.3) {
			continue
		}
		objects = append(objects, &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: n.Name, Annotations: map[string]string{
			v1.MigratedPluginsAnnotationKey: pick(r, "", "kubernetes.io/aws-ebs"),
		}}, Spec: storagev1.CSINodeSpec{Drivers: []storagev1.CSINodeDriver{{
			Name: csiDriver, NodeID: n.Name, Allocatable: &storagev1.VolumeNodeResources{Count: ptr.To(int32(r.IntN(3)))},
		}}}})
		if r.chance(0.2) {
			objects = append(objects, &storagev1.VolumeAttachment{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("a", i)}, Spec: storagev1.VolumeAttachmentSpec{
				Attacher: csiDriver, NodeName: n.Name, Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: ptr.To("other")},
			}})
		}
	}
	return objects
}

// claims are those of a pod: of what storage makes, or "" for none.
func (r random) claims() []string {
	all := []string{"made", "local", "selected", "faulty", "in-tree", "exclusive", "in-a", "in-b", "on-one", "anywhere", "other"}
	return []string{pick(r, all...), pick(r, all...)}[:1+r.IntN(2)]
}
