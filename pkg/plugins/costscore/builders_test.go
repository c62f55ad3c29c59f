// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	st "k8s.io/kubernetes/pkg/scheduler/testing"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

type resources = map[v1.ResourceName]string

// node returns a node of 4 cores and 16Gi; price is its annotation, "" for
// none.
func node(name, price string, change ...func(*v1.Node)) *v1.Node {
	n := st.MakeNode().Name(name).Capacity(resources{"cpu": "4", "memory": "16Gi", "pods": "110"}).Obj()
	if price != "" {
		n.Annotations = map[string]string{pricing.PriceAnnotation: price}
	}
	for _, f := range change {
		f(n)
	}
	return n
}

func capacity(r resources) func(*v1.Node) {
	return func(n *v1.Node) {
		n.Status = st.MakeNode().Capacity(r).Obj().Status
	}
}

func label(key, value string) func(*v1.Node) {
	return func(n *v1.Node) {
		metav1.SetMetaDataLabel(&n.ObjectMeta, key, value)
	}
}

func annotation(key, value string) func(*v1.Node) {
	return func(n *v1.Node) {
		metav1.SetMetaDataAnnotation(&n.ObjectMeta, key, value)
	}
}

// spotLabel is Karpenter's label, and capacity types are its values.
const spotLabel = "karpenter.sh/capacity-type"

// pod returns a pod that requests 1 core and 1Gi.
func pod(name string) *st.PodWrapper {
	return st.MakePod().Name(name).UID(name).Namespace("default").
		Req(map[v1.ResourceName]string{"cpu": "1", "memory": "1Gi"})
}

// on returns a pod that has been running on a node for so long.
func on(nodeName, name string, age time.Duration) *v1.Pod {
	p := pod(name).Node(nodeName).Obj()
	p.Status.Conditions = []v1.PodCondition{{
		Type:               v1.PodScheduled,
		Status:             v1.ConditionTrue,
		LastTransitionTime: metav1.NewTime(testNow.Add(-age)),
	}}
	return p
}

// ofDaemonSet makes p a pod of a DaemonSet.
func ofDaemonSet(p *v1.Pod) *v1.Pod {
	yes := true
	p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "DaemonSet", Name: "agent", UID: "agent", Controller: &yes}}
	return p
}

// preferring makes p prefer nodes with a label, by the smallest weight.
func preferring(p *v1.Pod, key, value string) *v1.Pod {
	p.Spec.Affinity = &v1.Affinity{NodeAffinity: &v1.NodeAffinity{
		PreferredDuringSchedulingIgnoredDuringExecution: []v1.PreferredSchedulingTerm{{
			Weight: 1,
			Preference: v1.NodeSelectorTerm{MatchExpressions: []v1.NodeSelectorRequirement{
				{Key: key, Operator: v1.NodeSelectorOpIn, Values: []string{value}},
			}},
		}},
	}}
	return p
}
