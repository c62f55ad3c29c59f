// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/ca"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

const (
	// SignerName is the signer of the ClusterTrustBundles of ClusterCertIssuers. Whoever may attest for it may say whom pods trust.
	SignerName = v1alpha1.GroupName + "/ca"
	// bundlePrefix of their names follows from the signer's name (k8s.io/api/certificates, ClusterTrustBundleSpec.signerName).
	bundlePrefix = v1alpha1.GroupName + ":ca:"
	// bundleKey of a ConfigMap holds the anchors, PEM.
	bundleKey = "ca.crt"
)

var clusterTrustBundle = schema.GroupKind{Group: "certificates.k8s.io", Kind: "ClusterTrustBundle"}

// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get;create;update
// +kubebuilder:rbac:groups=certificates.k8s.io,resources=clustertrustbundles,verbs=get;create;update
// +kubebuilder:rbac:groups=certificates.k8s.io,resources=signers,resourceNames=tollgate.dev/ca,verbs=attest

// publishError is a refusal to publish that trying again at once does not cure.
type publishError struct{ err error }

func (e *publishError) Error() string { return e.err.Error() }
func (e *publishError) Unwrap() error { return e.err }

// publication is where the anchors are published, and which were before.
type publication struct {
	where  string
	before []byte
}

// held reports whether the anchor of a CA was published before.
func (p publication) held(authority *ca.CA) bool {
	before, err := pki.ParseChain(p.before)
	if err != nil {
		return false
	}
	root, err := pki.ParseChain(authority.Root())
	return err == nil && slices.ContainsFunc(before, root[0].Equal)
}

// publish makes the anchors known: a ClusterCertIssuer's in a ClusterTrustBundle where the API server has that kind, else in a
// ConfigMap of the controller's namespace; a CertIssuer's always in a ConfigMap of its own namespace, since whoever may make one
// there shall not decide whom other namespaces trust. A ConfigMap that exists already is kept up to date in either case.
func (r *Reconciler) publish(ctx context.Context, issuer v1alpha1.Issuer, bundle []byte) (publication, error) {
	version := ""
	if issuer.GetNamespace() == "" {
		mapping, err := r.Writer.RESTMapper().RESTMapping(clusterTrustBundle)
		if err != nil && !meta.IsNoMatchError(err) {
			return publication{}, fmt.Errorf("finding out whether the API server has ClusterTrustBundles: %w", err)
		}
		if err == nil {
			version = mapping.GroupVersionKind.Version
		}
	}
	if version == "" {
		return r.publishConfigMap(ctx, issuer, bundle, true)
	}
	if _, err := r.publishConfigMap(ctx, issuer, bundle, false); err != nil {
		return publication{}, err
	}
	return r.publishBundle(ctx, issuer, bundle, version)
}

func (r *Reconciler) publishConfigMap(ctx context.Context, issuer v1alpha1.Issuer, bundle []byte, create bool) (publication, error) {
	m := &corev1.ConfigMap{}
	key := client.ObjectKey{Namespace: v1alpha1.SecretNamespace(issuer, r.Namespace), Name: ca.ObjectName(issuer)}
	p := publication{where: "ConfigMap/" + key.String()}
	err := r.Reader.Get(ctx, key, m)
	switch {
	case apierrors.IsNotFound(err) && !create:
		return p, nil
	case apierrors.IsNotFound(err):
		m.Namespace, m.Name = key.Namespace, key.Name
		m.Data = map[string]string{bundleKey: string(bundle)}
		mark(m, issuer)
		return p, sorted(r.Writer.Create(ctx, m), p.where)
	case err != nil:
		return p, sorted(err, p.where)
	case !create && m.Annotations[v1alpha1.IssuerAnnotation] != ca.IssuerName(issuer):
		return p, nil
	}
	if err := ours(m, issuer, p.where); err != nil {
		return p, err
	}
	p.before = []byte(m.Data[bundleKey])
	if string(p.before) == string(bundle) {
		return p, nil
	}
	if m.Data == nil {
		m.Data = map[string]string{}
	}
	m.Data[bundleKey] = string(bundle)
	return p, sorted(r.Writer.Update(ctx, m), p.where)
}

func (r *Reconciler) publishBundle(ctx context.Context, issuer v1alpha1.Issuer, bundle []byte, version string) (publication, error) {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(clusterTrustBundle.WithVersion(version))
	name := bundlePrefix + issuer.GetName()
	p := publication{where: "ClusterTrustBundle/" + name}
	err := r.Reader.Get(ctx, client.ObjectKey{Name: name}, u)
	if apierrors.IsNotFound(err) {
		u.SetName(name)
		u.Object["spec"] = map[string]any{"signerName": SignerName, "trustBundle": string(bundle)}
		mark(u, issuer)
		return p, sorted(r.Writer.Create(ctx, u), p.where)
	}
	if err != nil {
		return p, sorted(err, p.where)
	}
	if err := ours(u, issuer, p.where); err != nil {
		return p, err
	}
	before, _, _ := unstructured.NestedString(u.Object, "spec", "trustBundle")
	p.before = []byte(before)
	if before == string(bundle) {
		return p, nil
	}
	if err := unstructured.SetNestedField(u.Object, string(bundle), "spec", "trustBundle"); err != nil {
		return p, fmt.Errorf("publishing the CA in %s: %w", p.where, err)
	}
	return p, sorted(r.Writer.Update(ctx, u), p.where)
}

// mark says whose an object is.
func mark(o metav1.Object, issuer v1alpha1.Issuer) {
	o.SetLabels(map[string]string{v1alpha1.ManagedLabel: "true"})
	o.SetAnnotations(map[string]string{v1alpha1.IssuerAnnotation: ca.IssuerName(issuer)})
}

// ours refuses an object that somebody else made: trust is not put into it, and what is in it is not thrown away.
func ours(o metav1.Object, issuer v1alpha1.Issuer, where string) error {
	if owner := o.GetAnnotations()[v1alpha1.IssuerAnnotation]; owner != ca.IssuerName(issuer) {
		return &publishError{fmt.Errorf("publishing the CA: %s exists and is not this issuer's (annotation %s is %q); delete or rename it",
			where, v1alpha1.IssuerAnnotation, owner)}
	}
	return nil
}

// sorted tells what people have to mend from what is tried again.
func sorted(err error, where string) error {
	switch {
	case err == nil:
		return nil
	case apierrors.IsForbidden(err):
		return &publishError{fmt.Errorf("publishing the CA in %s: the controller lacks a permission; apply its ClusterRole anew: %w", where, err)}
	case apierrors.IsInvalid(err):
		return &publishError{fmt.Errorf("publishing the CA in %s: the API server refuses it: %w", where, err)}
	}
	return fmt.Errorf("publishing the CA in %s: %w", where, err)
}
