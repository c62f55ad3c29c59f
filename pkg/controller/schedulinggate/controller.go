// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package schedulinggate holds pods where the scheduler has no CertGate: it removes the
// scheduling gate tollgate.dev/tls-ready from a pod once the TLS Secrets that the pod
// declares can serve. The verdict comes from the evaluator that CertGate uses. Somebody
// else adds the gate, since Kubernetes accepts it at the creation of a pod only; for the
// same reason a gate that was removed cannot come back when a Secret gets unusable.
package schedulinggate

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tollgate-dev/tollgate/pkg/controller/changes"
	"github.com/tollgate-dev/tollgate/pkg/controller/metrics"
	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// FieldManager is named in the managed fields of pods that a gate was removed from.
const FieldManager = "tollgate-controller"

const (
	// maxConcurrentReconciles bounds the pods that are written at the same time.
	maxConcurrentReconciles = 4
	// keepAsking is how often the Secrets of a held pod are asked for at least. The source
	// looks missing ones up again only while somebody asks, and drops names after ten minutes.
	keepAsking = 5 * time.Minute
)

// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch;patch

// Secrets is what the reconciler asks of tlssecrets.Source.
type Secrets interface {
	// Judge tells whether everything that the pod declares is usable at the given time. A
	// pod that declares nothing is ready; one whose declaration is malformed is not.
	Judge(pod *corev1.Pod, now time.Time) tlsready.Verdict
	// OnChange registers a function that is called after every change of a Secret; an empty
	// name means all of the namespace, an empty namespace all of the cluster.
	OnChange(func(namespace, name string))
}

// Options of the reconciler. Secrets and Clock are required.
type Options struct {
	// Secrets judges the pods. Add registers a listener, so call Add before the source runs.
	Secrets Secrets
	// Exemptions are the pods that are never held: a gate that they carry is removed at once.
	Exemptions declare.Exemptions
	// Clock gives the time of verdicts and of the next look at a certificate.
	Clock clock.Clock
}

type reconciler struct {
	client     client.Client
	secrets    Secrets
	exemptions declare.Exemptions
	clock      clock.Clock
	count      func(reason string) // Called for each removal.
}

// Add registers the reconciler with the manager; it works on the leader only. The
// manager's cache must keep the scheduling gates of all pods, those without annotations
// too, and the priority class and what declares Secrets. It returns an error if an index
// or a watch cannot be set up.
func Add(mgr manager.Manager, o Options) error {
	if o.Secrets == nil || o.Clock == nil {
		return errors.New("adding the scheduling gate reconciler: set Options.Secrets and Options.Clock")
	}
	if err := mgr.GetFieldIndexer().IndexField(context.Background(), &corev1.Pod{}, string(gatedIndex), gatedFor); err != nil {
		return fmt.Errorf("indexing gated pods by the Secrets they wait for: %w", err)
	}
	r := &reconciler{client: mgr.GetClient(), secrets: o.Secrets, exemptions: o.Exemptions, clock: o.Clock, count: metrics.GateRemoved}
	secrets := changes.New(r.gatedPods)
	o.Secrets.OnChange(secrets.Add)
	return ctrl.NewControllerManagedBy(mgr).
		Named("schedulinggate").
		For(&corev1.Pod{}, builder.WithPredicates(concerns())).
		WatchesRawSource(secrets).
		WithOptions(controller.Options{MaxConcurrentReconciles: maxConcurrentReconciles, NewQueue: changes.NewQueue}).
		Complete(r)
}

// Reconcile removes the gate of one pod if nothing holds the pod any longer.
func (r *reconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	pod := &corev1.Pod{}
	if err := r.client.Get(ctx, req.NamespacedName, pod); apierrors.IsNotFound(err) {
		return reconcile.Result{}, nil
	} else if err != nil {
		return reconcile.Result{}, fmt.Errorf("reading pod %s: %w", req.NamespacedName, err)
	}
	// 1. The pod has no gate, or it is about to end: there is nothing to do.
	if !gated(pod) {
		return reconcile.Result{}, nil
	}
	// 2. The pod is never held.
	if r.exemptions.Exempt(pod) {
		return reconcile.Result{}, r.release(ctx, pod, "Exempt")
	}
	// 3. Everything that the pod declares is usable, or it declares nothing any more.
	now := r.clock.Now()
	verdict := r.secrets.Judge(pod, now)
	if verdict.Ready {
		return reconcile.Result{}, r.release(ctx, pod, string(verdict.Reason))
	}
	// 4. The pod is held. A change of a Secret or of the pod is told; time is not.
	return reconcile.Result{RequeueAfter: untilRecheck(verdict, now)}, nil
}

// release removes the gate from the pod, if the pod still is as it was read.
func (r *reconciler) release(ctx context.Context, pod *corev1.Pod, reason string) error {
	patch, err := removal(pod)
	if err != nil {
		return err
	}
	err = r.client.Patch(ctx, pod.DeepCopy(), patch, client.FieldOwner(FieldManager))
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil // Somebody else was faster, so an event of the pod follows and it is looked at again.
	}
	if err != nil {
		return fmt.Errorf("removing scheduling gate %s from pod %s: %w", declare.SchedulingGate, klog.KObj(pod), err)
	}
	r.count(reason)
	klog.FromContext(ctx).V(2).Info("Removed scheduling gate", "gate", declare.SchedulingGate, "reason", reason)
	return nil
}

// untilRecheck is how long to wait before a held pod is looked at without any change.
func untilRecheck(v tlsready.Verdict, now time.Time) time.Duration {
	if v.RecheckAt.IsZero() {
		return keepAsking
	}
	return min(max(v.RecheckAt.Sub(now), time.Millisecond), keepAsking)
}
