// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costmodel

// DominantShareLifetimes charges as DominantShare without age, and prefers,
// among nodes of equal cost, the one that would live least longer for the pod.
//
// Details:
//
//	cost = price x share
//	then floor(log2(1 + extension/300s))
//
// It suits workloads whose pods declare how long they run. A pod that ends
// before the others of its node costs nothing beyond what is paid anyway; one
// that outlives them keeps the node alone. Where nobody declares anything, nodes
// with pods go before empty ones, and all else is DominantShare without age. Age
// is left out because declared ends say what age only suggests.
func DominantShareLifetimes() Strategy {
	return func(r Request, n Node) Cost {
		c := dominantShare(&r, &n, 1)
		c.Extension, c.Bucket = n.Extension, Bucket(n.Extension)
		return c
	}
}
