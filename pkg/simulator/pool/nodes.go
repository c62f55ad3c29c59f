// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// FromNodes returns the pools that the nodes of a cluster are of, and for each
// node the index of its pool. Nodes are of one pool if price, capacity type,
// labels, taints and extended resources are equal, apart from what tells one
// node from the next (see NodeLabels) or passes. A pool can have any number of
// nodes; its nodes have the least CPU, memory, storage and pods of those there
// are. price says what a node costs; a node of unknown price is an error.
func FromNodes(nodes []*corev1.Node, price func(*corev1.Node) pricing.Price) ([]Pool, []int, error) {
	order := make([]int, len(nodes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(nodes[a].Name, nodes[b].Name) })

	var pools []Pool
	var unpriced []string
	var missing string
	of := make([]int, len(nodes))
	byKey := map[string]int{}
	names := map[string]int{}
	for _, i := range order {
		node := nodes[i]
		p := price(node)
		if !p.Known() {
			unpriced = append(unpriced, node.Name)
			missing = cmp.Or(missing, p.Detail)
			continue
		}
		template := templateOf(node)
		key := groupKey(template, p)
		j, ok := byKey[key]
		if !ok {
			j = len(pools)
			byKey[key] = j
			pools = append(pools, Pool{Name: unique(names, nodePoolName(template, p)), Template: template, Price: p.PerHour, CapacityType: p.CapacityType})
		}
		of[i] = j
		leastOf(pools[j].Template.Status.Allocatable, template.Status.Allocatable)
		leastOf(pools[j].Template.Status.Capacity, template.Status.Capacity)
	}
	if len(unpriced) > 0 {
		return nil, nil, unpricedError(unpriced, missing)
	}
	return pools, of, nil
}

func unpricedError(names []string, detail string) error {
	const most = 5
	list := strings.Join(names[:min(most, len(names))], ", ")
	if more := len(names) - most; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	if detail != "" {
		list += " (" + detail + ")"
	}
	return fmt.Errorf("pricing the nodes: the price of %d is not known: %s; annotate them with %s, or add a rule to prices in the CostScore arguments",
		len(names), list, pricing.PriceAnnotation)
}

// templateOf returns the node without what is its own or passes.
func templateOf(node *corev1.Node) *corev1.Node {
	t := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Labels: NodeLabels(node), Annotations: nodeAnnotations(node)},
		Status: corev1.NodeStatus{
			Capacity:    node.Status.Capacity.DeepCopy(),
			Allocatable: node.Status.Allocatable.DeepCopy(),
			Conditions:  []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		},
	}
	if t.Status.Allocatable == nil {
		t.Status.Allocatable = t.Status.Capacity.DeepCopy()
	}
	if scheme, _, ok := strings.Cut(node.Spec.ProviderID, "://"); ok {
		t.Spec.ProviderID = scheme + ":///simulated"
	}
	for _, taint := range node.Spec.Taints {
		if !passing(taint.Key) {
			taint.TimeAdded = nil
			t.Spec.Taints = append(t.Spec.Taints, taint)
		}
	}
	slices.SortFunc(t.Spec.Taints, func(a, b corev1.Taint) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Effect, b.Effect))
	})
	return t
}

// groupKey is equal for nodes of one pool.
func groupKey(t *corev1.Node, p pricing.Price) string {
	key, err := json.Marshal([]any{
		t.Labels, t.Annotations, t.Spec.ProviderID, t.Spec.Taints, costmodel.RequestOfList(t.Status.Allocatable).Scalar, p.PerHour, p.CapacityType,
	})
	if err != nil {
		panic(fmt.Sprintf("encoding a node: %v", err)) // maps of strings and numbers always can be
	}
	return string(key)
}

// leastOf lowers the resources of list to those of other.
func leastOf(list, other corev1.ResourceList) {
	for name, q := range other {
		if have, ok := list[name]; ok && q.Cmp(have) < 0 {
			list[name] = q
		}
	}
}

// nodePoolName is <instance type>[-<zone>][-spot], in letters that names of
// nodes may have.
func nodePoolName(t *corev1.Node, p pricing.Price) string {
	name := cmp.Or(t.Labels[instanceTypeLabel], t.Labels[corev1.LabelInstanceType], "node")
	if zone := cmp.Or(t.Labels[corev1.LabelTopologyZone], t.Labels[corev1.LabelFailureDomainBetaZone]); zone != "" {
		name += "-" + zone
	}
	name = poolName(name, p.CapacityType)
	if len(utilvalidation.IsDNS1123Subdomain(name)) > 0 {
		return "node"
	}
	return name
}

// unique appends a number to a name that was there before.
func unique(names map[string]int, name string) string {
	candidate := name
	for n := 2; names[candidate] > 0; n++ {
		candidate = name + "-" + strconv.Itoa(n)
	}
	names[candidate]++
	return candidate
}
