// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"

	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// limitAnnotations are those that limitsOf reads.
var limitAnnotations = []string{MaxHourlyPriceAnnotation, SpotAnnotation}

// podHandler has a pending pod tried again at once when its limits change.
// Registering for updates of pods instead would have the scheduler look at all
// unschedulable pods, under the lock of its queue, for every update of every
// pod in the cluster, since it has no event of its own for annotations.
func (pl *CostScore) podHandler(ctx context.Context) cache.ResourceEventHandler {
	logger := klog.FromContext(ctx)
	return cache.ResourceEventHandlerFuncs{UpdateFunc: func(oldObj, newObj any) {
		oldPod, newPod := oldObj.(*v1.Pod), newObj.(*v1.Pod)
		if newPod.Spec.NodeName != "" || oldPod.UID != newPod.UID || !limitsChanged(oldPod, newPod) {
			return
		}
		logger.V(4).Info("The limits of a pending pod changed", "pod", klog.KObj(newPod))
		pl.activator.Activate(logger, map[string]*v1.Pod{string(newPod.UID): newPod})
	}}
}

func limitsChanged(oldPod, newPod *v1.Pod) bool {
	for _, key := range limitAnnotations {
		oldValue, hadOne := oldPod.Annotations[key]
		newValue, hasOne := newPod.Annotations[key]
		if hadOne != hasOne || oldValue != newValue {
			return true
		}
	}
	return false
}

// latest returns the pod as the informer has it, for its limits. The pod that
// comes with a scheduling cycle may be older than the update that the cycle is
// for: this plugin may hear of it before the scheduler's queue does. Only a pod
// that has limits is looked up; one without has not been waiting for us.
func (pl *CostScore) latest(pod *v1.Pod) *v1.Pod {
	for _, key := range limitAnnotations {
		if _, ok := pod.Annotations[key]; !ok {
			continue
		}
		if found, err := pl.podLister.Pods(pod.Namespace).Get(pod.Name); err == nil && found.UID == pod.UID {
			return found
		}
		break
	}
	return pod
}
