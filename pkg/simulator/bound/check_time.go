// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package bound

import (
	"errors"
	"fmt"
	"math/big"
	"sort"
)

// end is when the last pod has ended, if none waits longer than MaxWait. The
// last window lasts until then.
func (c *Certificate) end() int64 { return c.duration() + c.World.MaxWait }

func (c *Certificate) checkWindows(p *Proof) error {
	for i, w := range p.Windows {
		if w.Dual < -1 || w.Dual >= len(p.Duals) {
			return fmt.Errorf("window %d names dual %d, which is not there", i, w.Dual)
		}
		if i == 0 && w.From != 0 || i > 0 && w.From <= p.Windows[i-1].From || w.From >= c.end() {
			return fmt.Errorf("window %d begins at the wrong time", i)
		}
	}
	if len(p.Windows) == 0 {
		return errors.New("it has no windows")
	}
	return nil
}

// work sums up, with the dual of each window, the rates of the pods over the
// time in which they would run if none waited, less what it could save to move
// them by up to MaxWait to later windows, less the penalties.
func (c *Certificate) work(p *Proof, duals []rates) *big.Int {
	sum, end := new(big.Int), c.end()
	until := func(i int) int64 {
		if i+1 < len(p.Windows) {
			return p.Windows[i+1].From
		}
		return end
	}
	for i, w := range p.Windows {
		if w.Dual >= 0 {
			addProduct(sum, duals[w.Dual].penalty, w.From-until(i))
		}
	}
	zero := new(big.Int)
	for j, class := range c.Classes {
		rate := func(i int) *big.Int {
			if d := p.Windows[i].Dual; d >= 0 {
				return duals[d].pods[j]
			}
			return zero
		}
		for _, pod := range class.Pods {
			from, to := pod[0], pod[0]+pod[1]
			last := to + c.World.MaxWait
			i := sort.Search(len(p.Windows), func(i int) bool { return p.Windows[i].From > from }) - 1
			var most, least *big.Int
			for ; i < len(p.Windows) && p.Windows[i].From < last; i++ {
				if begin, stop := max(from, p.Windows[i].From), min(to, until(i)); begin < stop {
					addProduct(sum, rate(i), stop-begin)
					if most == nil || rate(i).Cmp(most) > 0 {
						most = rate(i)
					}
				}
				if until(i) > to && (least == nil || rate(i).Cmp(least) < 0) {
					least = rate(i)
				}
			}
			if least != nil && most.Cmp(least) > 0 {
				addProduct(sum, new(big.Int).Sub(most, least), -min(c.World.MaxWait, pod[1]))
			}
		}
	}
	return sum
}

// excess is what the nodes cost in any case beyond work: the integral of
//
//	max(0, paid(t) - most(t))
//
// where most is the highest that the rates of the running pods, less the
// penalty, can come to at t by the dual of its window, and paid is the lowest
// that the nodes cost at t, see paid.
func (c *Certificate) excess(p *Proof, duals []rates) *big.Int {
	most := c.possible(p, duals)
	paid := c.paid(p, duals)
	sum, v := new(big.Int), new(big.Int)
	for i, j := -1, -1; i+1 < len(most) || j+1 < len(paid); {
		if j+1 == len(paid) || i+1 < len(most) && most[i+1].at <= paid[j+1].at {
			i++
		} else {
			j++
		}
		at, next := int64(0), int64(0)
		v.SetInt64(0)
		if i >= 0 {
			at = most[i].at
			v.Sub(v, most[i].value)
		}
		if j >= 0 {
			at = max(at, paid[j].at)
			v.Add(v, paid[j].value)
		}
		switch {
		case i+1 < len(most) && j+1 < len(paid):
			next = min(most[i+1].at, paid[j+1].at)
		case i+1 < len(most):
			next = most[i+1].at
		case j+1 < len(paid):
			next = paid[j+1].at
		default:
			continue
		}
		if begin := max(at, 0); v.Sign() > 0 && next > begin {
			addProduct(sum, v, next-begin)
		}
	}
	return sum
}

// step is a value from one time on.
type step struct {
	at    int64
	value *big.Int
}

// event is that the number of running pods of a class changes.
type event struct {
	at    int64
	class int
	more  int64
}

func sortEvents(events []event) {
	sort.Slice(events, func(a, b int) bool { return events[a].at < events[b].at })
}
