// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"
	"fmt"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	resourceapi "k8s.io/api/resource/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	resourceslicetracker "k8s.io/dynamic-resource-allocation/resourceslice/tracker"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/dynamicresources"
	"k8s.io/kubernetes/pkg/scheduler/util/assumecache"
	"k8s.io/utils/ptr"
)

// newDRAManager is as kube-scheduler makes it.
func newDRAManager(ctx context.Context, t testing.TB, f informers.SharedInformerFactory) fwk.SharedDRAManager {
	t.Helper()
	claims := assumecache.NewAssumeCache(klog.FromContext(ctx), f.Resource().V1().ResourceClaims().Informer(), "ResourceClaim", "", nil)
	slices, err := resourceslicetracker.StartTracker(ctx, resourceslicetracker.Options{SliceInformer: f.Resource().V1().ResourceSlices()})
	if err != nil {
		t.Fatal(err)
	}
	return dynamicresources.NewDRAManager(ctx, claims, slices, f)
}

const (
	deviceDriver = "gpu.example.com"
	deviceClass  = "gpu"
)

// devicesOf says that a node has so many devices, in a pool of its name.
func devicesOf(node string, count int) *resourceapi.ResourceSlice {
	s := &resourceapi.ResourceSlice{
		ObjectMeta: metav1.ObjectMeta{Name: "slice-" + node},
		Spec: resourceapi.ResourceSliceSpec{
			Driver: deviceDriver, NodeName: &node, Pool: resourceapi.ResourcePool{Name: node, ResourceSliceCount: 1},
		},
	}
	for i := range count {
		s.Spec.Devices = append(s.Spec.Devices, resourceapi.Device{Name: fmt.Sprint("d", i)})
	}
	return s
}

// asking is a claim for so many devices.
func asking(name string, count int64) *resourceapi.ResourceClaim {
	return &resourceapi.ResourceClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID(name)},
		Spec: resourceapi.ResourceClaimSpec{Devices: resourceapi.DeviceClaim{Requests: []resourceapi.DeviceRequest{{
			Name: "r", Exactly: &resourceapi.ExactDeviceRequest{
				DeviceClassName: deviceClass, AllocationMode: resourceapi.DeviceAllocationModeExactCount, Count: count,
			},
		}}}},
	}
}

// having is a claim that has the first device of a node, for pods of the nodes
// with a label.
func having(name, node, key, value string) *resourceapi.ResourceClaim {
	c := asking(name, 1)
	c.Status.Allocation = &resourceapi.AllocationResult{
		Devices: resourceapi.DeviceAllocationResult{Results: []resourceapi.DeviceRequestAllocationResult{{
			Request: "r", Driver: deviceDriver, Pool: node, Device: "d0",
		}}},
		NodeSelector: &v1.NodeSelector{NodeSelectorTerms: []v1.NodeSelectorTerm{{
			MatchExpressions: []v1.NodeSelectorRequirement{{Key: key, Operator: v1.NodeSelectorOpIn, Values: []string{value}}},
		}}},
	}
	return c
}

// choosing is a claim for two devices, or else one.
func choosing(name string) *resourceapi.ResourceClaim {
	c := asking(name, 1)
	r := &c.Spec.Devices.Requests[0]
	r.Exactly = nil
	for i, count := range []int64{2, 1} {
		r.FirstAvailable = append(r.FirstAvailable, resourceapi.DeviceSubRequest{
			Name: fmt.Sprint("s", i), DeviceClassName: deviceClass, AllocationMode: resourceapi.DeviceAllocationModeExactCount, Count: count,
		})
	}
	return c
}

// using has a pod use claims.
func using(p *v1.Pod, claims ...string) *v1.Pod {
	for _, name := range claims {
		p.Spec.ResourceClaims = append(p.Spec.ResourceClaims, v1.PodResourceClaim{Name: name, ResourceClaimName: ptr.To(name)})
	}
	return p
}

// devices are some nodes' devices, and the claims of pending.
func (r random) devices(nodes []*v1.Node) []runtime.Object {
	objects := []runtime.Object{
		&resourceapi.DeviceClass{ObjectMeta: metav1.ObjectMeta{Name: deviceClass}},
		asking("one", 1), asking("two", 2), choosing("either"), having("in-a", "elsewhere", "zone", "a"),
	}
	for _, n := range nodes {
		if r.chance(0.6) {
			continue
		}
		objects = append(objects, devicesOf(n.Name, 1+r.IntN(2)))
		if r.chance(0.3) {
			objects = append(objects, having("taken-"+n.Name, n.Name, "zone", "a"))
		}
	}
	return objects
}

// Nodes with the devices are found among those without, unless it takes too long, or
// one request is better than another.
func TestSearchFindsDevices(t *testing.T) {
	tests := map[string]struct {
		dear   int // the number of the nodes that are cheaper and have none
		claims []string
		// hurried searches end with the first refusal.
		hurried bool
		reason  string
	}{
		"some without":             {dear: 20, claims: []string{"one"}},
		"too late":                 {dear: 5, claims: []string{"one"}, hurried: true, reason: reasonGaveUp},
		"two of one node":          {dear: 5, claims: []string{"two"}},
		"more than there are":      {dear: 5, claims: []string{"three"}, reason: reasonNoNode},
		"one is taken":             {dear: 5, claims: []string{"one", "two"}, reason: reasonNoNode},
		"allocated to a zone":      {dear: 20, claims: []string{"in-b"}, hurried: true},
		"alternatives":             {dear: 5, claims: []string{"either"}, reason: reasonResourceClaims},
		"a claim and a preference": {dear: 20, claims: []string{"one"}, hurried: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, zonal(tt.dear), nil)
			if c.plugin.mostTime = time.Hour; tt.hurried {
				c.plugin.mostTime = -1
			}
			c.store(t, &resourceapi.DeviceClass{ObjectMeta: metav1.ObjectMeta{Name: deviceClass}}, devicesOf("b", 2),
				asking("one", 1), asking("two", 2), asking("three", 3), choosing("either"), having("in-b", "elsewhere", "zone", "b"))
			p := using(pod("p").Obj(), tt.claims...)
			if name == "a claim and a preference" {
				preferring(p, "zone", "a")
			}
			wantReason(t, c, p, tt.reason)
		})
	}
}
