// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/util"
)

// EventsToRegister returns the events that may make a pod schedulable that
// this plugin rejected: a new node, and changes of what a price is made from.
// Labels and annotations carry prices, and estimates are made from what is
// allocatable.
func (pl *CostScore) EventsToRegister(_ context.Context) ([]fwk.ClusterEventWithHint, error) {
	return []fwk.ClusterEventWithHint{{
		Event: fwk.ClusterEvent{
			Resource:   fwk.Node,
			ActionType: fwk.Add | fwk.UpdateNodeLabel | fwk.UpdateNodeAnnotation | fwk.UpdateNodeAllocatable,
		},
		QueueingHintFn: pl.isSchedulableAfterNodeChange,
	}}, nil
}

// isSchedulableAfterNodeChange queues the pod if the node is within its limits
// and was not before.
func (pl *CostScore) isSchedulableAfterNodeChange(logger klog.Logger, pod *v1.Pod, oldObj, newObj any) (fwk.QueueingHint, error) {
	oldNode, newNode, err := util.As[*v1.Node](oldObj, newObj)
	if err != nil {
		return fwk.Queue, err
	}
	limits, err := limitsOf(pod)
	if err != nil {
		logger.V(5).Info("Node changed, but the pod's limits cannot be read", "pod", klog.KObj(pod), "node", klog.KObj(newNode), "err", err)
		return fwk.QueueSkip, nil
	}
	if limits.reject(pl.nodes.lookUp(newNode)) != "" {
		logger.V(5).Info("Node changed, but is not within the pod's limits", "pod", klog.KObj(pod), "node", klog.KObj(newNode))
		return fwk.QueueSkip, nil
	}
	if oldNode != nil && limits.reject(pl.nodes.formerPrice(oldNode)) == "" {
		logger.V(5).Info("Node changed, but was within the pod's limits before", "pod", klog.KObj(pod), "node", klog.KObj(newNode))
		return fwk.QueueSkip, nil
	}
	logger.V(4).Info("Node is now within the pod's limits", "pod", klog.KObj(pod), "node", klog.KObj(newNode))
	return fwk.Queue, nil
}
