// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package bound

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// rates are what a dual says: while a pod of class j runs, it costs pods[j],
// less penalty for them all.
type rates struct {
	pods    []*big.Int
	penalty *big.Int
}

// rates checks a dual and works it out. Where nothing is assumed of waiting,
// nodes of limited pools are worth no more than their price, and prepaid nodes
// are worth nothing.
func (c *Certificate) rates(dual Dual, assumesNothing bool) (rates, error) {
	if len(dual) != len(c.Pools) {
		return rates{}, fmt.Errorf("it has weights of %d pools, not %d", len(dual), len(c.Pools))
	}
	r := rates{pods: make([]*big.Int, len(c.Classes)), penalty: new(big.Int)}
	worths := make([][]*big.Int, len(dual))
	for k, weights := range dual {
		node := new(big.Int)
		for _, w := range weights {
			worth, err := c.worth(w)
			if err != nil {
				return rates{}, fmt.Errorf("pool %d: %w", k, err)
			}
			worths[k] = append(worths[k], worth)
			node.Add(node, worth)
		}
		penalty, err := c.Pools[k].penalty(node, assumesNothing)
		if err != nil {
			return rates{}, fmt.Errorf("pool %d: %w", k, err)
		}
		r.penalty.Add(r.penalty, penalty)
	}
	for j, class := range c.Classes {
		for _, k := range class.Pools {
			rate := new(big.Int)
			for i, w := range dual[k] {
				rate.Add(rate, charge(worths[k][i], class.Requests[w.Resource], c.Pools[k].Allocatable[w.Resource], w.Steps))
			}
			if r.pods[j] == nil || rate.Cmp(r.pods[j]) < 0 {
				r.pods[j] = rate
			}
		}
		if r.pods[j] == nil {
			r.pods[j] = new(big.Int) // never runs
		}
	}
	return r, nil
}

func (c *Certificate) worth(w Weight) (*big.Int, error) {
	if w.Resource < 0 || w.Resource >= len(c.Resources) || w.Steps < 0 {
		return nil, errors.New("there is no such resource or function")
	}
	worth, ok := new(big.Rat), len(w.Worth) < 40 && strings.Trim(w.Worth, "0123456789.") == ""
	if ok {
		_, ok = worth.SetString(w.Worth)
		worth.Mul(worth, new(big.Rat).SetInt(perDollar))
	}
	if !ok || !worth.IsInt() {
		return nil, fmt.Errorf("worth %q is not a number of dollars with up to 12 decimals, 0 or more", w.Worth)
	}
	return worth.Num(), nil
}

// charge is worth x u(request/allocatable), rounded down, where u is u(q) of
// the package comment for q = steps, and the share itself for steps = 0.
func charge(worth *big.Int, request, allocatable, steps int64) *big.Int {
	num, den := big.NewInt(request), big.NewInt(allocatable)
	if request == 0 || allocatable == 0 {
		return new(big.Int)
	}
	if steps > 0 {
		times, rest := new(big.Int).QuoRem(new(big.Int).Mul(num, big.NewInt(steps+1)), den, new(big.Int))
		if rest.Sign() != 0 {
			num, den = times, big.NewInt(steps)
		}
	}
	v := new(big.Int).Mul(worth, num)
	return v.Quo(v, den)
}

// penalty is what a node being worth so much takes from the bound:
//
//	prepaid x worth + (maxNodes - prepaid) x max(0, worth - price)
func (k Pool) penalty(worth *big.Int, assumesNothing bool) (*big.Int, error) {
	free := k.Prepaid
	if k.MaxNodes > 0 {
		free = min(free, k.MaxNodes)
	}
	over := new(big.Int).Sub(worth, new(big.Int).Mul(big.NewInt(k.Price), perMicroDollar))
	if over.Sign() > 0 && (k.MaxNodes == 0 || assumesNothing) {
		return nil, errors.New("a node is worth more than its price")
	}
	if free > 0 && worth.Sign() > 0 && assumesNothing {
		return nil, errors.New("a prepaid node is worth something")
	}
	p := new(big.Int).Mul(worth, big.NewInt(free))
	if over.Sign() > 0 {
		p.Add(p, over.Mul(over, big.NewInt(k.MaxNodes-free)))
	}
	return p, nil
}

// wellFormed checks what the arithmetic relies on.
func (c *Certificate) wellFormedData() error {
	for _, t := range []int64{c.World.MaxWait, c.World.Boot, c.World.EmptyDelay} {
		if t < 0 || t > maxTime {
			return errors.New("a time of the world is out of range")
		}
	}
	if len(c.Pools) == 0 {
		return errors.New("it has no pools")
	}
	for _, k := range c.Pools {
		if len(k.Allocatable) != len(c.Resources) || negative(k.Allocatable) || negative([]int64{k.Price, k.MaxNodes, k.Prepaid}) {
			return fmt.Errorf("pool %q lacks a resource or has a negative number", k.Name)
		}
	}
	for j, class := range c.Classes {
		if len(class.Requests) != len(c.Resources) || negative(class.Requests) {
			return fmt.Errorf("class %d lacks a resource or has a negative number", j)
		}
		for _, k := range class.Pools {
			if k < 0 || k >= len(c.Pools) {
				return fmt.Errorf("class %d names pool %d, which is not there", j, k)
			}
		}
		for _, pod := range class.Pods {
			if pod[0] < 0 || pod[0] > maxTime || pod[1] <= 0 || pod[1] > maxTime {
				return fmt.Errorf("class %d has a pod with a time out of range", j)
			}
		}
	}
	return nil
}

func negative(numbers []int64) bool {
	for _, n := range numbers {
		if n < 0 {
			return true
		}
	}
	return false
}
