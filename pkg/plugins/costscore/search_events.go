// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/cache"
	fwk "k8s.io/kube-scheduler/framework"
)

// Reserve takes note that the node has one pod more, in the next snapshot
// already. It never rejects.
func (pl *CostScore) Reserve(_ context.Context, _ fwk.CycleState, _ *v1.Pod, node string) *fwk.Status {
	if pl.follower.active.Load() {
		pl.follower.tell(node, time.Time{})
	}
	pl.handed.placed(node)
	return nil
}

// Unreserve takes note that the node is about to lose the pod.
func (pl *CostScore) Unreserve(_ context.Context, _ fwk.CycleState, _ *v1.Pod, node string) {
	pl.changed(node)
}

// changed has the next cycles look at a node.
func (pl *CostScore) changed(node string) {
	if pl.follower.active.Load() {
		pl.follower.tell(node, pl.clock.Now().Add(patience))
	}
}

// assignedPodHandler takes note of what happens to the pods of nodes.
func (pl *CostScore) assignedPodHandler() cache.ResourceEventHandler {
	changed := func(obj any) {
		if pod, ok := obj.(*v1.Pod); ok && pod.Spec.NodeName != "" {
			pl.changed(pod.Spec.NodeName)
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    changed,
		UpdateFunc: func(_, obj any) { changed(obj) },
		DeleteFunc: func(obj any) {
			if gone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
				obj = gone.Obj
			}
			changed(obj)
		},
	}
}
