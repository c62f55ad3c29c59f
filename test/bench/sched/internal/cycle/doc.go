// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cycle measures the scheduling cycle alone: the scheduler of k8s.io/kubernetes with all plugins of a profile, its queue,
// cache, snapshot and event handlers, without an API server.
//
// Nodes and pods come by function calls instead of watches, and a binding is answered at once. Everything between is upstream's
// own code: Scheduler.ScheduleOne takes a pod off the queue, updates the snapshot, runs the plugins, chooses a node, assumes the
// pod there and reserves. That is what is timed. What follows in a cluster, the update of the bound pod and the end of an older
// one, runs through the same event handlers as there, and is timed by itself.
package cycle
