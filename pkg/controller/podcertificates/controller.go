// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package podcertificates makes the TLSCertificates that pods ask for with the annotation
// tollgate.dev/issue-tls, and keeps them in step with the pods.
//
// For each Secret that living pods of a namespace ask for there is one TLSCertificate of the
// Secret's name. It is owned by the workloads of these pods (the Deployment of a ReplicaSet's
// pods, the CronJob of a Job's, the pod itself if nothing controls it), so that it stays for as
// long as they exist, scaled to zero too. Within a workload the newest declaration counts, so
// that a rollout that adds a name gets its certificate. Of workloads that ask for different
// certificates in one Secret the first keeps it. A TLSCertificate that somebody else made is
// never touched.
package podcertificates

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/declare"
)

// FieldManager is named in the managed fields of the TLSCertificates.
const FieldManager = "tollgate-controller"

// MadeForPodsLabel is "true" on the TLSCertificates that were made for pods.
const MadeForPodsLabel = "tollgate.dev/made-for-pods"

const (
	// retry is when a TLSCertificate is written again that has changed meanwhile.
	retry = time.Second
	// recheck is how often something is looked at that no watch tells of: the workload of pods
	// whose owner is gone, and what the API server refused.
	recheck = time.Minute
)

// The right to delete is for clusters with the admission plugin OwnerReferencesPermissionEnforcement, which asks for it when
// an owner is added. Nothing is deleted here. Of workloads only the metadata is read.
//
// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch
// +kubebuilder:rbac:groups=tollgate.dev,resources=tlscertificates,verbs=list;watch;create;update;delete
// +kubebuilder:rbac:groups=apps,resources=daemonsets;deployments;replicasets;statefulsets,verbs=get
// +kubebuilder:rbac:groups=batch,resources=cronjobs;jobs,verbs=get
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create

// reconciler keeps the TLSCertificate of one Secret. Requests name the Secret.
type reconciler struct {
	client client.Client // Reads pods and TLSCertificates from the cache.
	owners *owners
	teller *teller
}

// Reconcile brings the TLSCertificate of one Secret in line with the pods that ask for it.
func (r *reconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	// 1. Nobody asks: what was made stays until its owners are gone.
	asks, err := r.asks(ctx, req.NamespacedName)
	if err != nil || len(asks) == 0 {
		return reconcile.Result{}, err
	}
	cert, others, err := r.certificates(ctx, req.NamespacedName)
	if err != nil {
		return reconcile.Result{}, err
	}
	// 2. Somebody else's TLSCertificate is in the way. One that came later is told by its own conditions.
	if cert == nil && len(others) > 0 {
		return reconcile.Result{}, r.tellOthers(ctx, asks, &others[0])
	}
	// 3. What was made is being deleted: its end is told.
	if cert != nil && cert.DeletionTimestamp != nil {
		return reconcile.Result{}, nil
	}
	// 4. The workloads of the pods are being deleted, or have changed hands.
	workloads, err := r.workloads(ctx, cert, asks)
	if err != nil {
		return reconcile.Result{}, err
	}
	if len(workloads) == 0 {
		return reconcile.Result{RequeueAfter: recheck}, nil
	}
	// 5. The TLSCertificate is made or changed.
	p := decide(cert, workloads)
	refused, err := r.write(ctx, req.NamespacedName, cert, p)
	switch {
	case apierrors.IsConflict(err):
		return reconcile.Result{RequeueAfter: retry}, nil
	case err != nil:
		return reconcile.Result{}, err
	case refused != "":
		return reconcile.Result{RequeueAfter: recheck}, r.teller.tellAll(ctx, p.keeper.pods(), corev1.EventTypeWarning, EventReasonRefused, refused)
	}
	return reconcile.Result{}, r.tellConflicts(ctx, req.Name, cert, p)
}

// asks returns what living pods ask for the Secret, the oldest pod first.
func (r *reconciler) asks(ctx context.Context, secret types.NamespacedName) ([]ask, error) {
	pods, err := issueIndex.Pods(ctx, r.client, secret.Namespace, secret.Name)
	if err != nil {
		return nil, fmt.Errorf("listing the pods that ask for Secret %s: %w", secret, err)
	}
	var asks []ask
	for i := range pods {
		requests, err := declare.ParseIssue(&pods[i])
		if err != nil {
			continue // The pod is told.
		}
		for _, request := range requests {
			if request.SecretName == secret.Name {
				asks = append(asks, ask{pod: &pods[i], request: request})
			}
		}
	}
	slices.SortFunc(asks, byAge)
	return asks, nil
}

// certificates returns the TLSCertificate that was made for pods, nil if there is none, and
// those of others that write the Secret or have its name.
func (r *reconciler) certificates(ctx context.Context, secret types.NamespacedName) (ours *v1alpha1.TLSCertificate, others []v1alpha1.TLSCertificate, err error) {
	var list v1alpha1.TLSCertificateList
	if err := r.client.List(ctx, &list, client.InNamespace(secret.Namespace), client.MatchingFields{namesIndex: secret.Name}); err != nil {
		return nil, nil, fmt.Errorf("listing the TLSCertificates of Secret %s: %w", secret, err)
	}
	for i := range list.Items {
		if madeForPods(&list.Items[i]) {
			ours = &list.Items[i]
		} else {
			others = append(others, list.Items[i])
		}
	}
	slices.SortFunc(others, func(a, b v1alpha1.TLSCertificate) int { return cmp.Compare(a.Name, b.Name) })
	return ours, others, nil
}

// madeForPods reports whether the TLSCertificate was made here. The name keeps copies of it from being taken for it.
func madeForPods(cert *v1alpha1.TLSCertificate) bool {
	return cert.Labels[MadeForPodsLabel] == "true" && cert.Name == cert.Spec.SecretName
}

// write makes the TLSCertificate, or changes it where it differs. refused is why the API server will not have it.
func (r *reconciler) write(ctx context.Context, key types.NamespacedName, cert *v1alpha1.TLSCertificate, p plan) (refused string, err error) {
	next, doing := p.next(key, cert), "creating"
	if next == nil {
		return "", nil
	}
	if cert == nil {
		err = client.IgnoreAlreadyExists(r.client.Create(ctx, next, client.FieldOwner(FieldManager))) // The cache is behind.
	} else {
		doing = "updating"
		err = client.IgnoreNotFound(r.client.Update(ctx, next, client.FieldOwner(FieldManager)))
	}
	switch {
	case err == nil:
		klog.FromContext(ctx).V(2).Info("Wrote TLSCertificate for pods", "doing", doing, "owners", len(next.OwnerReferences))
		return "", nil
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return "", nil
	case p.keeper != nil && (apierrors.IsInvalid(err) || apierrors.IsForbidden(err)):
		return fmt.Sprintf("%s TLSCertificate %q, which annotation %s asks for: %v", doing, key.Name, declare.IssueTLSAnnotation, err), nil
	}
	return "", fmt.Errorf("%s TLSCertificate %s for pods: %w", doing, key, err)
}
