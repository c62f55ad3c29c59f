// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package costscore is a scheduler plugin that puts each pod where it costs
// least. It only wires: prices come from package pricing, the cost of a pod on
// a node from package costmodel.
//
// # Order of the nodes
//
// The raw score of a node is the cost of the pod there, encoded so that it
// keeps its order as an integer. NormalizeScore ranks these: prepaid nodes come
// before all that are paid, equal costs share a score, and nodes without a known
// price rank behind all others. When no candidate has a known price, PreScore
// returns Skip and the profile's other plugins decide.
//
// # Prices
//
// A pricing.Book follows the nodes of the scheduler's informer. It keeps prices
// by the Node object, so a cycle whose snapshot has a changed node works with the
// changed price, whether the book has heard of it or not. A changed price queues
// no pod, unless a limit of the pod comes to allow the node by it, and it moves
// no pod that runs.
//
// # Lifetimes
//
// Where the strategy is DominantShareLifetimes, pods say how long they run; see
// costmodel.LifetimeOf. An annotation that cannot be read makes a warning event
// on the pod each time that the pod is scored and counts as if it were not there:
// it is a hint, and holds nobody.
//
// # Search
//
// To compare thousands of nodes takes milliseconds. PreFilter keeps them in a
// nodeindex.Index instead and leaves the framework one node: the one that
// comparing all would choose. It does so if it knows what else filters and orders
// the nodes for this pod. Three things say whether that is so:
//
//   - the profile, once: only plugins that are known filter and score, in the
//     order and with the weights that make cost decide (profileFacts);
//   - what the other PreFilter plugins, all of which come before this one, have
//     written into the cycle's state. Nothing there means that their Filter will
//     not be called; with something there Filter can be asked about a node. Of
//     VolumeBinding, NodeVolumeLimits and DynamicResources the pod tells it;
//   - PreScore of the other plugins that score, asked in a state that is thrown
//     away: they skip if they have nothing to say. Those that do not are
//     asked for the scores of all nodes that the index has for the pod, and the
//     totals decide (preferred).
//
// In all other cases all nodes are left, and Filter and Score compare them. The
// index follows the snapshots of the scheduling cycles (follower), so it knows of
// pods that have a node and are not bound yet. TestSearchIsExact compares the
// index with all nodes on random clusters; handed watches over it in production.
//
// # Equal costs
//
// Where all nodes are compared, nodes of equal cost are told apart by the
// profile, not by this plugin: in
// Tollgate's profile by NodeResourcesFit with MostAllocated at weight 1, the
// smallest weight there is, so that packing never outvotes a difference in
// cost. Packing is compared in steps of a hundredth there, NodeResourcesFit's
// own resolution. What remains equal after that cannot be ordered through the
// scheduling framework, whose scores are sums of integers from 0 to 100: the
// scheduler takes any one of these nodes. The index takes the fullest of them,
// then the oldest node, then the first by name.
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
// node appears or changes so that the limit allows it, and at once when the pod's
// own limits are changed.
//
// The latter does not use EventsToRegister. The scheduler has no event for
// annotations, only the one for any update of any pod. A plugin that registers
// for it has the scheduler walk all unschedulable pods, under the lock of its
// queue, at each status update of each running pod, to find one pod. A handler of
// the pod informer that compares two annotations and calls Activate costs two map
// lookups an update and no lock. It may run before the scheduler's own handler has
// put the new pod in the queue, so PreFilter reads the limits of a pod that has
// some from the informer, which is never behind either.
//
// Autoscalers do not run this plugin: pair a limit with node affinity for the
// node groups that can fulfil it.
package costscore
