// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package podstatus tells people and machines why a pod that declares TLS Secrets waits:
// it keeps the pod condition tollgate.dev/TLSReady and one Event per pod and reason.
// What it says comes from the evaluator that the scheduler's gate uses.
package podstatus

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/podcondition"
	"github.com/tollgate-dev/tollgate/pkg/podevent"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlssecrets"
)

// FieldManager owns the condition in the pod's managed fields.
const FieldManager = "tollgate-controller"

// keepAsking is how often the Secrets of a held pod are asked for at least. The source
// looks missing ones up again only while somebody asks, and drops names after ten minutes.
const keepAsking = 5 * time.Minute

// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=pods/status,verbs=patch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=get;create;delete
// +kubebuilder:rbac:groups=tollgate.dev,resources=tlscertificates,verbs=list;watch

// secretSource is what the reconciler asks of tlssecrets.Source.
type secretSource interface {
	Evaluate(namespace string, d declare.Declaration, now time.Time) tlsready.Verdict
	Get(namespace, name string) (*tlsready.Facts, tlssecrets.State)
}

type reconciler struct {
	client    client.Client
	live      client.Reader // Reads events, which the cache must not hold.
	secrets   secretSource
	producers Producers // May be nil.
	deadlocks Deadlocks // May be nil.
	clock     clock.Clock
	scope     *scope
	events    podevent.Source
	memory    *memory
	released  func(held time.Duration) // Called when a pod that was held is not any longer.
}

// Reconcile brings condition and events of one pod in line with its Secrets.
func (r *reconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	pod := &corev1.Pod{}
	if err := r.client.Get(ctx, req.NamespacedName, pod); apierrors.IsNotFound(err) {
		r.memory.forget(req.NamespacedName)
		return reconcile.Result{}, nil
	} else if err != nil {
		return reconcile.Result{}, fmt.Errorf("reading pod %s: %w", req.NamespacedName, err)
	}
	r.memory.meet(req.NamespacedName, pod.UID)
	// 1. The pod has ended or is about to: nobody asks any more.
	if finished(pod) {
		r.memory.forget(req.NamespacedName)
		return reconcile.Result{}, nil
	}
	// 2. The gate does not hold the pod: what was left is cleared.
	if !r.scope.waiting(pod) {
		return r.release(ctx, req.NamespacedName, pod)
	}
	// 3. The gate decides about the pod.
	verdict, known, err := r.evaluate(ctx, pod)
	if err != nil {
		return reconcile.Result{}, err
	}
	if wait := r.memory.doubt(req.NamespacedName, known, r.clock.Now()); wait > 0 {
		return reconcile.Result{RequeueAfter: wait}, nil
	}
	verdict = r.withDeadlock(req.NamespacedName, verdict)
	wait, err := r.write(ctx, req.NamespacedName, pod, r.conditionFor(pod, verdict), verdict.Warning)
	if err != nil {
		return reconcile.Result{}, err
	}
	return reconcile.Result{RequeueAfter: sooner(wait, r.untilRecheck(verdict))}, nil
}

// release settles a pod that the gate no longer holds, or never held: it clears a False
// condition, and gives one to a bound pod that nothing has held.
func (r *reconciler) release(ctx context.Context, key types.NamespacedName, pod *corev1.Pod) (reconcile.Result, error) {
	current := podcondition.Of(pod)
	if !r.scope.unsettled(pod) && (current == nil || !r.memory.owes(key)) {
		r.memory.forget(key)
		return reconcile.Result{}, nil
	}
	var next corev1.PodCondition
	var warning string
	switch {
	case current != nil && current.Status == corev1.ConditionTrue:
		next = *current
	case !r.scope.exemptions.Gated(pod):
		next = ungatedCondition(pod)
	default:
		verdict, known, err := r.evaluate(ctx, pod)
		if err != nil {
			return reconcile.Result{}, err
		}
		if wait := r.memory.doubt(key, known, r.clock.Now()); wait > 0 {
			return reconcile.Result{RequeueAfter: wait}, nil
		}
		next, warning = boundCondition(pod, verdict), verdict.Warning
		if verdict.Ready {
			next = r.conditionFor(pod, verdict)
		}
	}
	wait, err := r.write(ctx, key, pod, next, warning)
	return reconcile.Result{RequeueAfter: wait}, err
}

// write patches the condition if it differs and then settles the events. Events that
// cannot be written are owed until they are. It returns how long the condition has to
// wait because it was written a moment ago; zero if it was written.
func (r *reconciler) write(ctx context.Context, key types.NamespacedName, pod *corev1.Pod, next corev1.PodCondition, warning string) (time.Duration, error) {
	now := r.clock.Now()
	current := podcondition.Of(pod)
	wait := r.memory.pace(key, pod, next, now)
	if wait > 0 {
		if current == nil || current.Status != next.Status {
			return wait, r.settle(ctx, key) // The cache is behind what was written.
		}
		next = *current
	}
	patch, err := statusPatch(pod, next, r.scope.gates(pod), now)
	if err != nil {
		return 0, err
	}
	if patch != nil {
		err := r.client.Status().Patch(ctx, pod.DeepCopy(), client.RawPatch(types.StrategicMergePatchType, patch), client.FieldOwner(FieldManager))
		if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			return 0, nil // Somebody else was faster, so an event of the pod follows and it is looked at again.
		}
		if err != nil {
			return 0, fmt.Errorf("patching condition %s of pod %s: %w", podcondition.Type, klog.KObj(pod), err)
		}
		r.memory.tell(key, next, now)
		klog.FromContext(ctx).V(2).Info("Wrote pod condition", "type", next.Type, "status", next.Status, "reason", next.Reason)
	}
	held := r.memory.hold(key, current, next.Status, now)
	if patch != nil && current != nil && current.Status == corev1.ConditionFalse && next.Status == corev1.ConditionTrue {
		r.released(held)
	}
	r.memory.owe(key, r.eventsFor(pod, current, next, warning, held, now))
	return wait, r.settle(ctx, key)
}

// untilRecheck is how long the verdict stays as it is; zero means until something changes.
func (r *reconciler) untilRecheck(v tlsready.Verdict) time.Duration {
	var wait time.Duration
	if !v.RecheckAt.IsZero() {
		wait = max(v.RecheckAt.Sub(r.clock.Now()), time.Millisecond)
	}
	if !v.Ready {
		wait = sooner(wait, keepAsking)
	}
	return wait
}

// sooner returns the shorter of two waits, of which zero never ends.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || (b != 0 && b < a) {
		return b
	}
	return a
}
