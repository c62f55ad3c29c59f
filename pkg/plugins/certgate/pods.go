// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certgate

import (
	"maps"

	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// podHandler wakes a waiting pod when it changes what the verdict depends on, and forgets
// pods that no longer wait.
func (pl *CertGate) podHandler() cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{
		UpdateFunc: func(oldObj, newObj any) { pl.podUpdated(oldObj.(*v1.Pod), newObj.(*v1.Pod)) },
		DeleteFunc: pl.podDeleted,
	}
}

func (pl *CertGate) podUpdated(oldPod, newPod *v1.Pod) {
	if oldPod.UID != newPod.UID {
		pl.waiting.Remove(oldPod.UID)
		return
	}
	if newPod.Spec.NodeName != "" {
		if oldPod.Spec.NodeName == "" {
			pl.waiting.Remove(newPod.UID)
		}
		return
	}
	if !pl.waiting.Has(newPod.UID) {
		return
	}
	if unschedulable(newPod) && !unschedulable(oldPod) {
		pl.settle(newPod)
	}
	if maps.Equal(oldPod.Annotations, newPod.Annotations) && !pl.source.Changed(oldPod, newPod) {
		return
	}
	if pl.exempt.Gated(newPod) {
		pl.waker.wake(newPod.UID)
		return
	}
	// PreEnqueue passes such a pod without looking at the index.
	pl.waker.activator.Activate(pl.logger, map[string]*v1.Pod{string(newPod.UID): newPod})
	pl.release(newPod, tlsready.Verdict{Ready: true, Reason: tlsready.Ready})
}

func (pl *CertGate) podDeleted(obj any) {
	if unknown, ok := obj.(cache.DeletedFinalStateUnknown); ok {
		obj = unknown.Obj
	}
	if pod, ok := obj.(*v1.Pod); ok {
		pl.waiting.Remove(pod.UID)
	}
}
