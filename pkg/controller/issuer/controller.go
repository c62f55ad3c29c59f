// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package issuer prepares issuers of both kinds and says whether they can be used: it registers ACME accounts, and
// makes and checks the key pairs of CAs.
package issuer

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme"
)

const (
	// recheckReady is how often a ready issuer is checked again.
	recheckReady = time.Hour
	// minRecheck and maxRecheck bound how often one that is not ready is: as long as it has not been, so that the
	// interval doubles.
	minRecheck, maxRecheck = 5 * time.Second, 5 * time.Minute
)

// +kubebuilder:rbac:groups=tollgate.dev,resources=certissuers;clustercertissuers,verbs=get;list;watch
// +kubebuilder:rbac:groups=tollgate.dev,resources=certissuers/status;clustercertissuers/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;create;update

// Reconciler prepares the issuers of one kind.
type Reconciler struct {
	// Reader reads from the API server itself.
	Reader client.Reader
	// Writer writes Secrets and status.
	Writer   client.Client
	Accounts *acme.Accounts
	Clock    clock.PassiveClock
	// Namespace is the controller's own, where the Secrets of ClusterCertIssuers are.
	Namespace string
	// New returns an empty issuer of the kind.
	New func() v1alpha1.Issuer
}

// Options of Add.
type Options struct {
	Accounts  *acme.Accounts
	Clock     clock.PassiveClock
	Namespace string
	// Wakeups, if set, are connected to the reconcilers; the caller connects them with what watches Secrets.
	Wakeups *Wakeups
}

// Add adds the reconcilers of CertIssuer and ClusterCertIssuer to the manager.
func Add(mgr manager.Manager, o Options) error {
	for name, newIssuer := range map[string]func() v1alpha1.Issuer{
		"certissuer":        func() v1alpha1.Issuer { return &v1alpha1.CertIssuer{} },
		"clustercertissuer": func() v1alpha1.Issuer { return &v1alpha1.ClusterCertIssuer{} },
	} {
		b := ctrl.NewControllerManagedBy(mgr).
			Named(name).
			For(newIssuer(), builder.WithPredicates(predicate.Or(
				predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{})))
		if o.Wakeups != nil {
			b = b.WatchesRawSource(o.Wakeups.of(newIssuer, mgr.GetCache(), o.Namespace))
		}
		err := b.
			Complete(&Reconciler{
				Reader: mgr.GetAPIReader(), Writer: mgr.GetClient(),
				Accounts: o.Accounts, Clock: o.Clock, Namespace: o.Namespace, New: newIssuer,
			})
		if err != nil {
			return fmt.Errorf("adding the %s controller: %w", name, err)
		}
	}
	return nil
}

// Reconcile implements reconcile.Reconciler.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	issuer := r.New()
	err := r.Reader.Get(ctx, req.NamespacedName, issuer)
	if apierrors.IsNotFound(err) || err == nil && issuer.GetDeletionTimestamp() != nil {
		return ctrl.Result{}, nil
	}
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("reading %s %s: %w", issuer.Kind(), req.NamespacedName, err)
	}
	before := issuer.DeepCopyObject().(v1alpha1.Issuer)
	ready, err := r.prepare(ctx, issuer)
	if err != nil {
		return ctrl.Result{}, err
	}
	status := issuer.GetStatus()
	ready.Type = v1alpha1.ConditionReady
	ready.Message = withFaults(ready.Message, issuer)
	ready.ObservedGeneration = issuer.GetGeneration()
	ready.LastTransitionTime = metav1.NewTime(r.Clock.Now())
	meta.SetStatusCondition(&status.Conditions, ready.Condition)
	status.ObservedGeneration = issuer.GetGeneration()
	if !equality.Semantic.DeepEqual(before.GetStatus(), status) {
		if err := r.Writer.Status().Patch(ctx, issuer, client.MergeFrom(before)); err != nil {
			return ctrl.Result{}, client.IgnoreNotFound(fmt.Errorf("writing the status: %w", err))
		}
	}
	return ctrl.Result{RequeueAfter: r.after(issuer, ready)}, nil
}

// verdict is condition Ready, and when the issuer wants to be checked again (zero: the usual time).
type verdict struct {
	metav1.Condition
	at time.Time
}

func yes(reason, message string) verdict {
	return verdict{Condition: metav1.Condition{Status: metav1.ConditionTrue, Reason: reason, Message: message}}
}

func no(reason, message string) verdict {
	return verdict{Condition: metav1.Condition{Status: metav1.ConditionFalse, Reason: reason, Message: message}}
}

// after returns when to check again.
func (r *Reconciler) after(issuer v1alpha1.Issuer, v verdict) time.Duration {
	now := r.Clock.Now()
	if v.at.After(now) {
		return v.at.Sub(now)
	}
	if v.Status == metav1.ConditionTrue {
		return recheckReady
	}
	since := now
	if c := meta.FindStatusCondition(issuer.GetStatus().Conditions, v1alpha1.ConditionReady); c != nil {
		since = c.LastTransitionTime.Time
	}
	return min(max(now.Sub(since), minRecheck), maxRecheck)
}

// prepare brings the issuer's Secrets and account into being, and returns condition Ready. Errors come from the
// Kubernetes API and are tried again.
func (r *Reconciler) prepare(ctx context.Context, issuer v1alpha1.Issuer) (verdict, error) {
	status := issuer.GetStatus()
	switch spec := issuer.GetSpec(); {
	case spec.ACME != nil:
		status.NotAfter, status.TrustBundle, status.FingerprintSHA256, status.NextCA = nil, "", "", nil
		return r.prepareACME(ctx, issuer)
	case spec.CA != nil:
		status.AccountURI, status.Profiles = "", nil
		return r.prepareCA(ctx, issuer)
	}
	return no(v1alpha1.ReasonFailed, "set exactly one of spec.acme and spec.ca"), nil
}
