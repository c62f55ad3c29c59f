// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// nodeBuilder builds nodes for tables of tests.
type nodeBuilder struct{ corev1.Node }

func makeNode() *nodeBuilder {
	return &nodeBuilder{corev1.Node{}}
}

func (b *nodeBuilder) provider(id string) *nodeBuilder {
	b.Spec.ProviderID = id
	return b
}

func (b *nodeBuilder) label(key, value string) *nodeBuilder {
	if b.Labels == nil {
		b.Labels = map[string]string{}
	}
	b.Labels[key] = value
	return b
}

func (b *nodeBuilder) typed(region, instanceType string) *nodeBuilder {
	if region != "" {
		b.label(corev1.LabelTopologyRegion, region)
	}
	return b.label(corev1.LabelInstanceTypeStable, instanceType)
}

func (b *nodeBuilder) annotation(key, value string) *nodeBuilder {
	if b.Annotations == nil {
		b.Annotations = map[string]string{}
	}
	b.Annotations[key] = value
	return b
}

func (b *nodeBuilder) capacity(pairs ...string) *nodeBuilder {
	b.Status.Capacity = resources(pairs)
	return b
}

func (b *nodeBuilder) allocatable(pairs ...string) *nodeBuilder {
	b.Status.Allocatable = resources(pairs)
	return b
}

func (b *nodeBuilder) taint(key string) *nodeBuilder {
	b.Spec.Taints = append(b.Spec.Taints, corev1.Taint{Key: key, Effect: corev1.TaintEffectNoSchedule})
	return b
}

func (b *nodeBuilder) obj() *corev1.Node { return &b.Node }

func resources(pairs []string) corev1.ResourceList {
	list := corev1.ResourceList{}
	for i := 0; i < len(pairs); i += 2 {
		list[corev1.ResourceName(pairs[i])] = resource.MustParse(pairs[i+1])
	}
	return list
}

func (b *nodeBuilder) named(name string) *nodeBuilder {
	b.Name = name
	return b
}

// created sets the time of creation, in seconds since some time.
func (b *nodeBuilder) created(second int64) *nodeBuilder {
	b.CreationTimestamp = metav1.Unix(1_800_000_000+second, 0)
	return b
}

func selector(s string) labels.Selector {
	parsed, err := labels.Parse(s)
	if err != nil {
		panic(err)
	}
	return parsed
}
