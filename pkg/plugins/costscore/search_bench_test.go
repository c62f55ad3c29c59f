// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"
	"fmt"
	"testing"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	internalcache "k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// BenchmarkSearch is a scheduling cycle without assuming less: PreFilter of all
// plugins of the profile, and Filter of the node that is left, by number of nodes
// and by how many sizes of each instance type there are: machines of one type often
// differ by some KiB of memory.
func BenchmarkSearch(b *testing.B) {
	for _, nodes := range []int{1500, 5000, 15000} {
		for _, sizes := range []int{1, 10, nodes} {
			b.Run(fmt.Sprintf("nodes=%d/sizes=%d", nodes, sizes), func(b *testing.B) { benchmarkSearch(b, nodes, sizes) })
		}
	}
}

func benchmarkSearch(b *testing.B, count, sizes int) {
	ctx := klog.NewContext(context.Background(), klog.Logger{})
	cache := internalcache.New(ctx, 0, nil)
	var nodes []*v1.Node
	for i := range count {
		size := 1 + i%20
		nodes = append(nodes, node(fmt.Sprintf("n%05d", i), fmt.Sprintf("0.%d", 10*size+i%7),
			capacity(resources{"cpu": fmt.Sprint(4 * size), "memory": fmt.Sprintf("%dKi", 16<<20*size-i/20%sizes), "pods": "110"})))
		cache.AddNode(klog.FromContext(ctx), nodes[i])
	}
	c := newCluster(b, nodes, nil)
	b.ReportAllocs()
	placed := 0
	for b.Loop() {
		if err := cache.UpdateSnapshot(klog.FromContext(ctx), c.snapshot); err != nil {
			b.Fatal(err)
		}
		p := pod(fmt.Sprint("p", placed)).Obj()
		state := framework.NewCycleState()
		result, status, _ := c.RunPreFilterPlugins(ctx, state, p)
		if !status.IsSuccess() || result.AllNodes() {
			b.Fatalf("all nodes are left: %v", status.AsError())
		}
		p.Spec.NodeName = result.NodeNames.UnsortedList()[0]
		info, err := c.snapshot.Get(p.Spec.NodeName)
		if err != nil {
			b.Fatal(err)
		}
		if status := c.RunFilterPlugins(ctx, state, p, info); !status.IsSuccess() {
			b.Fatalf("the node is rejected: %v", status.AsError())
		}
		if err := cache.AssumePod(klog.FromContext(ctx), p); err != nil {
			b.Fatal(err)
		}
		if status := c.RunReservePluginsReserve(ctx, state, p, p.Spec.NodeName); !status.IsSuccess() {
			b.Fatal(status.AsError())
		}
		placed++
	}
}
