// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
)

// classes remembers which pools admit pods that ask for the same.
type classes struct {
	pools []poolState
	known map[string][]int
}

func newClasses(pools []poolState) *classes {
	return &classes{pools: pools, known: map[string][]int{}}
}

// of returns the pools that may be bought for the pod. Pods without extended
// resources do not make the autoscaler buy nodes that have some.
func (c *classes) of(p *podState) []int {
	key := classKey(p.spec.Object, p.request)
	if pools, ok := c.known[key]; ok {
		return pools
	}
	var pools []int
	for i := range c.pools {
		candidate := &c.pools[i]
		if candidate.accelerator && len(p.request.Scalar) == 0 {
			continue
		}
		if candidate.admits(p) {
			pools = append(pools, i)
		}
	}
	c.known[key] = pools
	return pools
}

// admits is Pool.Admits with what is known already.
func (c *poolState) admits(p *podState) bool {
	return c.Pods() > 0 && pool.Fits(p.request, c.allocatable) && pool.Tolerates(p.spec.Object, c.Template)
}

// classKey is equal for pods that the same pools admit.
func classKey(pod *corev1.Pod, r costmodel.Request) string {
	key := fmt.Sprint(r.MilliCPU, r.Memory, r.EphemeralStorage)
	if len(r.Scalar) > 0 {
		key += fmt.Sprint(r.Scalar) // fmt prints maps in order of keys
	}
	var affinity *corev1.NodeAffinity
	if pod.Spec.Affinity != nil {
		affinity = pod.Spec.Affinity.NodeAffinity
	}
	if affinity == nil && len(pod.Spec.NodeSelector) == 0 && len(pod.Spec.Tolerations) == 0 {
		return key
	}
	rest, err := json.Marshal([]any{affinity, pod.Spec.NodeSelector, pod.Spec.Tolerations})
	if err != nil {
		return key + string(pod.UID) // a class of its own
	}
	return key + string(rest)
}

// someNodeAdmits reports whether a node that is there already could run the pod.
func (s *simulation) someNodeAdmits(p *podState) bool {
	return slices.ContainsFunc(s.nodes, func(n *nodeState) bool {
		return pool.Fits(p.request, n.capacity) && pool.Tolerates(p.spec.Object, n.object)
	})
}

// larger collects the pods that fit nowhere.
type larger struct {
	lines []string
	more  int
}

func (l *larger) add(p *podState, pools []poolState) {
	const most = 5
	if len(l.lines) == most {
		l.more++
		return
	}
	line := fmt.Sprintf("%s: pod %s requests %s", p.spec.Source, p.spec.Object.Name, describe(p.request))
	if i := slices.IndexFunc(pools, func(pool poolState) bool { return pool.admits(p) }); i >= 0 {
		line += fmt.Sprintf("; %s is large enough, but has accelerators, and those are not bought for pods that ask for none", pools[i].Name)
	}
	l.lines = append(l.lines, line)
}

func (l *larger) err() error {
	if len(l.lines) == 0 {
		return nil
	}
	text := strings.Join(l.lines, "\n")
	if l.more > 0 {
		text += fmt.Sprintf("\nand %d more", l.more)
	}
	return &UnfitError{text}
}

// UnfitError is for pods that no pool admits and no node of the beginning.
type UnfitError struct{ pods string }

// Error names the pods, five at most.
func (e *UnfitError) Error() string {
	return "no pool admits these pods, by size, labels or taints; add a pool that does, or take them out of the input:\n" + e.pods
}

// describe prints a request as people write it.
func describe(r costmodel.Request) string {
	parts := []string{fmt.Sprintf("cpu %dm", r.MilliCPU), fmt.Sprintf("memory %dMi", r.Memory>>20)}
	for _, name := range sortedNames(r) {
		parts = append(parts, fmt.Sprintf("%s %d", name, r.Scalar[name]))
	}
	return strings.Join(parts, ", ")
}

func sortedNames(r costmodel.Request) []corev1.ResourceName {
	names := make([]corev1.ResourceName, 0, len(r.Scalar))
	for name := range r.Scalar {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
