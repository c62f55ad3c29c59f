// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"fmt"
	"slices"
	"testing"

	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	featuregatetesting "k8s.io/component-base/featuregate/testing"
	"k8s.io/kubernetes/pkg/features"
	schedconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	upstream "k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
	"k8s.io/utils/ptr"
)

// zonal are nodes in zone a, and a dearer one in zone b.
func zonal(count int) []*v1.Node {
	var nodes []*v1.Node
	for i := range count {
		nodes = append(nodes, node(fmt.Sprintf("a%04d", i), "0.10", label("zone", "a")))
	}
	return append(nodes, node("b", "0.20", label("zone", "b")))
}

// Nodes that volumes are out of reach of do not end the search, unless that is
// known to VolumeBinding alone.
func TestSearchFindsVolumes(t *testing.T) {
	inB, translated := volumeIn("in-b", "zone", "b"), volumeIn("translated", "zone", "b")
	translated.Spec.PersistentVolumeSource = v1.PersistentVolumeSource{GCEPersistentDisk: &v1.GCEPersistentDiskVolumeSource{PDName: "d"}}
	tests := map[string]struct {
		nodes  []*v1.Node
		pod    *v1.Pod
		reason string
	}{
		"in the other zone":               {zonal(1000), claiming(pod("p").Obj(), inB.Name), ""},
		"known to VolumeBinding, few":     {zonal(400), claiming(pod("p").Obj(), translated.Name), ""},
		"known to VolumeBinding, many":    {zonal(1000), claiming(pod("p").Obj(), translated.Name), reasonGaveUp},
		"with a preference":               {zonal(1000), preferring(claiming(pod("p").Obj(), translated.Name), "zone", "a"), ""},
		"of a claim that is not bound":    {zonal(1000), claiming(pod("p").Obj(), "later"), ""},
		"of a kind that plugins ignore":   {zonal(1000), withNFS(pod("p").Obj()), ""},
		"of two claims, out of reach":     {zonal(10), claiming(pod("p").Obj(), inB.Name, "in-a"), reasonNoNode},
		"where no more can be attached":   {zonal(1), claiming(pod("p").NodeSelector(map[string]string{"zone": "a"}).Obj(), "in-a"), reasonNoNode},
		"where some are attached, dearer": {zonal(1), claiming(pod("p").Obj(), "anywhere"), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, tt.nodes, nil)
			inA, anywhere := volumeIn("in-a", "zone", "a"), volumeIn("anywhere", "")
			c.store(t, inA, boundTo(inA), inB, boundTo(inB), anywhere, boundTo(anywhere), translated, boundTo(translated), unbound("later", "made"),
				&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "made"}, Provisioner: csiDriver, VolumeBindingMode: ptr.To(storagev1.VolumeBindingWaitForFirstConsumer),
					AllowedTopologies: []v1.TopologySelectorTerm{{MatchLabelExpressions: []v1.TopologySelectorLabelRequirement{{Key: "zone", Values: []string{"a"}}}}}},
				&storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: "a0000"}, Spec: storagev1.CSINodeSpec{Drivers: []storagev1.CSINodeDriver{{
					Name: csiDriver, Allocatable: &storagev1.VolumeNodeResources{Count: ptr.To(int32(0))},
				}}}})
			wantReason(t, c, tt.pod, tt.reason)
		})
	}
}

func withNFS(p *v1.Pod) *v1.Pod {
	p.Spec.Volumes = []v1.Volume{{Name: "nfs", VolumeSource: v1.VolumeSource{NFS: &v1.NFSVolumeSource{Server: "s", Path: "/"}}}}
	return p
}

// Where VolumeBinding scores nodes, all of them are compared for pods with claims.
func TestStorageCapacityIsScored(t *testing.T) {
	featuregatetesting.SetFeatureGateDuringTest(t, utilfeature.DefaultFeatureGate, features.StorageCapacityScoring, true)
	c := newCluster(t, zonal(1), nil)
	inA := volumeIn("in-a", "zone", "a")
	c.store(t, inA, boundTo(inA))
	wantReason(t, c, claiming(pod("p").Obj(), inA.Name), reasonVolumes)
	wantReason(t, c, withNFS(pod("p").Obj()), "")
	wantReason(t, c, pod("p").Obj(), "")
}

// A profile without the plugins that look at volumes does not look at them.
func TestProfileWithoutVolumePlugins(t *testing.T) {
	c := newClusterOf(t, zonal(1), nil, func(p *schedconfig.KubeSchedulerProfile) {
		volumes := []string{upstream.VolumeBinding, upstream.NodeVolumeLimits, upstream.VolumeZone, upstream.VolumeRestrictions}
		p.Plugins.MultiPoint.Enabled = slices.DeleteFunc(p.Plugins.MultiPoint.Enabled, func(p schedconfig.Plugin) bool { return slices.Contains(volumes, p.Name) })
	})
	inB := volumeIn("in-b", "zone", "b")
	c.store(t, inB, boundTo(inB))
	p := claiming(pod("p").Obj(), inB.Name)
	wantReason(t, c, p, "")
	if found := c.place(t, p).found; found != "a0000" {
		t.Errorf("got node %q, want the cheapest", found)
	}
}
