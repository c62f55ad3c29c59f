// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"math"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/tollgate-dev/tollgate/pkg/pricing/catalog"
)

// An estimate is useful only if it is usually near: half of the machines
// without GPUs are within 17% of their list price.
func TestEstimateIsNearListPrices(t *testing.T) {
	var errs []float64
	for _, c := range catalog.All() {
		for _, name := range c.Types() {
			shape, ok := c.Shape(name)
			price, sold := c.OnDemand(c.ReferenceRegion, name)
			if !ok || !sold || shape.MilliGPUs > 0 {
				continue
			}
			var node corev1.Node
			node.Status.Capacity = corev1.ResourceList{
				corev1.ResourceCPU:    *resource.NewQuantity(int64(shape.VCPUs), resource.DecimalSI),
				corev1.ResourceMemory: *resource.NewQuantity(int64(shape.MemoryMiB)<<20, resource.BinarySI),
			}
			estimate, _ := DefaultUnitPrices().Of(&node)
			errs = append(errs, math.Abs(math.Log(float64(estimate)/float64(price))))
		}
	}
	slices.Sort(errs)
	if half := errs[len(errs)/2]; len(errs) < 2500 || math.Exp(half) > 1.17 {
		t.Errorf("half of %d estimates are off by a factor above %.3f, want at most 1.17", len(errs), math.Exp(half))
	}
}

func TestUnitPricesOf(t *testing.T) {
	tests := []struct {
		name string
		node *nodeBuilder
		want Money
	}{
		{"nothing", makeNode(), 0},
		{"only pods", makeNode().capacity("pods", "110"), 0},
		{"all zero", makeNode().capacity("cpu", "0", "memory", "0"), 0},
		{"zero capacity, positive allocatable", makeNode().capacity("cpu", "0").allocatable("cpu", "1"), 33_000},
		{"negative counts as none", makeNode().capacity("cpu", "1", "memory", "-8Gi"), 33_000},
		{"never rounded to 0", makeNode().capacity("memory", "1"), 1},
		{"never above the maximum", makeNode().capacity("memory", "9E"), MaxMoney},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := DefaultUnitPrices().Of(tt.node.obj())
			if got != tt.want || ok != (tt.want > 0) {
				t.Errorf("got %v, %t, want %v", got, ok, tt.want)
			}
		})
	}
}
