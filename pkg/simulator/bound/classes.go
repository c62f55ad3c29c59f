// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package bound

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// describe collapses a workload and pools into the data of a certificate. The
// order of its parts depends on nothing but the arguments.
func describe(w *workload.Workload, pools []pool.Pool, nodePools []int) (*Certificate, error) {
	if len(pools) == 0 {
		return nil, errors.New("bounding cost: there are no pools; name at least one")
	}
	all, err := offers(w, pools, nodePools)
	if err != nil {
		return nil, err
	}
	requests := make([]costmodel.Request, len(w.Pods))
	for i := range w.Pods {
		requests[i] = costmodel.RequestOf(w.Pods[i].Object)
	}
	c := &Certificate{Format: Format, Workload: w.Name, Resources: resourceNames(requests)}
	for _, o := range all {
		c.Pools = append(c.Pools, Pool{
			Name: o.Name, Price: int64(o.Price), MaxNodes: o.maxNodes, Prepaid: int64(o.Prepaid),
			Allocatable: vector(c.Resources, o.free, o.pods),
		})
	}
	admitted := &admission{offers: all, tolerated: map[string][]bool{}}
	index := map[string]int{}
	for i := range w.Pods {
		p := &w.Pods[i]
		if p.IsMirror() {
			continue // it need not run once its node is gone
		}
		if p.Lifetime <= 0 || p.Arrives < 0 {
			return nil, fmt.Errorf("bounding cost: pod %s/%s (%s) has no lifetime or arrives before the start", p.Object.Namespace, p.Object.Name, p.Source)
		}
		class := Class{Requests: vector(c.Resources, requests[i], 1), Pools: admitted.pools(p.Object, requests[i])}
		key := fmt.Sprint(class.Requests, class.Pools)
		at, ok := index[key]
		if !ok {
			at = len(c.Classes)
			index[key] = at
			c.Classes = append(c.Classes, class)
		}
		c.Classes[at].Pods = append(c.Classes[at].Pods, [2]int64{int64(p.Arrives), int64(p.Lifetime)})
	}
	slices.SortFunc(c.Classes, func(a, b Class) int {
		return cmp.Or(slices.Compare(a.Requests, b.Requests), slices.Compare(a.Pools, b.Pools))
	})
	for i := range c.Classes {
		slices.SortFunc(c.Classes[i].Pods, func(a, b [2]int64) int { return slices.Compare(a[:], b[:]) })
	}
	return c, nil
}

// resourceNames returns cpu, memory and ephemeral storage, then what else is
// requested, then pods. What no pod requests cannot bind.
func resourceNames(requests []costmodel.Request) []string {
	names := []string{string(corev1.ResourceCPU), string(corev1.ResourceMemory), string(corev1.ResourceEphemeralStorage)}
	var scalars []string
	seen := map[corev1.ResourceName]bool{}
	for _, r := range requests {
		for name := range r.Scalar {
			if !seen[name] {
				seen[name] = true
				scalars = append(scalars, string(name))
			}
		}
	}
	slices.Sort(scalars)
	return append(append(names, scalars...), string(corev1.ResourcePods))
}

func vector(names []string, r costmodel.Request, pods int64) []int64 {
	v := make([]int64, len(names))
	v[0], v[1], v[2], v[len(v)-1] = r.MilliCPU, r.Memory, r.EphemeralStorage, pods
	for i := 3; i < len(v)-1; i++ {
		v[i] = r.Scalar[corev1.ResourceName(names[i])]
	}
	return v
}
