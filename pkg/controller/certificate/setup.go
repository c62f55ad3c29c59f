// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"context"
	"fmt"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/target"
)

const (
	controllerName = "certificate"
	// workers that issue at the same time; each may wait up to ten seconds for a CA.
	workers = 16

	secretIndex = "spec.secretName" // a selectable field of the API
	issuerIndex = "issuer"
)

// Wakeups enqueues TLSCertificates for changes that others see. It never blocks them: before this replica leads,
// there is nobody to wake.
type Wakeups struct {
	reader   client.Reader
	bySecret bySecret
	queue    atomic.Pointer[workqueue.TypedRateLimitingInterface[reconcile.Request]]
}

var _ source.Source = (*Wakeups)(nil)

// Start implements source.Source.
func (w *Wakeups) Start(_ context.Context, q workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	w.queue.Store(&q)
	return nil
}

// Certificate wakes one TLSCertificate.
func (w *Wakeups) Certificate(namespace, name string) {
	if q := w.queue.Load(); q != nil {
		(*q).Add(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}})
	}
}

// Secret wakes the TLSCertificates of a Secret; an empty name means all of the namespace, or of all if that is empty too.
func (w *Wakeups) Secret(namespace, name string) {
	q := w.queue.Load()
	if q == nil {
		return
	}
	if name != "" {
		for _, certificate := range w.bySecret.of(namespace, name) {
			w.Certificate(namespace, certificate)
		}
		return
	}
	var list v1alpha1.TLSCertificateList
	options := []client.ListOption{client.UnsafeDisableDeepCopy} // only names are read
	if namespace != "" {
		options = append(options, client.InNamespace(namespace))
	}
	if err := w.reader.List(context.Background(), &list, options...); err != nil {
		klog.Background().Error(err, "Listing TLSCertificates for changed Secrets", "namespace", namespace)
		return
	}
	for i := range list.Items {
		(*q).Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
	}
}

// Add adds the reconciler to the manager. The caller connects the returned Wakeups with what watches Secrets.
func Add(mgr manager.Manager, r *Reconciler) (*Wakeups, error) {
	err := mgr.GetFieldIndexer().IndexField(context.Background(), &v1alpha1.TLSCertificate{}, issuerIndex, func(o client.Object) []string {
		return []string{target.IssuerRef(o.(*v1alpha1.TLSCertificate))}
	})
	if err != nil {
		return nil, fmt.Errorf("indexing TLSCertificates by %s: %w", issuerIndex, err)
	}
	w := &Wakeups{reader: mgr.GetCache()}
	informer, err := mgr.GetCache().GetInformer(context.Background(), &v1alpha1.TLSCertificate{}, cache.BlockUntilSynced(false))
	if err == nil {
		_, err = informer.AddEventHandler(&w.bySecret)
	}
	if err != nil {
		return nil, fmt.Errorf("watching TLSCertificates: %w", err)
	}
	r.Cache = mgr.GetCache()
	r.selectable = true // the CRD has it as a selectable field
	if informer, ok := r.Executor.(RenewalInformer); ok && r.RenewalInformer == nil {
		r.RenewalInformer = informer
	}
	if executor, ok := r.Executor.(interface {
		OnPresented(wake func(namespace, name string))
	}); ok {
		executor.OnPresented(func(namespace, name string) {
			r.progress.resume(types.NamespacedName{Namespace: namespace, Name: name})
			w.Certificate(namespace, name)
		})
	}
	err = ctrl.NewControllerManagedBy(mgr).
		Named(controllerName).
		For(&v1alpha1.TLSCertificate{}, builder.WithPredicates(predicate.Or(
			predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		Watches(&v1alpha1.CertIssuer{}, handler.EnqueueRequestsFromMapFunc(w.ofIssuer)).
		Watches(&v1alpha1.ClusterCertIssuer{}, handler.EnqueueRequestsFromMapFunc(w.ofIssuer)).
		WatchesRawSource(w).
		WithOptions(controller.Options{MaxConcurrentReconciles: workers}).
		Complete(r)
	if err != nil {
		return nil, fmt.Errorf("adding the certificate controller: %w", err)
	}
	return w, nil
}

// ofIssuer returns the TLSCertificates that name an issuer.
func (w *Wakeups) ofIssuer(ctx context.Context, o client.Object) []reconcile.Request {
	issuer := o.(v1alpha1.Issuer)
	options := []client.ListOption{client.UnsafeDisableDeepCopy, client.MatchingFields{issuerIndex: issuer.Kind() + "/" + issuer.GetName()}}
	if ns := issuer.GetNamespace(); ns != "" {
		options = append(options, client.InNamespace(ns))
	}
	var list v1alpha1.TLSCertificateList
	if err := w.reader.List(ctx, &list, options...); err != nil {
		klog.FromContext(ctx).Error(err, "Listing the TLSCertificates of an issuer", "issuer", klog.KObj(issuer))
		return nil
	}
	var out []reconcile.Request
	for i := range list.Items {
		out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
	}
	return out
}
