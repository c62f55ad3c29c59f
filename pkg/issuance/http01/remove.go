// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// existing returns the objects of cert, the Service last: the Keeper finds the others by it.
func (o *Objects) existing(ctx context.Context, cert *v1alpha1.TLSCertificate) ([]client.Object, error) {
	var all []client.Object
	var ingresses networkingv1.IngressList
	if err := o.Reader.List(ctx, &ingresses, ofCertificate(cert)...); err != nil {
		return nil, fmt.Errorf("listing Ingresses: %w", err)
	}
	for i := range ingresses.Items {
		all = append(all, ours(cert, &ingresses.Items[i])...)
	}
	routes, err := o.listRoutes(ctx, cert, false)
	if err != nil {
		return nil, err
	}
	for i := range routes.Items {
		all = append(all, ours(cert, &routes.Items[i])...)
	}
	var named []client.Object
	m := meta(cert)
	for _, f := range families {
		named = append(named, &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Name: m.Name + f.suffix}})
	}
	for _, obj := range append(named, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: m.Name}}) {
		name := client.ObjectKey{Namespace: m.Namespace, Name: obj.GetName()}
		err := o.Reader.Get(ctx, name, obj)
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading %T %s: %w", obj, name, err)
		}
		all = append(all, ours(cert, obj)...)
	}
	return all, nil
}

// delete deletes the very objects that were read: others of their names may have been made since.
func (o *Objects) delete(ctx context.Context, objects []client.Object) error {
	for _, obj := range objects {
		err := o.Writer.Delete(ctx, obj, client.Preconditions{UID: ptr.To(obj.GetUID())})
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("deleting %T %s: %w", obj, client.ObjectKeyFromObject(obj), err)
		}
	}
	return nil
}

// ours is the object, if it is of cert: anybody can set a label.
func ours(cert *v1alpha1.TLSCertificate, obj client.Object) []client.Object {
	if !metav1.IsControlledBy(obj, cert) {
		return nil
	}
	return []client.Object{obj}
}

// listRoutes returns the HTTPRoutes of cert. Where none are needed, a cluster without the Gateway API is fine, and one where
// the controller may not touch it: it has made none there.
func (o *Objects) listRoutes(ctx context.Context, cert *v1alpha1.TLSCertificate, needed bool) (*unstructured.UnstructuredList, error) {
	list := &unstructured.UnstructuredList{}
	served, err := o.Gateway.Served()
	if err != nil || !served {
		return list, err
	}
	list.SetGroupVersionKind(routeKind.GroupVersion().WithKind(routeKind.Kind + "List"))
	err = o.Reader.List(ctx, list, ofCertificate(cert)...)
	if !needed && (apimeta.IsNoMatchError(err) || apierrors.IsNotFound(err) || apierrors.IsForbidden(err)) {
		return list, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing HTTPRoutes: %w", err)
	}
	return list, nil
}

func ofCertificate(cert *v1alpha1.TLSCertificate) []client.ListOption {
	return []client.ListOption{client.InNamespace(cert.Namespace), client.MatchingLabels{v1alpha1.IssuanceLabel: string(cert.UID)}}
}

// tokens returns the tokens of the challenges that an Ingress or HTTPRoute leads here.
func tokens(obj client.Object) (all []string) {
	switch obj := obj.(type) {
	case *networkingv1.Ingress:
		for _, r := range obj.Spec.Rules {
			if r.HTTP == nil {
				continue
			}
			for _, p := range r.HTTP.Paths {
				all = append(all, strings.TrimPrefix(p.Path, pathPrefix))
			}
		}
	case *unstructured.Unstructured:
		rules, _, _ := unstructured.NestedSlice(obj.Object, "spec", "rules")
		for _, r := range rules {
			rule, _ := r.(map[string]any)
			matches, _, _ := unstructured.NestedSlice(rule, "matches")
			for _, m := range matches {
				match, _ := m.(map[string]any)
				path, _, _ := unstructured.NestedString(match, "path", "value")
				all = append(all, strings.TrimPrefix(path, pathPrefix))
			}
		}
	}
	return all
}
