// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fleet makes the clusters that the scheduler's benchmarks run on: nodes of one kind as upstream's SchedulingBasic has
// them, or of 20 instance types at their list prices, and the pods that are there. The same seed makes the same cluster.
package fleet
