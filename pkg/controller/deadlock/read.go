// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package deadlock

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// reader collects Inputs. What the manager caches is taken from there; the rest is read from the API server,
// and only if a held pod may be part of a deadlock.
type reader struct {
	cache   client.Reader
	live    client.Reader
	secrets Secrets
	waiting func(context.Context, client.Reader) ([]corev1.Pod, error)
	exempt  declare.Exemptions
}

// certificates returns all TLSCertificates, and which of them are pending; found tells those of which a deadlock was found.
func (r *reader) certificates(ctx context.Context, now time.Time, found func(*v1alpha1.TLSCertificate) bool) (all []v1alpha1.TLSCertificate, waiting []Certificate, err error) {
	var certs v1alpha1.TLSCertificateList
	if err := r.cache.List(ctx, &certs, client.UnsafeDisableDeepCopy); err != nil {
		return nil, nil, fmt.Errorf("listing TLSCertificates: %w", err)
	}
	issuers, err := r.issuers(ctx)
	if err != nil {
		return nil, nil, err
	}
	for i := range certs.Items {
		c := &certs.Items[i]
		name := types.NamespacedName{Namespace: c.Namespace, Name: c.Spec.IssuerRef.Name}
		if c.Spec.IssuerRef.Kind == v1alpha1.KindClusterCertIssuer {
			name.Namespace = ""
		}
		if pending(c, now, found(c)) {
			waiting = append(waiting, certificatesOf(c, issuers[name])...)
		}
	}
	return certs.Items, waiting, nil
}

// issuers returns the issuers by name; those of the cluster have no namespace.
func (r *reader) issuers(ctx context.Context) (map[types.NamespacedName]*v1alpha1.IssuerSpec, error) {
	var own v1alpha1.CertIssuerList
	if err := r.cache.List(ctx, &own, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing CertIssuers: %w", err)
	}
	var cluster v1alpha1.ClusterCertIssuerList
	if err := r.cache.List(ctx, &cluster, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing ClusterCertIssuers: %w", err)
	}
	issuers := make(map[types.NamespacedName]*v1alpha1.IssuerSpec, len(own.Items)+len(cluster.Items))
	for i := range own.Items {
		issuers[client.ObjectKeyFromObject(&own.Items[i])] = own.Items[i].GetSpec()
	}
	for i := range cluster.Items {
		issuers[client.ObjectKeyFromObject(&cluster.Items[i])] = cluster.Items[i].GetSpec()
	}
	return issuers, nil
}

// inputs returns what Decide needs about the waiting certificates.
func (r *reader) inputs(ctx context.Context, waiting []Certificate, now time.Time) (*Inputs, error) {
	in := &Inputs{Certificates: waiting, Now: now}
	concerned, anyHeld, err := r.held(ctx, waiting, now)
	if err != nil || !anyHeld {
		return in, err
	}
	if in.Solvers, err = r.solvers(ctx, now); err != nil {
		return in, err
	}
	if len(concerned) == 0 {
		return in, nil
	}
	if in.Pods, err = r.livePods(ctx, concerned, now); err != nil || len(in.Pods) == 0 {
		return in, err
	}
	if err := r.ingresses(ctx, in); err != nil {
		return in, err
	}
	return in, r.siblings(ctx, in)
}

// held returns the pods that are held for the Secret of a waiting certificate, and whether any pod is held at
// all. The manager's cache knows no more of a pod than its declaration and condition.
func (r *reader) held(ctx context.Context, waiting []Certificate, now time.Time) (concerned map[types.UID]bool, anyHeld bool, err error) {
	wanted := map[types.NamespacedName]bool{}
	for _, c := range waiting {
		wanted[types.NamespacedName{Namespace: c.Name.Namespace, Name: c.SecretName}] = true
	}
	pods, err := r.waiting(ctx, r.cache)
	if err != nil {
		return nil, false, fmt.Errorf("listing the pods that wait: %w", err)
	}
	concerned = map[types.UID]bool{}
	for i := range pods {
		awaits := r.awaits(&pods[i], now)
		anyHeld = anyHeld || len(awaits) > 0
		if slices.ContainsFunc(awaits, func(name string) bool {
			return wanted[types.NamespacedName{Namespace: pods[i].Namespace, Name: name}]
		}) {
			concerned[pods[i].UID] = true
		}
	}
	return concerned, anyHeld, nil
}

// allPods returns all pods of the cache.
func allPods(ctx context.Context, cached client.Reader) ([]corev1.Pod, error) {
	var pods corev1.PodList
	err := cached.List(ctx, &pods, client.UnsafeDisableDeepCopy)
	return pods.Items, err
}

// awaits returns the Secrets for which the pod is held; none if it is not held, or not known to be.
func (r *reader) awaits(pod *corev1.Pod, now time.Time) []string {
	if !r.exempt.Gated(pod) || pod.Spec.NodeName != "" || finished(pod) {
		return nil
	}
	d, err := declare.Parse(pod)
	if err != nil {
		return nil // held for its declaration, which no certificate cures
	}
	var names []string
	for i, requirement := range d.Requirements {
		one := declare.Declaration{Requirements: d.Requirements[i : i+1], Deadline: d.Deadline}
		v := r.secrets.Evaluate(pod.Namespace, one, now)
		switch {
		case v.Ready, v.Reason == tlsready.LookupPending, v.Reason == tlsready.NotSynced, v.Reason == tlsready.SecretsForbidden:
		default:
			names = append(names, requirement.SecretName)
		}
	}
	return names
}
