// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package nodeindex

import (
	"math/rand/v2"
	"testing"
)

// A class does not fall apart into small blocks while its nodes come and go for
// long: what the oldest pods left is filled again at the other end.
func TestBlocksStayFew(t *testing.T) {
	const nodes, changes = 1000, 100 * 1000
	random, x := rand.New(rand.NewPCG(1, 2)), fleet(nodes, 1)
	for now := range int64(changes) {
		key, n := fleetNode(random, random.IntN(nodes), 1)
		n.Oldest = 1<<50 + now // all its pods have gone, and a new one came
		x.Put(key, n, func() Sample { return sampleOf(key) })
	}
	least := (nodes + blockSize - 1) / blockSize
	if got := len(x.classes[0].blocks); got > 4*least {
		t.Errorf("got %d blocks for %d nodes, want at most four times %d", got, nodes, least)
	}
}
