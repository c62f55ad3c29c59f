// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"fmt"
	"slices"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	featuregatetesting "k8s.io/component-base/featuregate/testing"
	"k8s.io/component-helpers/storage/volume"
	"k8s.io/kubernetes/pkg/features"
	schedconfig "k8s.io/kubernetes/pkg/scheduler/apis/config"
	upstream "k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
	"k8s.io/utils/ptr"
)

// zonal are nodes in zone a, and a dearer one in zone b.
func zonal(count int) []*v1.Node {
	var nodes []*v1.Node
	for i := range count {
		nodes = append(nodes, node(fmt.Sprintf("a%03d", i), "0.10", label("zone", "a")))
	}
	return append(nodes, node("b", "0.20", label("zone", "b")))
}

// Nodes that volumes are out of reach of do not end the search, unless it takes too
// long to find that out.
func TestSearchFindsVolumes(t *testing.T) {
	inB, translated := volumeIn("in-b", "zone", "b"), volumeIn("translated", "zone", "b")
	translated.Spec.PersistentVolumeSource = v1.PersistentVolumeSource{GCEPersistentDisk: &v1.GCEPersistentDiskVolumeSource{PDName: "d"}}
	selected := unbound("selected", "anywhere")
	selected.Annotations = map[string]string{volume.AnnSelectedNode: "b"}
	own := boundTo(volumeIn("p-scratch", "zone", "b"))
	own.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(pod("p").Obj(), v1.SchemeGroupVersion.WithKind("Pod"))}
	labelled := volumeIn("labelled", "")
	labelled.Labels = map[string]string{v1.LabelTopologyZone: "z"}
	tests := map[string]struct {
		pod *v1.Pod
		// unhurried searches take as long as they take.
		unhurried bool
		want      string // the node, or
		reason    string
	}{
		"in the other zone":                {pod: claiming(pod("p").Obj(), inB.Name), want: "b"},
		"by its label":                     {pod: claiming(pod("p").Obj(), labelled.Name), unhurried: true, want: "b"},
		"known to VolumeBinding":           {pod: claiming(pod("p").Obj(), translated.Name), unhurried: true, want: "b"},
		"known to VolumeBinding, too late": {pod: claiming(pod("p").Obj(), translated.Name), reason: reasonGaveUp},
		"with a preference":                {pod: preferring(claiming(pod("p").Obj(), translated.Name), "zone", "a"), want: "b"},
		"of a claim that is not bound":     {pod: claiming(pod("p").Obj(), "later"), unhurried: true, want: "a001"},
		"on its way to a node":             {pod: claiming(pod("p").Obj(), selected.Name), want: "b"},
		"of the pod's own":                 {pod: scratching(pod("p").Obj()), want: "b"},
		"of a kind that plugins ignore":    {pod: withNFS(pod("p").Obj()), want: "a000"},
		"of two claims, out of reach":      {pod: claiming(pod("p").Obj(), inB.Name, "in-a"), reason: reasonNoNode},
		"where no more can be attached":    {pod: claiming(pod("p").Obj(), "anywhere"), unhurried: true, want: "a001"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			nodes := zonal(50)
			for _, n := range nodes[:len(nodes)-1] {
				n.Labels[v1.LabelTopologyZone] = "y"
			}
			c := newCluster(t, nodes, nil)
			if c.plugin.mostTime = -1; tt.unhurried {
				c.plugin.mostTime = time.Hour
			}
			inA, anywhere := volumeIn("in-a", "zone", "a"), volumeIn("anywhere", "")
			c.store(t, inA, boundTo(inA), inB, boundTo(inB), anywhere, boundTo(anywhere), translated, boundTo(translated), labelled, boundTo(labelled),
				volumeIn(own.Name, "zone", "b"), own, unbound("later", "made"), selected,
				&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "anywhere"}, Provisioner: csiDriver, VolumeBindingMode: ptr.To(storagev1.VolumeBindingWaitForFirstConsumer)},
				&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "made"}, Provisioner: csiDriver, VolumeBindingMode: ptr.To(storagev1.VolumeBindingWaitForFirstConsumer),
					AllowedTopologies: []v1.TopologySelectorTerm{{MatchLabelExpressions: []v1.TopologySelectorLabelRequirement{{Key: "zone", Values: []string{"a"}}}}}},
				&storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: "a000"}, Spec: storagev1.CSINodeSpec{Drivers: []storagev1.CSINodeDriver{{
					Name: csiDriver, Allocatable: &storagev1.VolumeNodeResources{Count: ptr.To(int32(0))},
				}}}})
			wantReason(t, c, tt.pod, tt.reason)
			if got := c.place(t, tt.pod).found; got != tt.want {
				t.Errorf("got node %q, want %q", got, tt.want)
			}
		})
	}
}

// scratching gives a pod a volume of its own.
func scratching(p *v1.Pod) *v1.Pod {
	p.Spec.Volumes = []v1.Volume{{Name: "scratch", VolumeSource: v1.VolumeSource{Ephemeral: &v1.EphemeralVolumeSource{}}}}
	return p
}

// Where a Filter plugin fails, the framework says why.
func TestFilterThatFails(t *testing.T) {
	c := newCluster(t, zonal(1), nil)
	faulty := volumeIn("faulty", "")
	faulty.Spec.PersistentVolumeSource = v1.PersistentVolumeSource{AWSElasticBlockStore: &v1.AWSElasticBlockStoreVolumeSource{VolumeID: "aws://a/b/c/d"}}
	c.store(t, faulty, boundTo(faulty), &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{
		Name: "a000", Annotations: map[string]string{v1.MigratedPluginsAnnotationKey: "kubernetes.io/aws-ebs"},
	}})
	c.plugin.mostTime = time.Hour
	wantReason(t, c, claiming(pod("p").Obj(), faulty.Name), reasonFailed)
	wantReason(t, c, preferring(claiming(pod("p").Obj(), faulty.Name), "zone", "b"), reasonFailed)
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
	if found := c.place(t, p).found; found != "a000" {
		t.Errorf("got node %q, want the cheapest", found)
	}
}
