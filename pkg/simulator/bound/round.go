// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package bound

import (
	"math"
	"math/big"
)

// dual writes worths down so that they can be checked exactly: in whole units of
// 1e-12 dollars, without what hardly counts, and without a node being worth more
// than its price where it must not.
func (m *model) dual(worths [][]float64, limited bool) Dual {
	const negligible = 1e-6 // of the price
	dual := make(Dual, len(worths))
	for k, rows := range worths {
		dual[k] = []Weight{}
		kept, sum := 0.0, 0.0
		for _, w := range rows {
			sum += w
			if w > negligible*m.price[k] {
				kept += w
			}
		}
		price := float64(m.pools[k].Price) * 1e6
		scale := 1.0
		if kept > 0 {
			scale = sum / kept // what was left out goes to the rest
		}
		if limited || m.pools[k].MaxNodes == 0 {
			scale = min(scale, m.price[k]/max(kept, 1e-12))
		}
		left := int64(price)
		for r, w := range rows {
			if w <= negligible*m.price[k] {
				continue
			}
			units := int64(math.Min(w*scale*1e12, 1<<62))
			if limited || m.pools[k].MaxNodes == 0 {
				units = min(units, left)
				left -= units
			}
			if units > 0 {
				worth := new(big.Rat).SetFrac(big.NewInt(units), perDollar).FloatString(12)
				dual[k] = append(dual[k], Weight{Resource: r / len(m.steps), Steps: m.steps[r%len(m.steps)], Worth: worth})
			}
		}
	}
	return dual
}
