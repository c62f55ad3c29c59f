// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package nodeindex

import (
	"cmp"
	"math"
)

// NoPods is the Oldest of a node none of whose pods has started.
const NoPods = math.MaxInt64

// Room is what a node has left, or what a pod needs.
type Room struct {
	// MilliCPU is in thousandths of a core, Memory and EphemeralStorage are in
	// bytes, Pods is a number.
	MilliCPU, Memory, EphemeralStorage, Pods int64
}

// covers reports whether a pod that needs that much fits, by the rule of
// NodeResourcesFit: what it does not request may be overdrawn.
func (r *Room) covers(need *Room) bool {
	return r.Pods >= need.Pods &&
		(need.MilliCPU == 0 || r.MilliCPU >= need.MilliCPU) &&
		(need.Memory == 0 || r.Memory >= need.Memory) &&
		(need.EphemeralStorage == 0 || r.EphemeralStorage >= need.EphemeralStorage)
}

// Node is what tells the nodes of a class apart.
type Node struct {
	Name string
	// Created is when the node was created, in Unix seconds.
	Created int64
	// Oldest is when the oldest pod of the node that counts for its age
	// started, in Unix nanoseconds: NoPods if there is none. It is 0 on all
	// nodes if ages do not count.
	Oldest int64
	// Packing is how full the node is: the sum of the parts of CPU and memory
	// that its pods take, each from 0, which may be above 1 for pods that count
	// as more than they request.
	Packing float64
	Free    Room
	// Ref is for those who use the index: something comparable, such as a
	// pointer.
	Ref any
}

// compare orders the nodes of a class: the cheapest first, then the fullest,
// then the oldest node, then by name.
func compare(a, b *Node) int {
	return cmp.Or(
		cmp.Compare(a.Oldest, b.Oldest),
		cmp.Compare(b.Packing, a.Packing),
		cmp.Compare(a.Created, b.Created),
		cmp.Compare(a.Name, b.Name),
	)
}
