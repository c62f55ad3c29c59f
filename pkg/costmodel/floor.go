// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costmodel

import (
	"math"
	"time"
)

// Floor returns what Cost.Encode of a strategy's cost is not below, on a node whose
// oldest pod has run for that long or less. It does not look at Node.Age.
type Floor func(r *Request, n *Node, oldest time.Duration) int64

const (
	// stepBits is the number of bits of an age's logarithm that the floor of
	// DominantShare looks at: 16 steps for twice the age, in each of which the
	// factor falls by 0.26% with DefaultAgeExponent.
	stepBits = 4
	// octaves are enough for the longest time.Duration, 2^25 x ageUnit.
	octaves = 26
	// roundingError is more than what some float64 operations may be off.
	roundingError = 1e-12
)

// DominantShareFloor is a bound for DominantShare that takes a tenth of the time.
// It leaves out scalar resources and looks up the age factor in a table. Prepaid
// nodes may cost next to nothing.
func DominantShareFloor(ageExponent float64) Floor {
	var factors [octaves << stepBits]float64
	for i := range factors {
		factors[i] = (1 - roundingError) * math.Pow(ageAt(i+1), -ageExponent)
	}
	return func(r *Request, n *Node, oldest time.Duration) int64 {
		if n.Prepaid {
			return math.MinInt64
		}
		share := max(
			part(r.MilliCPU, DefaultMilliCPU, n.Allocatable.MilliCPU-n.DaemonSets.MilliCPU),
			part(r.Memory, DefaultMemory, n.Allocatable.Memory-n.DaemonSets.Memory),
			part(r.EphemeralStorage, 0, n.Allocatable.EphemeralStorage-n.DaemonSets.EphemeralStorage),
		)
		factor := 1 - roundingError
		if oldest > 0 {
			factor = factors[ageStep(oldest)]
		}
		return encode(float64(n.Price)/1e6*share*factor, 0)
	}
}

// part is shareOf as a plain number. A request of 0 counts as the default.
func part(request, byDefault, available int64) float64 {
	if request == 0 {
		request = byDefault
	}
	switch {
	case request == 0:
		return 0
	case request >= available:
		return 1
	}
	return float64(request) / float64(available)
}

// ageStep numbers the steps of 1 + age/ageUnit: the exponent and the first bits of
// the fraction of that float64, which is 1 at least.
func ageStep(age time.Duration) int {
	const fractionBits = 52
	return int(math.Float64bits(1+float64(age)/float64(ageUnit))>>(fractionBits-stepBits)) - 1023<<stepBits
}

// ageAt is where a step begins.
func ageAt(step int) float64 {
	return math.Ldexp(1+float64(step&(1<<stepBits-1))/(1<<stepBits), step>>stepBits)
}
