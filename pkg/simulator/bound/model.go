// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package bound

// model is the certificate's data in floats, for the search. Rates are in
// dollars per hour.
//
// A row is a resource seen through one of the functions: row m x len(steps) + i
// is resource m through u(steps[i]).
type model struct {
	steps   []int64 // of dual-feasible functions; the first is 0, the share itself
	rows    int
	pools   []Pool
	price   []float64
	classes int
	// The shares of class j are cells of its options; those of options[o] are
	// cells[first[o]:first[o+1]].
	option []int // by class, its first option
	pool   []int // by option
	first  []int // by option, its first cell
	row    []int32
	share  []float64
}

// maxSteps is how fine the dual-feasible functions get: u(8) tells apart shares
// above and below 1/9.
const maxSteps = 8

func newModel(c *Certificate, functions bool) *model {
	m := &model{steps: []int64{0}, pools: c.Pools, classes: len(c.Classes)}
	if functions {
		for q := int64(1); q <= maxSteps; q++ {
			m.steps = append(m.steps, q)
		}
	}
	m.rows = len(c.Resources) * len(m.steps)
	for _, k := range c.Pools {
		m.price = append(m.price, float64(k.Price)/1e6)
	}
	for _, class := range c.Classes {
		m.option = append(m.option, len(m.pool))
		for _, k := range class.Pools {
			m.pool = append(m.pool, k)
			m.first = append(m.first, len(m.row))
			for r, request := range class.Requests {
				for i, q := range m.steps {
					if x := shareOf(request, c.Pools[k].Allocatable[r], q); x > 0 {
						m.row = append(m.row, int32(r*len(m.steps)+i))
						m.share = append(m.share, x)
					}
				}
			}
		}
	}
	m.option = append(m.option, len(m.pool))
	m.first = append(m.first, len(m.row))
	return m
}

// shareOf is charge for a worth of 1, in floats.
func shareOf(request, allocatable, steps int64) float64 {
	if request == 0 || allocatable == 0 {
		return 0
	}
	share := float64(request) / float64(allocatable)
	if steps == 0 || request > allocatable || request > 1<<58 {
		return share
	}
	if times := (steps + 1) * request; times%allocatable != 0 {
		return float64(times/allocatable) / float64(steps)
	}
	return share
}

// penalty returns what a node of pool k being worth so much takes from the
// bound, in dollars per hour, and by how much more for each dollar more.
func (m *model) penalty(k int, worth float64) (rate, slope float64) {
	p := m.pools[k]
	free := float64(p.Prepaid)
	if p.MaxNodes > 0 {
		free = min(free, float64(p.MaxNodes))
	}
	rate, slope = free*worth, free
	if over := worth - m.price[k]; over > 0 && p.MaxNodes > 0 {
		rate += over * (float64(p.MaxNodes) - free)
		slope = float64(p.MaxNodes)
	}
	return rate, slope
}
