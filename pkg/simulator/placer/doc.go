// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package placer asks the upstream scheduler where a pod goes, without a
// cluster: scheduler.New of k8s.io/kubernetes with all plugins of a profile, its
// own cache and snapshot, fed with nodes and pods by plain function calls, in
// the caller's time. Nothing is copied and nothing is left out between
// PreFilter and the choice of the node.
//
// What a placement does not run: PreEnqueue, PostFilter (nothing is preempted),
// Reserve, Permit, PreBind and Bind. CertGate is replaced by a plugin that
// admits every pod: there are no Secrets here.
//
// One goroutine does the work and the order of everything is fixed, so that the
// same calls give the same placements. A Placer is not safe for concurrent use;
// several may be used side by side.
package placer
