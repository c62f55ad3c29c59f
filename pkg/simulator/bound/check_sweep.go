// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package bound

import "math/big"

// running holds, by dual, the sum of the rates of the pods that run, less the
// penalty.
type running []*big.Int

func newRunning(duals []rates) running {
	r := make(running, len(duals))
	for d := range duals {
		r[d] = new(big.Int).Neg(duals[d].penalty)
	}
	return r
}

func (r running) change(duals []rates, e event) {
	for d := range duals {
		if e.more > 0 {
			r[d].Add(r[d], duals[d].pods[e.class])
		} else {
			r[d].Sub(r[d], duals[d].pods[e.class])
		}
	}
}

// possible returns the sum of the rates of the pods that may run, less the
// penalty, by the dual of the window; 0 after the last window.
func (c *Certificate) possible(p *Proof, duals []rates) []step {
	var events []event
	for j, class := range c.Classes {
		for _, pod := range class.Pods {
			events = append(events, event{pod[0], j, 1}, event{pod[0] + pod[1] + c.World.MaxWait, j, -1})
		}
	}
	sortEvents(events)
	sums := newRunning(duals)
	var steps []step
	end := c.end()
	for i, w := 0, 0; ; {
		at := end
		if i < len(events) {
			at = min(at, events[i].at)
		}
		if w < len(p.Windows) {
			at = min(at, p.Windows[w].From)
		}
		for ; w < len(p.Windows) && p.Windows[w].From == at; w++ {
		}
		for ; i < len(events) && events[i].at == at; i++ {
			sums.change(duals, events[i])
		}
		value := new(big.Int)
		if at < end && w > 0 && p.Windows[w-1].Dual >= 0 {
			value.Set(sums[p.Windows[w-1].Dual])
		}
		steps = append(steps, step{at, value})
		if at == end {
			return steps
		}
	}
}

// paid returns the lowest that the nodes cost: whoever works at some time is
// paid from Boot before it to EmptyDelay after it. It is 0 throughout where
// pods can be interrupted, since then no pod runs for certain at any time.
func (c *Certificate) paid(p *Proof, duals []rates) []step {
	if p.Assumes != AssumesLifecycle {
		return nil
	}
	return dilate(c.certain(duals), c.World.Boot, c.World.EmptyDelay)
}

// certain returns the lowest that the nodes cost on which pods run for certain:
// at each time the most that one of the duals says, and no less than one node.
func (c *Certificate) certain(duals []rates) []step {
	var events []event
	alone := make([]int64, len(c.Classes))
	for j, class := range c.Classes {
		alone[j] = c.alone(class)
		for _, pod := range class.Pods {
			if pod[1] > c.World.MaxWait {
				events = append(events, event{pod[0] + c.World.MaxWait, j, 1}, event{pod[0] + pod[1], j, -1})
			}
		}
	}
	sortEvents(events)
	sums, count := newRunning(duals), map[int64]int64{}
	var steps []step
	for i := 0; i < len(events); {
		at := events[i].at
		for ; i < len(events) && events[i].at == at; i++ {
			sums.change(duals, events[i])
			if count[alone[events[i].class]] += events[i].more; count[alone[events[i].class]] == 0 {
				delete(count, alone[events[i].class])
			}
		}
		value := new(big.Int)
		for price := range count {
			if v := new(big.Int).Mul(big.NewInt(price), perMicroDollar); v.Cmp(value) > 0 {
				value = v
			}
		}
		for _, sum := range sums {
			if sum.Cmp(value) > 0 {
				value.Set(sum)
			}
		}
		steps = append(steps, step{at, value})
	}
	return steps
}

// alone is the price of the cheapest node that runs a pod of the class.
func (c *Certificate) alone(class Class) int64 {
	price := int64(-1)
	for _, k := range class.Pools {
		own := c.Pools[k].Price
		if c.Pools[k].Prepaid > 0 {
			own = 0
		}
		if price < 0 || own < price {
			price = own
		}
	}
	return max(price, 0)
}

// dilate returns, for each time t, the largest value of steps within t - after
// and t + before.
func dilate(steps []step, before, after int64) []step {
	var out []step
	var best []int // indices of steps, values descend
	for begin, end := 0, 0; end < len(steps)-1; {
		// A step i counts from its at - before up to the next one's at + after.
		at := steps[end+1].at + after
		if begin < len(steps)-1 {
			at = min(at, steps[begin].at-before)
		}
		for ; begin < len(steps)-1 && steps[begin].at-before == at; begin++ {
			for len(best) > 0 && steps[best[len(best)-1]].value.Cmp(steps[begin].value) <= 0 {
				best = best[:len(best)-1]
			}
			best = append(best, begin)
		}
		for ; end < len(steps)-1 && steps[end+1].at+after == at; end++ {
			if len(best) > 0 && best[0] == end {
				best = best[1:]
			}
		}
		value := new(big.Int)
		if len(best) > 0 {
			value = steps[best[0]].value
		}
		out = append(out, step{at, value})
	}
	return out
}
