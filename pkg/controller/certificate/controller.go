// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package certificate keeps the Secret of each TLSCertificate usable: it issues, renews and repairs.
package certificate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme"
	"github.com/tollgate-dev/tollgate/pkg/issuance/target"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

const (
	// longest is the longest time between two looks at the wall clock, which may jump while a machine sleeps.
	longest = time.Hour
	// recheck is how often something is looked at that no watch tells of.
	recheck = 5 * time.Minute
	// shortly is when to look again for what another reconciler is about to do.
	shortly = 5 * time.Second
)

// Executor obtains certificates from ACME servers. *acme.Executor is one.
type Executor interface {
	// Run takes as many steps as it can without waiting.
	Run(ctx context.Context, req acme.Request) (acme.Progress, error)
	// Cleanup removes what an issuance has left.
	Cleanup(ctx context.Context, cert *v1alpha1.TLSCertificate) error
	// Release lets other TLSCertificates order the names that one held.
	Release(cert types.NamespacedName)
}

// Guard keeps an issuer from obtaining too many certificates. An Executor may be one.
type Guard interface {
	// Permitted reports whether it alone has an attempt wait until a time, and would not any more.
	Permitted(ctx context.Context, cert *v1alpha1.TLSCertificate, issuer v1alpha1.Issuer, secretNamespace string, until time.Time) (bool, error)
}

var (
	_ Executor = (*acme.Executor)(nil)
	_ Guard    = (*acme.Executor)(nil)
)

// Orders is what the reconciler knows of running issuances beside its own status.
type Orders interface {
	// Running reports whether a TLSCertificate has an issuance Secret.
	Running(namespace, certificate string) bool
}

// +kubebuilder:rbac:groups=tollgate.dev,resources=tlscertificates,verbs=get;list;watch
// +kubebuilder:rbac:groups=tollgate.dev,resources=tlscertificates/status,verbs=patch
// +kubebuilder:rbac:groups=tollgate.dev,resources=tlscertificates/finalizers,verbs=update
// +kubebuilder:rbac:groups=tollgate.dev,resources=certissuers;clustercertissuers,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch;create;update;delete
// +kubebuilder:rbac:groups="",resources=services,verbs=get;create;update;delete
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get
// +kubebuilder:rbac:groups=discovery.k8s.io,resources=endpointslices,verbs=get;create;update;delete
// +kubebuilder:rbac:groups=discovery.k8s.io,resources=endpointslices/restricted,verbs=create
// +kubebuilder:rbac:groups=networking.k8s.io,resources=ingresses,verbs=get;create;update;delete
// +kubebuilder:rbac:groups="";events.k8s.io,resources=events,verbs=create;patch

// Reconciler brings the Secret of a TLSCertificate to what its spec says.
type Reconciler struct {
	// Reader reads from the API server itself.
	Reader client.Reader
	// Cache has TLSCertificates and issuers, and Facts what is in TLS Secrets. They tell that a TLSCertificate needs nothing; nil: it is
	// looked at with live reads each time. Add sets Cache.
	Cache client.Reader
	Facts Facts
	// Writer writes Secrets and status.
	Writer   client.Client
	Executor Executor
	Orders   Orders
	// RenewalInformer asks ACME servers when they want certificates to be renewed; nil asks nobody. Add takes Executor, if it can.
	RenewalInformer RenewalInformer
	Recorder        events.EventRecorder
	Clock           clock.PassiveClock
	// Namespace is the controller's own, where the Secrets of ClusterCertIssuers are.
	Namespace string

	// selectable: Reader can select TLSCertificates by spec.secretName.
	selectable bool

	begun       atomic.Pointer[time.Time] // when TLS Secrets were first asked for
	looks       looks
	authorities authorities
	progress    progresses
}

// Reconcile implements reconcile.Reconciler.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	key := req.NamespacedName
	if after, ok := r.settled(ctx, key); ok {
		return ctrl.Result{RequeueAfter: after}, nil
	}
	if after := r.progress.rests(key, r.Clock.Now()); after > 0 {
		return ctrl.Result{RequeueAfter: after}, nil
	}
	r.looks.forget(key)
	cert := &v1alpha1.TLSCertificate{}
	err := r.Reader.Get(ctx, key, cert)
	if apierrors.IsNotFound(err) || err == nil && cert.DeletionTimestamp != nil {
		r.Executor.Release(key)
		r.progress.forget(key)
		return ctrl.Result{}, nil
	}
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("reading TLSCertificate %s: %w", key, err)
	}
	before := cert.DeepCopy()
	after, err := r.reconcile(ctx, cert)
	if err == nil {
		cert.Status.ObservedGeneration = cert.Generation
	}
	if err = errors.Join(err, r.tell(ctx, before, cert, after, err)); err != nil {
		r.looks.forget(key)
		return ctrl.Result{}, err
	}
	r.looks.ended(key, cert.ResourceVersion)
	return ctrl.Result{RequeueAfter: min(after, longest)}, nil
}

// reconcile returns after how long to look again.
func (r *Reconciler) reconcile(ctx context.Context, cert *v1alpha1.TLSCertificate) (time.Duration, error) {
	s, err := r.secret(ctx, cert)
	if err != nil {
		return 0, err
	}
	by, err := r.origin(ctx, cert, s)
	if err != nil {
		return 0, err
	}
	if s != nil && target.Owned(s, cert) && !cert.Spec.Suspend {
		if s, err = target.Sync(ctx, r.Writer, cert, s, by.anchors(s, cert)); err != nil {
			return 0, err
		}
	}
	i := inspect(cert, s, by, r.Clock.Now())
	if !cert.Spec.Suspend && r.ask(ctx, cert, s, by, i) {
		i = inspect(cert, s, by, r.Clock.Now())
	}
	r.observe(cert, s, i)
	switch {
	case cert.Spec.Suspend:
		r.Executor.Release(client.ObjectKeyFromObject(cert))
		r.condition(cert, v1alpha1.ConditionIssuing, false, v1alpha1.ReasonSuspended, "spec.suspend is true: nothing is issued or renewed")
		return r.next(cert, i), nil
	case i.need == "":
		return r.settle(ctx, cert, by, i)
	}
	return r.issue(ctx, cert, s, by, i)
}

// secret reads the target Secret; nil if there is none.
func (r *Reconciler) secret(ctx context.Context, cert *v1alpha1.TLSCertificate) (*corev1.Secret, error) {
	s := &corev1.Secret{}
	err := r.Reader.Get(ctx, client.ObjectKey{Namespace: cert.Namespace, Name: cert.Spec.SecretName}, s)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading Secret %s: %w", cert.Spec.SecretName, err)
	}
	return s, nil
}

// settle ends an issuance, or confirms that none runs.
func (r *Reconciler) settle(ctx context.Context, cert *v1alpha1.TLSCertificate, by origin, i inspection) (time.Duration, error) {
	r.Executor.Release(client.ObjectKeyFromObject(cert))
	if ordering(cert) || r.Orders.Running(cert.Namespace, cert.Name) {
		if err := r.Executor.Cleanup(ctx, cert); err != nil {
			return 0, err
		}
	}
	// A certificate that was counted as a failure is no success because it serves for the moment.
	if next := cert.Status.NextAttemptTime; next != nil && r.Clock.Now().Before(next.Time) && cert.Status.ObservedGeneration == cert.Generation {
		forgetOrder(cert)
		r.remember(cert, by, i)
		return r.next(cert, i), nil
	}
	message := "nothing has to be issued now"
	switch refused := target.Refused(cert); {
	case i.rival != "":
		message = fmt.Sprintf("the Secret belongs to TLSCertificate %s", i.rival)
	case i.foreign():
		message = "the Secret belongs to somebody else"
	case i.verdict.Reason == tlsready.NotYetValid:
		message = "waiting until the certificate is valid"
	case len(refused) > 0:
		message += fmt.Sprintf("; of spec.secretTemplate, %s are left out, since they say whose the Secret is: remove them there", strings.Join(refused, ", "))
	}
	r.idle(cert, message)
	r.remember(cert, by, i)
	return r.next(cert, i), nil
}

// ordering reports whether the status speaks of an order.
func ordering(cert *v1alpha1.TLSCertificate) bool {
	a := cert.Status.ACME
	return a != nil && (a.OrderURL != "" || len(a.Authorizations) > 0)
}

// times are when the inspection may cease to be true; some may be zero or have passed.
func (r *Reconciler) times(cert *v1alpha1.TLSCertificate, i inspection) []time.Time {
	times := []time.Time{i.renewal, i.verdict.RecheckAt}
	if a := cert.Status.ACME; a != nil && a.RenewalInfo != nil && a.RenewalInfo.NextCheck != nil {
		times = append(times, a.RenewalInfo.NextCheck.Time)
	}
	if at := cert.Status.NextAttemptTime; at != nil {
		times = append(times, at.Time)
	}
	return times
}

// next returns how long the inspection stays true.
func (r *Reconciler) next(cert *v1alpha1.TLSCertificate, i inspection) time.Duration {
	now, after := r.Clock.Now(), longest
	for _, at := range r.times(cert, i) {
		if at.After(now) {
			after = min(after, at.Sub(now))
		}
	}
	if i.foreign() && (!i.verdict.Ready || i.rival != "") {
		after = min(after, recheck)
	}
	return after
}
