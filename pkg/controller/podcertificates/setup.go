// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podcertificates

import (
	"context"
	"errors"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/controller/changes"
	"github.com/tollgate-dev/tollgate/pkg/podevent"
)

// maxConcurrentReconciles bounds the Secrets that are worked on at the same time.
const maxConcurrentReconciles = 4

// Options of the reconcilers.
type Options struct {
	// Clock gives the time of events. Required.
	Clock clock.PassiveClock
}

// Add registers the reconcilers with the manager; they work on the leader only. The manager's
// cache must keep the annotations of tollgate.dev of all pods, and of pods that ask for
// certificates the owner references, as podstatus.CacheOptions does. It returns an error if an
// index or a watch cannot be set up.
func Add(mgr manager.Manager, o Options) error {
	if o.Clock == nil {
		return errors.New("adding the pod certificates reconciler: set Options.Clock")
	}
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("reading the host name for events: %w", err)
	}
	ctx := context.Background()
	if err := mgr.GetFieldIndexer().IndexField(ctx, &corev1.Pod{}, string(issueIndex), issuedFor); err != nil {
		return fmt.Errorf("indexing pods by the certificates they ask for: %w", err)
	}
	if err := mgr.GetFieldIndexer().IndexField(ctx, &v1alpha1.TLSCertificate{}, namesIndex, namesOf); err != nil {
		return fmt.Errorf("indexing TLSCertificates by name and Secret: %w", err)
	}
	tell := &teller{client: mgr.GetClient(), clock: o.Clock, source: podevent.Source{Controller: reportingController, Instance: host}}
	err = ctrl.NewControllerManagedBy(mgr).
		Named("podcertificates").
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(secretsOfPod), builder.WithPredicates(asksDiffer())).
		Watches(&v1alpha1.TLSCertificate{}, handler.EnqueueRequestsFromMapFunc(secretsOfCertificate), builder.WithPredicates(certificatesDiffer())).
		WithOptions(controller.Options{MaxConcurrentReconciles: maxConcurrentReconciles, NewQueue: changes.NewQueue}).
		Complete(&reconciler{client: mgr.GetClient(), owners: &owners{live: mgr.GetAPIReader(), clock: o.Clock}, teller: tell})
	if err != nil {
		return fmt.Errorf("adding the pod certificates controller: %w", err)
	}
	err = ctrl.NewControllerManagedBy(mgr).
		Named("podcertificates-declarations").
		For(&corev1.Pod{}, builder.WithPredicates(malformed())).
		Complete(&declarations{client: mgr.GetClient(), teller: tell})
	if err != nil {
		return fmt.Errorf("adding the controller of malformed declarations: %w", err)
	}
	return nil
}
