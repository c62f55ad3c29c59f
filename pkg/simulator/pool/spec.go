// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/pricing/catalog"
)

// fault is what is wrong with a field of a pool, named as ".taints[0].effect".
type fault struct{ field, text string }

// pool makes the pool, and returns all faults of it.
func (s *spec) pool() (Pool, []fault) {
	p := Pool{Name: s.Name, CapacityType: pricing.CapacityTypeOnDemand}
	var faults []fault
	add := func(field, format string, args ...any) {
		faults = append(faults, fault{field, fmt.Sprintf(format, args...)})
	}
	for _, number := range []struct {
		field, text string
		to          *int
	}{{"maxNodes", s.MaxNodes, &p.MaxNodes}, {"prepaid", s.Prepaid, &p.Prepaid}} {
		var err error
		if *number.to, err = parseCount(number.text); err != nil {
			add("."+number.field, "%s is %q, want %v", number.field, number.text, err)
		}
	}
	switch s.CapacityType {
	case "", string(pricing.CapacityTypeOnDemand):
	case string(pricing.CapacityTypeSpot):
		p.CapacityType = pricing.CapacityTypeSpot
	default:
		add(".capacityType", "capacityType is %q, want on-demand or spot", s.CapacityType)
	}
	if p.Name == "" {
		p.Name = poolName(s.InstanceType, p.CapacityType)
	}
	if p.Name == "" {
		add("", "it has neither name nor instanceType")
	} else if bad := utilvalidation.IsDNS1123Subdomain(p.Name); len(bad) > 0 {
		add(".name", "%s", bad[0])
	}
	if p.MaxNodes > 0 && p.Prepaid > p.MaxNodes {
		add(".prepaid", "prepaid is %d, want at most maxNodes, which is %d", p.Prepaid, p.MaxNodes)
	}
	var more []fault
	p.Template, more = s.template(p.CapacityType)
	faults = append(faults, more...)
	if more := s.price(&p); more.text != "" {
		faults = append(faults, more)
	}
	return p, faults
}

// template returns a node of the type, if a catalog has it, and changes what
// the file says otherwise.
func (s *spec) template(capacity pricing.CapacityType) (*corev1.Node, []fault) {
	var faults []fault
	shop := s.shop()
	if s.Cloud != "" && shop == nil {
		faults = append(faults, fault{".cloud", fmt.Sprintf("there is no catalog of cloud %q; choose one of %s, or leave it out", s.Cloud, strings.Join(Clouds(), ", "))})
	}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"karpenter.sh/capacity-type": string(capacity)}}}
	if shop != nil {
		shape, _ := catalog.For(shop.name).Shape(s.InstanceType)
		if shape.VCPUs == 0 {
			shape = catalog.Shape{}
		}
		node = shop.node(cmp.Or(s.Region, shop.region), s.InstanceType, capacity, shape)
		delete(node.Labels, corev1.LabelTopologyZone)
		if shape == (catalog.Shape{}) {
			node.Status.Capacity, node.Status.Allocatable = nil, nil
		}
	}
	for label, value := range map[string]string{instanceTypeLabel: s.InstanceType, regionLabel: s.Region, corev1.LabelTopologyZone: s.Zone} {
		if value != "" {
			node.Labels[label] = value
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Labels)) {
		at := ".labels[" + key + "]"
		for _, bad := range append(utilvalidation.IsQualifiedName(key), utilvalidation.IsValidLabelValue(s.Labels[key])...) {
			faults = append(faults, fault{at, fmt.Sprintf("label %s=%s: %s", key, s.Labels[key], bad)})
		}
		node.Labels[key] = s.Labels[key]
	}
	for i, t := range s.Taints {
		effect := corev1.TaintEffect(t.Effect)
		if !slices.Contains([]corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute}, effect) {
			faults = append(faults, fault{fmt.Sprintf(".taints[%d].effect", i), fmt.Sprintf("effect is %q, want NoSchedule, PreferNoSchedule or NoExecute", t.Effect)})
		}
		for _, bad := range append(utilvalidation.IsQualifiedName(t.Key), utilvalidation.IsValidLabelValue(t.Value)...) {
			faults = append(faults, fault{fmt.Sprintf(".taints[%d]", i), fmt.Sprintf("taint %s=%s: %s", t.Key, t.Value, bad)})
		}
		node.Spec.Taints = append(node.Spec.Taints, corev1.Taint{Key: t.Key, Value: t.Value, Effect: effect})
	}
	return node, append(faults, s.resources(node)...)
}

// shop returns the cloud of the pool, by name or by instance type; nil if
// neither says it.
func (s *spec) shop() *cloudShop {
	if s.Cloud != "" {
		shop, err := shopOf(s.Cloud)
		if err != nil {
			return nil
		}
		return shop
	}
	var found *cloudShop
	for i := range shops {
		if s.InstanceType != "" && catalog.For(shops[i].name).HasType(s.InstanceType) {
			if found != nil {
				return nil
			}
			found = &shops[i]
		}
	}
	return found
}

// resources writes allocatable over that of the type.
func (s *spec) resources(node *corev1.Node) []fault {
	var faults []fault
	for _, key := range slices.Sorted(maps.Keys(s.Allocatable)) {
		at := ".allocatable[" + key + "]"
		q, err := parseAmount(corev1.ResourceName(key), s.Allocatable[key])
		if err != nil {
			faults = append(faults, fault{at, fmt.Sprintf("%s is %q, want %v", key, s.Allocatable[key], err)})
			continue
		}
		if len(utilvalidation.IsQualifiedName(key)) > 0 {
			faults = append(faults, fault{at, fmt.Sprintf("%q is not the name of a resource", key)})
		}
		for _, list := range []*corev1.ResourceList{&node.Status.Allocatable, &node.Status.Capacity} {
			if *list == nil {
				*list = corev1.ResourceList{corev1.ResourcePods: *resource.NewQuantity(defaultMaxPods, resource.DecimalSI)}
			}
			(*list)[corev1.ResourceName(key)] = q
		}
	}
	if node.Status.Allocatable.Cpu().IsZero() || node.Status.Allocatable.Memory().IsZero() {
		what := fmt.Sprintf("instance type %q is in no catalog", s.InstanceType)
		if s.InstanceType == "" {
			what = "it has no instanceType"
		}
		faults = append(faults, fault{".allocatable", what + ", so allocatable must say cpu and memory"})
	}
	return faults
}

// price takes the file's price, else the catalog's. The file's becomes an
// annotation of the nodes, so that CostScore sees it too.
func (s *spec) price(p *Pool) fault {
	if s.HourlyPrice == "" {
		price, err := listPrice(p)
		if err != nil {
			return fault{".instanceType", fmt.Sprintf("it has no price (%s); give it an hourlyPrice", cmp.Or(price.Detail, "neither hourlyPrice nor instanceType is there"))}
		}
		p.Price = price.PerHour
		if price.Source == pricing.SourceEstimate {
			p.PriceNote = "its price is an estimate: " + price.Detail
		}
		return fault{}
	}
	price, err := pricing.ParseMoney(s.HourlyPrice)
	if err != nil {
		return fault{".hourlyPrice", fmt.Sprintf("hourlyPrice is %q: %v", s.HourlyPrice, err)}
	}
	p.Price = price
	p.Template.Annotations = map[string]string{pricing.PriceAnnotation: s.HourlyPrice}
	return fault{}
}
