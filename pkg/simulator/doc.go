// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package simulator runs a cluster in virtual time: pods come and go, an
// autoscaler buys and removes nodes, and a Placer, usually the upstream
// scheduler with a whole profile, chooses the node of every pod. Its result is
// the bill.
//
// The world in short. All of it is in the comments of the types.
//
//   - A pod waits until the Placer has a node for it, then runs for its lifetime.
//   - The autoscaler looks every ScanInterval whether pods wait that no booting
//     node will hold, and buys nodes for them: which, ScaleUp says. It knows
//     resources, node affinity and taints, no other pods.
//   - A node is billed from the request to the removal. Pods can run there
//     after BootTime. When it has been empty for EmptyDelay it is removed. Copies
//     of DaemonSets and mirror pods (of static manifests) do not count: they take
//     room, are never evicted, and go with their node.
//   - Consolidation empties nodes in use of little, if the rest has room.
//
// What it leaves out: preemption, volumes, images, the time that the scheduler
// itself takes, failing nodes, interrupted spot nodes.
//
// The same Config gives the same Result, to the last bit.
package simulator
