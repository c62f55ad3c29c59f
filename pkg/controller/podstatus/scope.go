// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/podcondition"
)

// scope knows which pods are this package's business.
type scope struct {
	exemptions declare.Exemptions
	schedulers []string // Those that have CertGate.
	beginnings *beginnings
}

func newScope(exemptions declare.Exemptions, schedulers []string) *scope {
	return &scope{exemptions: exemptions, schedulers: schedulers, beginnings: newBeginnings()}
}

// waiting reports whether a gate decides about the pod, or would if the pod had one.
func (s *scope) waiting(pod *corev1.Pod) bool {
	return pod.Spec.NodeName == "" && s.exemptions.Gated(pod) && !finished(pod)
}

// gates reports whether the pod's scheduler has CertGate.
func (s *scope) gates(pod *corev1.Pod) bool {
	return slices.Contains(s.schedulers, pod.Spec.SchedulerName)
}

// bypassing reports whether nothing has held the pod from its creation on.
func (s *scope) bypassing(pod *corev1.Pod) bool {
	if !s.exemptions.Gated(pod) {
		return false
	}
	began := s.beginnings.of(pod)
	return began.bound || (!s.gates(pod) && !began.gated)
}

// unsettled reports whether a pod that does not wait has to get another condition: it
// carries a False of the time before, or none although nothing has held it. The latter
// then marks the pods of which that was told.
func (s *scope) unsettled(pod *corev1.Pod) bool {
	if finished(pod) {
		return false
	}
	if current := podcondition.Of(pod); current != nil {
		return current.Status == corev1.ConditionFalse
	}
	return pod.Spec.NodeName != "" && s.exemptions.Gated(pod) && (!s.gates(pod) || s.beginnings.of(pod).bound)
}

// finished reports whether the pod is being deleted or has ended.
func finished(pod *corev1.Pod) bool {
	return pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// concerns lets pass the pods that wait or are not settled. An update that ends either
// passes too, and so does every deletion of a pod that may be remembered. On the way it
// notes how pods began, since an informer sees every version of a pod and Reconcile only the last.
func (s *scope) concerns() predicate.Predicate {
	ours := func(obj client.Object) bool {
		pod, ok := obj.(*corev1.Pod)
		return ok && (s.waiting(pod) || s.unsettled(pod) || leftFalse(pod))
	}
	note := func(obj client.Object) {
		if pod, ok := obj.(*corev1.Pod); ok && s.exemptions.Gated(pod) {
			s.beginnings.note(pod)
		}
	}
	return predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool {
			note(e.Object)
			return ours(e.Object)
		},
		UpdateFunc: func(e event.UpdateEvent) bool {
			note(e.ObjectNew)
			return ours(e.ObjectOld) || ours(e.ObjectNew)
		},
		DeleteFunc: func(e event.DeleteEvent) bool {
			s.beginnings.forget(e.Object.GetUID())
			pod, ok := e.Object.(*corev1.Pod)
			return ok && (declare.Declared(pod) || podcondition.Of(pod) != nil)
		},
		GenericFunc: func(e event.GenericEvent) bool { return ours(e.Object) },
	}
}
