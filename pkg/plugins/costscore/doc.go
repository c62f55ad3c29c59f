// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package costscore is a scheduler plugin that puts each pod where it costs
// least. It only wires: prices come from package pricing, the cost of a pod on
// a node from package costmodel.
//
// # Order of the nodes
//
// The raw score of a node is the cost of the pod there, encoded so that it
// keeps its order as an integer. NormalizeScore ranks these: equal costs share
// a score, and nodes without a known price rank behind all others. When no
// candidate has a known price, PreScore returns Skip and the profile's other
// plugins decide.
//
// Nodes of equal cost are told apart by the profile, not by this plugin: in
// Tollgate's profile by NodeResourcesFit with MostAllocated at weight 1, the
// smallest weight there is, so that packing never outvotes a difference in
// cost. Packing is compared in steps of a hundredth there, NodeResourcesFit's
// own resolution. What remains equal after that cannot be ordered through the
// scheduling framework, whose scores are sums of integers from 0 to 100: the
// scheduler takes any one of these nodes, neither the oldest nor the first by
// name.
//
// The scheduler does not score at all when one node alone is feasible, and
// only a sample of the nodes in clusters of a hundred nodes or more unless the
// profile sets percentageOfNodesToScore to 100.
//
// # Limits
//
// A pod may limit where it runs with the annotations in this package's
// constants. A limit that cannot be read keeps the pod pending, with a message
// that says what is wrong. Pods rejected by a limit are tried again when a
// node appears or changes so that the limit allows it. A pending pod whose own
// annotations are corrected is tried again with the next such event, or by the
// scheduler's periodic retry, which takes up to five minutes: registering for
// every update of every pod would cost far more than it gains.
//
// Autoscalers do not run this plugin: pair a limit with node affinity for the
// node groups that can fulfil it.
package costscore
