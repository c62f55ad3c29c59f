// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costmodel

// NodePrice charges every pod the whole price of the node, so that pods go to
// the node with the lowest price, whatever its size. It suits nodes of one size
// from sellers of different prices.
//
// Details:
//
//	cost = price
func NodePrice() Strategy {
	return func(r Request, n Node) Cost {
		c := Cost{List: float64(max(0, n.Price)) / 1e6, Price: n.Price, Share: 1, AgeFactor: 1}
		c.charge(&r, &n)
		return c
	}
}
