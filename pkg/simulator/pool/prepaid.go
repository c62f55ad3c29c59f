// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"cmp"
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

const (
	regionLabel       = corev1.LabelTopologyRegion
	instanceTypeLabel = corev1.LabelInstanceTypeStable
)

// PrepaidPercent is the part of the mean demand that is prepaid in the worlds
// that have prepaid nodes.
const PrepaidPercent = 30

// Prepay sets the Prepaid of the pools so that they cover percent of the mean
// demand of the workload, in dollars.
//
// Details: each pod counts for the pool where price x dominant share is lowest
// (pools with accelerators only for pods that ask for one). Then
//
//	mean nodes of a pool = sum over its pods of lifetime x share / duration
//	Prepaid              = percent x mean nodes, rounded down or up
//
// Which are rounded up: those with the largest remainder first, wherever that
// brings the sum of Prepaid x price nearer to percent of the sum of mean nodes
// x price; then one or two pools at a time change sides as long as that brings
// it nearer still. The first pool wins among equals.
func Prepay(pools []Pool, w *workload.Workload, percent float64) {
	var open []rounding
	missing := 0.0
	for i, mean := range meanNodes(pools, w) {
		target := mean * percent / 100
		whole := math.Floor(target)
		pools[i].Prepaid = int(whole)
		if target > whole {
			missing += (target - whole) * float64(pools[i].Price)
			open = append(open, rounding{pool: i, remainder: target - whole, price: float64(pools[i].Price)})
		}
	}
	slices.SortStableFunc(open, func(a, b rounding) int { return cmp.Compare(b.remainder, a.remainder) })
	for i := range open {
		if change := open[i].change(); math.Abs(missing+change) < math.Abs(missing) {
			missing += change
			open[i].up = true
		}
	}
	for improve(open, &missing) {
	}
	for _, r := range open {
		if r.up {
			pools[r.pool].Prepaid++
		}
	}
}

// rounding is a pool whose number of nodes is rounded, down unless up is set.
type rounding struct {
	pool             int
	remainder, price float64
	up               bool
}

// change is what the other rounding would add to what is missing, in
// micro-dollars per hour.
func (r *rounding) change() float64 {
	if r.up {
		return r.price
	}
	return -r.price
}

// improve changes the rounding of the one or two pools that bring what is
// missing nearest to 0, and reports whether there are any that bring it nearer
// than it is, by a thousandth of a dollar at least.
func improve(open []rounding, missing *float64) bool {
	const least = float64(pricing.Dollar) / 1000
	best, first, second := math.Abs(*missing)-least, -1, -1
	for i := range open {
		for j := i; j < len(open); j++ {
			after := *missing + open[i].change()
			if j > i {
				after += open[j].change()
			}
			if math.Abs(after) < best {
				best, first, second = math.Abs(after), i, j
			}
		}
	}
	if first < 0 {
		return false
	}
	for _, i := range slices.Compact([]int{first, second}) {
		*missing += open[i].change()
		open[i].up = !open[i].up
	}
	return true
}

// meanNodes returns how many nodes of each pool the workload needs on average
// if every pod pays for its share of the pool that is cheapest for it. Pods
// that fit nowhere do not count.
func meanNodes(pools []Pool, w *workload.Workload) []float64 {
	strategy := costmodel.DominantShare(0)
	free := allocatables(pools)
	demand := make([]float64, len(pools))
	duration := w.Duration().Seconds()
	if duration <= 0 {
		return demand
	}
	for i := range w.Pods {
		pod := w.Pods[i].Object
		request := costmodel.RequestOf(pod)
		best, share, dollars := -1, 0.0, math.Inf(1)
		for j := range pools {
			if len(request.Scalar) == 0 && len(free[j].Scalar) > 0 || !Fits(request, free[j]) {
				continue
			}
			c := strategy(request, costmodel.Node{Price: pools[j].Price, Allocatable: free[j]})
			if c.Dollars < dollars && Tolerates(pod, pools[j].Template) {
				best, share, dollars = j, c.Share, c.Dollars
			}
		}
		if best >= 0 {
			demand[best] += w.Pods[i].Lifetime.Seconds() * share / duration
		}
	}
	return demand
}
