// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package nodeindex

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// Class is what nodes have in common that cost the same but for their pods'
// ages, and that the same pods may use as far as taints say so.
type Class struct {
	// Price is in micro-dollars per hour. It counts only if Known is set.
	Price          pricing.Money
	Known, Prepaid bool
	CapacityType   pricing.CapacityType
	// Allocatable is the node's status.allocatable, DaemonSets the part of it
	// that the requests of DaemonSet pods take.
	Allocatable, DaemonSets Size
	// Extended lists extended resources with their amounts, and what DaemonSets
	// take of them, in one text. What pods pay depends on them, also those that
	// request none, on prepaid nodes. How much of them is free is for
	// Query.Match.
	Extended string
	// Taints lists the node's taints in one text.
	Taints string
	// Unschedulable is the node's spec.unschedulable.
	Unschedulable bool
}

// Size is a size of a node.
type Size struct {
	// MilliCPU is in thousandths of a core, the others are in bytes.
	MilliCPU, Memory, EphemeralStorage int64
}

// Sample is what all nodes of a class have in common in the form that others
// compute with. It is taken from any one of them and must not be changed.
type Sample struct {
	// Node has the taints of the class.
	Node *corev1.Node
	// Cost has everything that a cost depends on but ages.
	Cost costmodel.Node
}

// class holds the nodes of one Class.
type class struct {
	key    Class
	sample Sample
	blocks []*block
}
