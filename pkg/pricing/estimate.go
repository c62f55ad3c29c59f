// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"math"

	corev1 "k8s.io/api/core/v1"
)

// UnitPrices are prices of resources per hour.
type UnitPrices struct {
	// Core, GiB and GPU are the prices of one core, one GiB of memory and one
	// accelerator.
	Core, GiB, GPU Money
}

// DefaultUnitPrices returns the unit prices of estimates. They are fitted to
// the on-demand prices of the catalog; hack/catalog documents how.
func DefaultUnitPrices() UnitPrices { return defaultUnitPrices }

// accelerators are the extended resources that count as a GPU.
var accelerators = []corev1.ResourceName{
	"nvidia.com/gpu", "amd.com/gpu", "gpu.intel.com/i915", "gpu.intel.com/xe",
	"google.com/tpu", "aws.amazon.com/neuron", "habana.ai/gaudi",
}

// Of returns the price of a node's capacity (where that is empty, of its
// allocatable resources):
//
//	cores x Core + GiB x GiB + accelerators x GPU
//
// rounded to a micro-dollar, at least one, at most MaxMoney. It returns false
// for a node that has none of these.
func (u UnitPrices) Of(node *corev1.Node) (Money, bool) {
	micros := u.microsOf(node)
	if micros == 0 {
		return 0, false
	}
	return clamp(micros), true
}

// microsOf is Of unrounded, and 0 for a node that has nothing.
func (u UnitPrices) microsOf(node *corev1.Node) float64 {
	micros := u.of(node.Status.Capacity)
	if micros == 0 {
		micros = u.of(node.Status.Allocatable)
	}
	return micros
}

// of returns micro-dollars, unrounded: resource quantities have no bound.
func (u UnitPrices) of(resources corev1.ResourceList) float64 {
	sum := 0.0
	if q, ok := resources[corev1.ResourceCPU]; ok {
		sum += max(0, float64(q.MilliValue())/1000) * float64(u.Core)
	}
	if q, ok := resources[corev1.ResourceMemory]; ok {
		sum += max(0, float64(q.Value())/(1<<30)) * float64(u.GiB)
	}
	for _, name := range accelerators {
		if q, ok := resources[name]; ok {
			sum += max(0, float64(q.Value())) * float64(u.GPU)
		}
	}
	return sum
}

func clamp(microDollars float64) Money {
	return Money(min(max(1, math.Round(microDollars)), float64(MaxMoney)))
}

func scalePermille(m Money, permille int) Money {
	return clamp(float64(m) * float64(permille) / 1000)
}
