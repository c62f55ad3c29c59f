// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package bound

import (
	"context"
	"math"
)

// problem is to find the dual that says most about an amount of work.
type problem struct {
	*model
	// demand is the work of each class, in pod-hours.
	demand []float64
	// hours for which the penalties are due; 0 for a dual that assumes nothing,
	// in which nodes are worth no more than their price and prepaid ones nothing.
	hours float64
	steps int
}

// search maximises
//
//	sum of demand x min over pools of sum of worth x share - hours x penalty
//
// which is concave, by optimistic exponentiated gradient ascent: each pool's
// worths are a point on a simplex with one more coordinate for what its nodes
// are worth less than they could be. The minimum is softened at first and less
// and less so. start may be nil. It returns worths by pool and row, and the
// value of the best point that it saw.
func search(ctx context.Context, p *problem, start [][]float64) ([][]float64, float64, error) {
	s := newState(p, start)
	best, value := s.worths(), math.Inf(-1)
	for n := range p.steps {
		if err := context.Cause(ctx); err != nil {
			return nil, 0, err
		}
		// From 10% down to 0.01% of a pod's cost.
		softness := 0.1 * math.Pow(1e-3, float64(n)/float64(p.steps))
		if v := s.gradient(softness); v > value {
			value = v
			for k := range best {
				copy(best[k], s.worth[k])
			}
		}
		s.ascend()
	}
	return best, value, nil
}

// state is a point on the way, and what the last ones were like.
type state struct {
	*problem
	scale     []float64   // by pool, what a node can be worth at most
	share     [][]float64 // by pool and row, the last one idle
	worth     [][]float64
	slope     [][]float64 // of the objective in share
	before    [][]float64 // slope one step earlier
	travelled []float64   // by pool, sum of squares of the slopes' spread
	costs     []float64   // of a class's options
}

func newState(p *problem, start [][]float64) *state {
	s := &state{problem: p, scale: p.scales(), travelled: make([]float64, len(p.pools))}
	for k := range p.pools {
		s.worth = append(s.worth, make([]float64, p.rows))
		s.slope = append(s.slope, make([]float64, p.rows+1))
		s.before = append(s.before, make([]float64, p.rows+1))
		share := make([]float64, p.rows+1)
		for r := range share {
			share[r] = 1 / float64(len(share))
		}
		if start != nil && s.scale[k] > 0 {
			const fresh = 0.02 // of the mass is spread, since what is 0 stays 0
			idle := 1.0
			for r, worth := range start[k] {
				part := min(worth/s.scale[k], idle)
				idle -= part
				share[r] = fresh*share[r] + (1-fresh)*part
			}
			share[p.rows] = fresh*share[p.rows] + (1-fresh)*idle
		}
		s.share = append(s.share, share)
	}
	return s
}

// scales returns what a node of each pool can be worth at most: its price, or
// where there are few of them, what other nodes in its place would cost.
func (p *problem) scales() []float64 {
	const most = 32 // times the price
	scales := make([]float64, len(p.pools))
	for k, own := range p.pools {
		scales[k] = p.price[k]
		if p.hours == 0 && own.Prepaid > 0 {
			scales[k] = 0
		}
		if p.hours == 0 || own.MaxNodes == 0 {
			continue
		}
		for i, other := range p.pools {
			nodes := 0.0
			for r, have := range own.Allocatable {
				if other.MaxNodes > 0 || have > 0 && other.Allocatable[r] == 0 {
					nodes = math.Inf(1)
					break
				}
				if have > 0 {
					nodes = max(nodes, float64(have)/float64(other.Allocatable[r]))
				}
			}
			if !math.IsInf(nodes, 1) {
				scales[k] = max(scales[k], min(nodes*p.price[i], most*p.price[k]))
			}
		}
	}
	return scales
}

func (s *state) worths() [][]float64 {
	all := make([][]float64, len(s.worth))
	for k := range all {
		all[k] = append([]float64(nil), s.worth[k]...)
	}
	return all
}

// gradient works out worth and slope at share, and returns the objective.
func (s *state) gradient(softness float64) float64 {
	value := 0.0
	for k := range s.pools {
		node := 0.0
		for r := range s.rows {
			s.worth[k][r] = s.scale[k] * s.share[k][r]
			node += s.worth[k][r]
		}
		down := 0.0
		if s.hours > 0 {
			rate, slope := s.penalty(k, node)
			value -= s.hours * rate
			down = s.hours * slope * s.scale[k]
		}
		s.slope[k], s.before[k] = s.before[k], s.slope[k]
		for r := range s.rows {
			s.slope[k][r] = -down
		}
		s.slope[k][s.rows] = 0
	}
	for j, demand := range s.demand {
		if demand > 0 && s.option[j] < s.option[j+1] {
			value += demand * s.class(j, demand, softness)
		}
	}
	return value
}

// class adds the slope of one class, and returns what one of its pods costs.
func (s *state) class(j int, demand, softness float64) float64 {
	from, to := s.option[j], s.option[j+1]
	s.costs = s.costs[:0]
	least := math.Inf(1)
	for o := from; o < to; o++ {
		cost, worth := 0.0, s.worth[s.pool[o]]
		for i := s.first[o]; i < s.first[o+1]; i++ {
			cost += worth[s.row[i]] * s.model.share[i]
		}
		s.costs = append(s.costs, cost)
		least = min(least, cost)
	}
	total := 0.0
	for i, cost := range s.costs {
		weight := 1.0
		if least > 0 {
			weight = math.Exp((least - cost) / (softness * least))
		} else if cost > 0 {
			weight = 0
		}
		s.costs[i] = weight
		total += weight
	}
	for o := from; o < to; o++ {
		part := demand * s.costs[o-from] / total
		if part < 1e-12*demand {
			continue
		}
		k := s.pool[o]
		part *= s.scale[k]
		for i := s.first[o]; i < s.first[o+1]; i++ {
			s.slope[k][s.row[i]] += part * s.model.share[i]
		}
	}
	return least
}

// ascend moves share along the slope: each pool at its own pace, slower the
// further it went.
func (s *state) ascend() {
	// How large steps are. Where nodes can be worth many times their price, long
	// ones overshoot. Both were found by trial.
	const pace, limited = 4.0, 0.5
	for k, share := range s.share {
		low, high := math.Inf(1), math.Inf(-1)
		for _, g := range s.slope[k] {
			low, high = min(low, g), max(high, g)
		}
		s.travelled[k] += (high - low) * (high - low)
		if high <= low {
			continue
		}
		rate := pace * math.Sqrt(math.Log(float64(len(share)))/s.travelled[k])
		if s.scale[k] > s.price[k] {
			rate *= limited / pace
		}
		total := 0.0
		for r := range share {
			ahead := 2*s.slope[k][r] - s.before[k][r] - high
			share[r] = max(share[r]*math.Exp(rate*ahead), 1e-15)
			total += share[r]
		}
		for r := range share {
			share[r] /= total
		}
	}
}
