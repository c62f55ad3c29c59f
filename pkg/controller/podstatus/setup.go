// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"context"
	"errors"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/controller/changes"
	"github.com/tollgate-dev/tollgate/pkg/controller/metrics"
	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/podevent"
	"github.com/tollgate-dev/tollgate/pkg/tlssecrets"
)

// maxConcurrentReconciles bounds the pods that are written at the same time.
const maxConcurrentReconciles = 4

// Options of the reconciler. Add registers listeners with Secrets, Producers and
// Deadlocks, so call Add before they run.
type Options struct {
	// Secrets judges the Secrets. Required.
	Secrets *tlssecrets.Source
	// Clock gives the time of conditions and events, and of the next look at a certificate. Required.
	Clock clock.Clock
	// Exemptions are the pods that are never held. Give the scheduler's CertGate the same ones:
	// with source PodCondition it waits for a condition that exempt pods never get.
	Exemptions declare.Exemptions
	// GatedSchedulers are the values of spec.schedulerName whose profile has CertGate. Of a
	// declared pod of another scheduler and without our scheduling gate it is told that it is not held.
	GatedSchedulers []string
	// Producers knows who makes Secrets beside TLSCertificates; nil for nobody.
	Producers Producers
	// Deadlocks knows which pods wait for themselves; nil for none.
	Deadlocks Deadlocks
}

// Producers knows who makes TLS Secrets beside TLSCertificates.
type Producers interface {
	// Of returns a clause that says who makes the Secret and how far that is, such as
	// `cert-manager Certificate "web" is issuing it`; found is false if nobody does.
	Of(namespace, secret string) (clause string, found bool)
	// Looked returns the kinds that were looked through, in the plural and in a fixed order.
	Looked() []string
	// Settled reports whether all of these have been listed, so that nobody is overlooked.
	Settled() bool
	// OnChange registers a function that is called when what Of says of a Secret may have
	// changed; empty names stand for all. It must return soon.
	OnChange(func(namespace, secret string))
}

// Deadlocks knows the pods that wait for a certificate that cannot be issued without them.
type Deadlocks interface {
	// Of says why the pod can never go on; "" if it can.
	Of(pod types.NamespacedName) string
	// OnChange registers a function that is called when what Of says of a pod has changed.
	OnChange(func(pod types.NamespacedName))
}

// Add registers the reconciler with the manager. The manager's cache should hold pods
// as CacheOptions says. It returns an error if an index or a watch cannot be set up.
func Add(mgr manager.Manager, o Options) error {
	if o.Secrets == nil || o.Clock == nil {
		return errors.New("adding the pod status reconciler: set Options.Secrets and Options.Clock")
	}
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("reading the host name for events: %w", err)
	}
	r := newReconciler(o, o.Secrets, host)
	r.client, r.live = mgr.GetClient(), mgr.GetAPIReader()

	ctx := context.Background()
	if err := mgr.GetFieldIndexer().IndexField(ctx, &corev1.Pod{}, string(waitingIndex), r.scope.waitingFor()); err != nil {
		return fmt.Errorf("indexing pods by the Secrets they wait for: %w", err)
	}
	if err := mgr.GetFieldIndexer().IndexField(ctx, &v1alpha1.TLSCertificate{}, producesIndex, produces); err != nil {
		return fmt.Errorf("indexing TLSCertificates by spec.secretName: %w", err)
	}
	secrets, pods := changes.New(r.podsOfSecret), changes.New(r.podItself)
	o.Secrets.OnChange(secrets.Add)
	if o.Producers != nil {
		o.Producers.OnChange(secrets.Add)
	}
	if o.Deadlocks != nil {
		o.Deadlocks.OnChange(func(pod types.NamespacedName) { pods.Add(pod.Namespace, pod.Name) })
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("podstatus").
		For(&corev1.Pod{}, builder.WithPredicates(r.scope.concerns())).
		Watches(&v1alpha1.TLSCertificate{}, handler.EnqueueRequestsFromMapFunc(r.waitingForCertificate),
			builder.WithPredicates(tellsNews())).
		WatchesRawSource(secrets).
		WatchesRawSource(pods).
		WithOptions(controller.Options{MaxConcurrentReconciles: maxConcurrentReconciles, NewQueue: changes.NewQueue}).
		Complete(r)
}

// newReconciler returns a reconciler that lacks its clients.
func newReconciler(o Options, secrets secretSource, host string) *reconciler {
	return &reconciler{
		secrets:   secrets,
		producers: o.Producers,
		deadlocks: o.Deadlocks,
		clock:     o.Clock,
		scope:     newScope(o.Exemptions, o.GatedSchedulers),
		events:    podevent.Source{Controller: ReportingController, Instance: host},
		memory:    newMemory(),
		released:  metrics.PodReleased,
	}
}
