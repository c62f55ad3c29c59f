// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package podstatus tells people and machines why a pod that declares TLS Secrets waits:
// it keeps the pod condition tollgate.dev/TLSReady and one Event per pod and reason.
// What it says comes from the evaluator that the scheduler's gate uses.
package podstatus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlssecrets"
)

// FieldManager owns the condition in the pod's managed fields.
const FieldManager = "tollgate-controller"

// maxConcurrentReconciles bounds the pods that are written at the same time.
const maxConcurrentReconciles = 4

// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=pods/status,verbs=patch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=get;create;delete
// +kubebuilder:rbac:groups=tollgate.dev,resources=tlscertificates,verbs=list;watch

// Options of the reconciler. Both fields are required.
type Options struct {
	// Secrets judges the Secrets. Add registers a listener, so call Add before Secrets.Run.
	Secrets *tlssecrets.Source
	// Clock gives the time of conditions and events, and of the next look at a certificate.
	Clock clock.Clock
}

// secretSource is what the reconciler asks of tlssecrets.Source.
type secretSource interface {
	Evaluate(namespace string, d declare.Declaration, now time.Time) tlsready.Verdict
	Get(namespace, name string) (*tlsready.Facts, tlssecrets.State)
}

type reconciler struct {
	client  client.Client
	live    client.Reader // Reads events, which the cache must not hold.
	secrets secretSource
	clock   clock.Clock
	host    string
	memory  *memory
}

// Add registers the reconciler with the manager. The manager's cache should hold pods
// as CacheOptions says. It returns an error if an index or a watch cannot be set up.
func Add(mgr manager.Manager, o Options) error {
	if o.Secrets == nil || o.Clock == nil {
		return errors.New("adding the pod status reconciler: set Options.Secrets and Options.Clock")
	}
	return add(mgr, o.Secrets, o.Secrets.OnChange, o.Clock)
}

func add(mgr manager.Manager, secrets secretSource, onChange func(func(namespace, name string)), clk clock.Clock) error {
	ctx := context.Background()
	if err := mgr.GetFieldIndexer().IndexField(ctx, &corev1.Pod{}, waitingIndex, waitingFor); err != nil {
		return fmt.Errorf("indexing pods by the Secrets they wait for: %w", err)
	}
	if err := mgr.GetFieldIndexer().IndexField(ctx, &v1alpha1.TLSCertificate{}, producesIndex, produces); err != nil {
		return fmt.Errorf("indexing TLSCertificates by spec.secretName: %w", err)
	}
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("reading the host name for events: %w", err)
	}
	r := &reconciler{
		client:  mgr.GetClient(),
		live:    mgr.GetAPIReader(),
		secrets: secrets,
		clock:   clk,
		host:    host,
		memory:  newMemory(),
	}
	changes := newSecretChanges(r.client)
	onChange(changes.add)
	return ctrl.NewControllerManagedBy(mgr).
		Named("podstatus").
		For(&corev1.Pod{}, builder.WithPredicates(concerns())).
		Watches(&v1alpha1.TLSCertificate{}, handler.EnqueueRequestsFromMapFunc(r.waitingForCertificate),
			builder.WithPredicates(tellsNews())).
		WatchesRawSource(changes).
		WithOptions(controller.Options{MaxConcurrentReconciles: maxConcurrentReconciles}).
		Complete(r)
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
	// 1. The pod has ended or is about to: nobody asks any more.
	if finished(pod) {
		r.memory.forget(req.NamespacedName)
		return reconcile.Result{}, nil
	}
	// 2. The gate does not hold the pod (it is bound, or declares nothing): only a False that was left is cleared.
	if !waiting(pod) {
		return reconcile.Result{}, r.release(ctx, req.NamespacedName, pod)
	}
	// 3. The gate decides about the pod.
	verdict, known, err := r.evaluate(ctx, pod)
	if err != nil {
		return reconcile.Result{}, err
	}
	if wait := r.memory.doubt(req.NamespacedName, known, r.clock.Now()); wait > 0 {
		return reconcile.Result{RequeueAfter: wait}, nil
	}
	next := heldCondition(verdict)
	if verdict.Ready {
		next = r.usableCondition(pod, verdict.RecheckAt)
	}
	if err := r.write(ctx, req.NamespacedName, pod, next); err != nil {
		return reconcile.Result{}, err
	}
	return reconcile.Result{RequeueAfter: r.untilRecheck(verdict)}, nil
}

// release clears a False condition of a pod that the gate no longer holds.
func (r *reconciler) release(ctx context.Context, key types.NamespacedName, pod *corev1.Pod) error {
	current := condition(pod, v1alpha1.TLSReadyCondition)
	if current == nil || (current.Status != corev1.ConditionFalse && !r.memory.owes(key)) {
		r.memory.forget(key)
		return nil
	}
	next := releasedCondition(pod)
	if current.Status == corev1.ConditionTrue {
		next = *current
	} else if d, err := declare.Parse(pod); err == nil && declare.Declared(pod) {
		if v := r.secrets.Evaluate(pod.Namespace, d, r.clock.Now()); v.Ready {
			next = r.usableCondition(pod, v.RecheckAt)
		}
	}
	return r.write(ctx, key, pod, next)
}

// write patches the condition if it differs and then settles the events. Events that
// cannot be written are owed until they are.
func (r *reconciler) write(ctx context.Context, key types.NamespacedName, pod *corev1.Pod, next corev1.PodCondition) error {
	now := r.clock.Now()
	current := condition(pod, v1alpha1.TLSReadyCondition)
	patch, err := statusPatch(pod, next, now)
	if err != nil {
		return err
	}
	if patch != nil {
		err := r.client.Status().Patch(ctx, pod.DeepCopy(), client.RawPatch(types.StrategicMergePatchType, patch), client.FieldOwner(FieldManager))
		if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			return nil // Somebody else was faster, so an event of the pod follows and it is looked at again.
		}
		if err != nil {
			return fmt.Errorf("patching condition %s of pod %s: %w", v1alpha1.TLSReadyCondition, klog.KObj(pod), err)
		}
		klog.FromContext(ctx).V(2).Info("Wrote pod condition", "type", next.Type, "status", next.Status, "reason", next.Reason)
	}
	held := r.memory.hold(key, current, next.Status, now)
	r.memory.owe(key, r.eventsFor(pod, current, next, held, now))
	return r.settle(ctx, key)
}
