// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package costmodel says what a pod costs per hour on a node, and in which
// order nodes are the cheapest. It is arithmetic on plain values: no clients,
// no clocks, no state. The scheduler plugin, the simulator and the command line
// share it, so that they cannot disagree.
//
// What runs once per node (strategies, Packing, Encode) does not allocate.
package costmodel
