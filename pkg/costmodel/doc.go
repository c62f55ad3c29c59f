// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package costmodel says what a pod costs per hour on a node, and in which
// order nodes are the cheapest. It is arithmetic on plain values: no clients,
// no clocks, no state. The scheduler plugin, the simulator and the command line
// share it, so that they cannot disagree.
//
// Nodes are ordered by Cost.Encode: prepaid nodes first, by list price; then all
// others by what the pod is charged; equal costs by Bucket. What is equal after
// that is for the caller: Packing is the next tie-break.
//
// What runs once per node (strategies, Packing, Extension, Encode) does not
// allocate.
package costmodel
