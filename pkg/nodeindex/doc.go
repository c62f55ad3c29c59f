// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package nodeindex finds the cheapest node that has room for a pod without
// looking at all nodes.
//
// # Classes
//
// A cluster has few different nodes. Those that differ in nothing that a cost
// depends on but the age of their pods are one Class: same price, size, DaemonSets
// and taints. Within a class all nodes get older at the same pace. So the order of
// their costs, oldest first, does not change with time, and the first node with
// room is the cheapest of its class: one cost per class has to be computed, not
// one per node.
//
// Nodes of one class whose oldest pods started in the same second cost the same.
// They are ordered by packing, fullest first, as the pod leaves that order as it
// is.
//
// # Rooms
//
// A class keeps its nodes in that order in blocks of some dozens. A block knows
// the most of each resource that one of its nodes has free, so that full blocks are
// passed over with a few comparisons. To put or to remove a node moves the nodes of
// one block.
//
// The package is arithmetic on plain values like costmodel: no clients, no clock.
// An Index is not safe for concurrent use.
package nodeindex
