// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package bound proves how little a workload can cost: a lower bound on the
// dollars of any scheduler and any autoscaler in the simulator's world, with a
// certificate that a small checker verifies in exact arithmetic.
//
// # What it claims
//
// No scheduler, even one that moves pods between nodes for free and knows the
// future, runs every pod of the workload in full for less, where nodes come from
// the pools at their prices, as many at once as MaxNodes allows, and the sum of
// Prepaid x price x Workload.Duration is owed in any case. Nodes of a pool are
// as large as the largest of those that are there at the beginning, or as what
// runs on one of them then, where that is more. That is all for AssumesNothing. AssumesMaxWait adds: no pod ends more than W = MaxWait later
// than if it had never waited. AssumesLifecycle adds: a pod that runs is not
// interrupted, and nodes are billed from at least Boot before their first pod to
// EmptyDelay after their last, past the end of the last pod too. A run that gave
// pods up, in which prices fell, or in which a pod was delayed by more than W is
// not in that world.
//
// # One instant
//
// Give each pool k worths w_km >= 0, in dollars per hour, for all of its
// resource m; v_k is their sum. With x_jkm = request of pod j / allocatable, let
// pi_j = min over pools k that admit j of sum_m w_km u_m(x_jkm). Each u_m is the
// identity or u(q), see below: the u_m of the pods on a node sum to 1 at most.
// So the pi_j on a node of pool k sum to v_k at most, and where N_k nodes work,
//
//	D = sum of pi_j over running pods <= sum_k v_k N_k <= cost + G
//	cost = sum_k c_k max(0, N_k - P_k)
//	G = sum_k P_k v_k + (n_k - P_k) max(0, v_k - c_k)
//
// with price c_k, Prepaid P_k and MaxNodes n_k, since v_k <= c_k where there is
// no limit, and N_k <= n_k where there is one. This is linear programming's weak
// duality, so any worths are valid: the search for good ones need not be trusted.
//
// # Proofs
//
// AssumesNothing (fluid, dff): with one dual of G = 0 the integral of D is sum of
// pi_j x lifetime, whatever the schedule.
//
// AssumesMaxWait (windows): a dual d(t) for each window of time. Pod j, arriving
// at a with lifetime l, would run in [a, a+l]. It really misses some m <= min(W, l)
// of that and makes it up within (a+l, a+l+W]. So the integral of pi_j(t) over
// its running is at least that over [a, a+l] less min(W, l) x max(0, largest pi_j
// of the windows of [a, a+l] - smallest of those of (a+l, a+l+W]). Less the
// integral of G until the last pod can have ended, this is work.
//
// AssumesLifecycle: j runs for certain in [a+W, a+l]. So at t' the nodes that
// work cost at least B(t') = max over duals of (sum of pi_j over pods that run
// for certain - G), and at least the cheapest node for each of those pods. Nodes
// that work at t' are paid at every t in [t'-Boot, t'+EmptyDelay], so
//
//	cost(t) >= paid(t) = max of B over [t-EmptyDelay, t+Boot], t >= 0.
//
// (The integral of paid is that of B plus, at each level y, Boot+EmptyDelay, and
// again for each gap of {B > y}, as far as it is long enough.) Also
// cost(t) >= D(t) - G and D(t) <= U(t), the sum over the pods that may run, in
// [a, a+l+W]. Since max(D - G, paid) >= D - G + max(0, paid - (U - G)),
//
//	cost >= work + integral of max(0, paid - (U - G)) =: work + excess.
//
// A window without dual has pi = G = 0 and so counts paid alone. For
// AssumesMaxWait paid is 0, and excess still returns what G took too much.
// Where pods can be evicted none runs for certain at any instant, hence no proof
// by lifecycle.
//
// # Dual-feasible functions
//
// u(q)(x) = x if (q+1)x is whole, else floor((q+1)x)/q. If shares sum to 1 at
// most, so do their u(q): Lueker 1983, "Bin packing with items uniformly
// distributed over intervals [a, b]"; Fekete and Schepers 2001, "New classes of
// fast lower bounds for bin packing problems", theorem 1. With q = 2, say, pods of
// 34% of a node weigh half a node each: two of them fit.
package bound
