// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package bound

import (
	"encoding/json"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// offer is a pool at its best: nodes that are there from the beginning may be
// larger than those that can be bought, admit more, hold more pods than they
// have room for, and be more than MaxNodes.
type offer struct {
	*pool.Pool
	free      costmodel.Request
	pods      int64
	maxNodes  int64
	templates []*corev1.Node
}

func offers(w *workload.Workload, pools []pool.Pool, nodePools []int) ([]offer, error) {
	if len(nodePools) != len(w.Nodes) {
		return nil, fmt.Errorf("bounding cost: the workload has %d nodes and pools are named for %d of them; name the pool of each", len(w.Nodes), len(nodePools))
	}
	all := make([]offer, len(pools))
	existing := make([]int64, len(pools))
	for i := range pools {
		p := &pools[i]
		if p.Price < 0 || p.MaxNodes < 0 || p.Prepaid < 0 {
			return nil, fmt.Errorf("bounding cost: pool %q has a negative price, limit or prepaid count", p.Name)
		}
		all[i] = offer{Pool: p, free: p.Allocatable(), pods: p.Pods(), maxNodes: int64(p.MaxNodes), templates: []*corev1.Node{p.Template}}
	}
	held, pods := heldAtFirst(w)
	for i, node := range w.Nodes {
		if nodePools[i] < 0 || nodePools[i] >= len(pools) {
			return nil, fmt.Errorf("bounding cost: node %s belongs to no pool", node.Name)
		}
		o := &all[nodePools[i]]
		one := pool.Pool{Template: node}
		for _, pod := range w.DaemonSets {
			if pool.Tolerates(pod, node) {
				one.DaemonSets = append(one.DaemonSets, pod)
			}
		}
		o.free = larger(larger(o.free, one.Allocatable()), held[node.Name])
		o.pods = max(o.pods, one.Pods(), pods[node.Name])
		o.templates = append(o.templates, node)
		existing[nodePools[i]]++
	}
	for i := range all {
		if all[i].maxNodes > 0 {
			all[i].maxNodes = max(all[i].maxNodes, existing[i])
		}
	}
	return all, nil
}

// heldAtFirst returns, by node, what the pods request that are there from the
// beginning, and how many they are. They run even where that is more than the
// node has, such as after its allocatable was lowered. From then on nothing is
// added to a resource that the node has no room of: it never holds more of any.
func heldAtFirst(w *workload.Workload) (map[string]costmodel.Request, map[string]int64) {
	held, pods := map[string]costmodel.Request{}, map[string]int64{}
	for i := range w.Pods {
		name := w.Pods[i].Object.Spec.NodeName
		if name == "" || w.Pods[i].IsMirror() {
			continue
		}
		sum := held[name]
		sum.Add(costmodel.RequestOf(w.Pods[i].Object))
		held[name] = sum
		pods[name]++
	}
	return held, pods
}

// larger returns the larger amount of each resource.
func larger(a, b costmodel.Request) costmodel.Request {
	r := costmodel.Request{
		MilliCPU: max(a.MilliCPU, b.MilliCPU), Memory: max(a.Memory, b.Memory),
		EphemeralStorage: max(a.EphemeralStorage, b.EphemeralStorage), Scalar: map[corev1.ResourceName]int64{},
	}
	for _, scalar := range []map[corev1.ResourceName]int64{a.Scalar, b.Scalar} {
		for name, v := range scalar {
			r.Scalar[name] = max(r.Scalar[name], v)
		}
	}
	return r
}

// admission answers which offers admit a pod. Tolerations and selectors are
// matched once for pods that have the same.
type admission struct {
	offers    []offer
	tolerated map[string][]bool
}

// pools returns the indices of the pools that admit the pod. A pod that runs on
// a node from the beginning is there whatever its selectors say.
func (a *admission) pools(pod *corev1.Pod, request costmodel.Request) []int {
	tolerated := a.tolerates(pod)
	in := []int{}
	for k := range a.offers {
		o := &a.offers[k]
		if o.pods > 0 && pool.Fits(request, o.free) && (tolerated[k] || pod.Spec.NodeName != "") {
			in = append(in, k)
		}
	}
	return in
}

func (a *admission) tolerates(pod *corev1.Pod) []bool {
	var affinity *corev1.NodeAffinity
	if pod.Spec.Affinity != nil {
		affinity = pod.Spec.Affinity.NodeAffinity
	}
	key, err := json.Marshal([]any{pod.Spec.NodeSelector, affinity, pod.Spec.Tolerations})
	if err != nil {
		panic(fmt.Sprintf("encoding a pod: %v", err)) // strings and numbers always can be
	}
	yes, ok := a.tolerated[string(key)]
	if !ok {
		for k := range a.offers {
			yes = append(yes, slices.ContainsFunc(a.offers[k].templates, func(n *corev1.Node) bool { return pool.Tolerates(pod, n) }))
		}
		a.tolerated[string(key)] = yes
	}
	return yes
}
