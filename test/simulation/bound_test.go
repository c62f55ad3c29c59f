// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulation_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/simulator"
	"github.com/tollgate-dev/tollgate/pkg/simulator/bound"
	"github.com/tollgate-dev/tollgate/pkg/simulator/experiment"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
	_ "github.com/tollgate-dev/tollgate/test/seed"
)

func checkEqual(t *testing.T, first, second *simulator.Result) {
	t.Helper()
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("two runs of the same configuration differ (-first, +second):\n%s", diff)
	}
}

// No policy costs less than what is proved that none can.
func TestNoPolicyBeatsTheBound(t *testing.T) {
	for _, world := range []string{
		plain, "aws/least-waste-consolidation/on-demand", "aws/cheapest-fit-consolidation/half-spot",
		"aws/cheapest-fit-consolidation/prepaid", "azure/cheapest-fit/node-fee",
	} {
		t.Run(world, func(t *testing.T) {
			s := newSetting(t, world, 2, 1)
			var results []*simulator.Result
			for _, policy := range profiles.Names() {
				results = append(results, run(t, s, policy, options{}).Result)
			}
			c, err := s.Bound(t.Context(), experiment.LongestDelay(results...))
			must(t, err)
			least := results[0].Dollars
			for i, r := range results {
				least = min(least, r.Dollars)
				if r.Dollars < c.Dollars() {
					t.Errorf("%s costs %v, below the bound of %v", profiles.Names()[i], r.Dollars, c.Dollars())
				}
			}
			t.Logf("bound %.2f (%.2f if nothing is assumed), cheapest policy %.2f, %.3f times the bound",
				c.Dollars(), c.DollarsAssuming(bound.AssumesNothing), least, least/c.Dollars())
			if least > 3*c.Dollars() {
				t.Errorf("the bound of %v says little about bills of %v and more", c.Dollars(), least)
			}
		})
	}
}

// A cluster may begin with more on a node than the node has, of any resource:
// requests are raised, and what a node has is lowered, while pods run. Nor does
// any policy cost less than the bound then.
func TestNoPolicyBeatsTheBoundOfAnOvercommittedCluster(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		size := rapid.Int64Range(2, 8)
		some := pool.Pool{Name: "some", Price: pricing.Dollar, Template: sized("", 4, 8, 10), MaxNodes: rapid.IntRange(0, 3).Draw(r, "most")}
		some.Prepaid = rapid.IntRange(0, 2).Draw(r, "prepaid")
		s := &experiment.Setting{
			Workload: &workload.Workload{Name: "overcommitted"}, Pools: []pool.Pool{some, {Name: "any", Price: 2 * pricing.Dollar, Template: sized("", 8, 16, 10)}},
			Autoscaler: simulator.Autoscaler{ScaleUp: simulator.CheapestFit, Consolidation: rapid.Bool().Draw(r, "consolidation")}.WithDefaults(),
		}
		for i := range rapid.IntRange(1, 3).Draw(r, "nodes") {
			s.Workload.Nodes = append(s.Workload.Nodes, sized(fmt.Sprint("n-", i), size.Draw(r, "node's cpu"), size.Draw(r, "node's memory"), rapid.Int64Range(1, 5).Draw(r, "node's pods")))
			s.NodePools = append(s.NodePools, rapid.IntRange(0, 1).Draw(r, "pool"))
		}
		for i := range rapid.IntRange(1, 12).Draw(r, "pods") {
			p := workload.Pod{Object: &corev1.Pod{}, Lifetime: time.Duration(rapid.IntRange(1, 100).Draw(r, "minutes")) * time.Minute, Source: "here"}
			p.Object.Name, p.Object.Namespace, p.Object.UID = fmt.Sprint("p-", i), "default", types.UID(fmt.Sprint(i))
			p.Object.Spec.Containers = []corev1.Container{{Resources: corev1.ResourceRequirements{Requests: resources(rapid.Int64Range(0, 4).Draw(r, "cpu"), rapid.Int64Range(0, 6).Draw(r, "memory"))}}}
			if i%2 == 0 {
				p.Object.Spec.NodeName = rapid.SampledFrom(s.Workload.Nodes).Draw(r, "on").Name
				p.Object.OwnerReferences = []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "web", Controller: new(bool)}}
			}
			s.Workload.Pods = append(s.Workload.Pods, p)
		}
		var results []*simulator.Result
		for _, policy := range []string{profiles.Default, profiles.DominantShare} {
			profile, err := profiles.Named(policy)
			must(t, err)
			result, err := s.Run(t.Context(), profile, nil)
			must(t, err)
			results = append(results, result)
		}
		c, err := s.Bound(t.Context(), experiment.LongestDelay(results...))
		must(t, err)
		for _, result := range results {
			if result.UnschedulableCount == 0 {
				if err := experiment.Holds(c, result); err != nil {
					r.Error(err)
				}
			}
		}
	})
}

// sized is a node of so many cores, GiB and pods.
func sized(name string, cores, gib, pods int64) *corev1.Node {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
	node.Status.Allocatable = resources(cores, gib)
	node.Status.Allocatable[corev1.ResourcePods] = *resource.NewQuantity(pods, resource.DecimalSI)
	node.Status.Capacity = node.Status.Allocatable
	return node
}

func resources(cores, gib int64) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewQuantity(cores, resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(gib<<30, resource.BinarySI),
	}
}
