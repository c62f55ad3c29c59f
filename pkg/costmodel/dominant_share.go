// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costmodel

import (
	"math"
	"math/bits"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// DefaultAgeExponent is the exponent that DominantShare is best with; 0.03 to
// 0.09 are as good within the error of the measurement.
const DefaultAgeExponent = 0.06

// ageUnit is the age from which on age counts.
const ageUnit = 5 * time.Minute

// DominantShare charges the pod its largest share of any one resource of the
// node, and less on nodes whose pods have run for long.
//
// Details:
//
//	cost  = price x share x (1 + age/5min)^-ageExponent
//	share = max over resources of request / (allocatable - DaemonSets), at most 1
//
// The resources are CPU, memory, ephemeral storage and the scalar resources
// that the pod requests. CPU and memory of 0 count as DefaultMilliCPU and
// DefaultMemory. What the DaemonSets leave nothing of counts as the whole node.
// Node prices grow with the size of nodes, shares shrink with it: so the
// product compares what is paid for the same work. Lifetimes are heavy-tailed:
// a node of old pods will be paid for anyway, one of young pods may soon be
// gone.
func DominantShare(ageExponent float64) Strategy {
	return func(r Request, n Node) Cost {
		return dominantShare(&r, &n, ageFactor(n.Age, ageExponent))
	}
}

func dominantShare(r *Request, n *Node, ageFactor float64) Cost {
	d := dominant(r.nonZero(), n)
	c := Cost{Price: n.Price, Share: d.share, Resource: d.resource, AgeFactor: ageFactor}
	c.List = scale(int64(n.Price), d.request, d.available) / 1e6 * ageFactor
	c.charge(r, n)
	return c
}

// share is a part of a node: request/available, both positive, at most 1.
type share struct {
	resource           corev1.ResourceName
	request, available int64
	share              float64
}

// dominant returns the largest share. Equal shares go to the first of cpu,
// memory, ephemeral-storage, and the scalar resources by name.
func dominant(r Request, n *Node) share {
	d := shareOf(corev1.ResourceCPU, r.MilliCPU, n.Allocatable.MilliCPU-n.DaemonSets.MilliCPU)
	d = larger(d, shareOf(corev1.ResourceMemory, r.Memory, n.Allocatable.Memory-n.DaemonSets.Memory))
	if r.EphemeralStorage > 0 {
		d = larger(d, shareOf(corev1.ResourceEphemeralStorage, r.EphemeralStorage,
			n.Allocatable.EphemeralStorage-n.DaemonSets.EphemeralStorage))
	}
	scalar := share{}
	for name, request := range r.Scalar {
		if request <= 0 {
			continue
		}
		s := shareOf(name, request, n.Allocatable.Scalar[name]-n.DaemonSets.Scalar[name])
		if s.share > scalar.share || s.share == scalar.share && s.resource < scalar.resource {
			scalar = s
		}
	}
	return larger(d, scalar)
}

func shareOf(name corev1.ResourceName, request, available int64) share {
	if request >= available {
		return share{name, 1, 1, 1}
	}
	return share{name, request, available, float64(request) / float64(available)}
}

func larger(a, b share) share {
	if b.share > a.share {
		return b
	}
	return a
}

func ageFactor(age time.Duration, exponent float64) float64 {
	if age <= 0 || exponent == 0 {
		return 1
	}
	return math.Pow(1+float64(age)/float64(ageUnit), -exponent)
}

// scale returns price x request / available for 0 <= price and
// 0 < request <= available, as the float64 next to the exact rational number.
// So costs that are equal on paper are equal as numbers: three times the price
// for three times the node is the same cost to the last bit, and packing
// decides between the two.
func scale(price, request, available int64) float64 {
	if price <= 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(price), uint64(request))
	d := uint64(available)
	// quotient = whole + fraction/2^64 with an unknown rest of the division.
	// hi < d, because price < 2^63 and request <= available.
	whole, rest := bits.Div64(hi, lo, d)
	fraction, rest := bits.Div64(rest, 0, d)
	// Take the 64 leading bits; any bit lost sets the last one (sticky), as
	// rounding to 53 bits needs it.
	exponent := -64
	shift := bits.LeadingZeros64(whole)
	var mantissa uint64
	if shift == 64 {
		mantissa = fraction // less than a micro-dollar: exact to 2^-64 of one
	} else {
		mantissa = whole<<shift | fraction>>(64-shift)
		exponent = -shift
		if fraction<<shift != 0 {
			rest = 1
		}
	}
	if rest != 0 {
		mantissa |= 1
	}
	return math.Ldexp(float64(mantissa), exponent)
}
