// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// frontends are the Ingresses, one for each class, and the HTTPRoutes, some for each set of Gateways, that the challenges need.
func frontends(m metav1.ObjectMeta, challenges []Challenge) (ingresses []*networkingv1.Ingress, routes []*unstructured.Unstructured) {
	type group struct {
		class      *string
		gateway    *v1alpha1.HTTP01GatewaySolver
		challenges []Challenge
	}
	var groups []*group
	known := map[string]*group{}
	for _, c := range sorted(challenges) {
		g, key := &group{}, ""
		if c.Solver != nil && c.Solver.GatewayHTTPRoute != nil {
			g.gateway = c.Solver.GatewayHTTPRoute
			key = "gateway\x00" + parentsKey(m.Namespace, g.gateway.ParentRefs)
		} else {
			if c.Solver != nil && c.Solver.Ingress != nil {
				g.class = c.Solver.Ingress.IngressClassName
			}
			key = "ingress\x00" + ptr.Deref(g.class, "")
		}
		if known[key] == nil {
			known[key] = g
			groups = append(groups, g)
		}
		known[key].challenges = append(known[key].challenges, c)
	}
	for _, g := range groups {
		if g.gateway != nil {
			routes = append(routes, httpRoutes(m, g.gateway.ParentRefs, g.challenges)...)
		} else {
			ingresses = append(ingresses, ingress(m, g.class, g.challenges))
		}
	}
	return ingresses, routes
}

// applyService creates the Service, or updates what is there. The first family of a Service cannot be changed: one with a
// family that no replica has any more is made anew.
func (o *Objects) applyService(ctx context.Context, want *corev1.Service) error {
	got := &corev1.Service{}
	found, err := o.find(ctx, want, got)
	if err != nil {
		return err
	}
	if found && len(got.Spec.IPFamilies) > 0 && *want.Spec.IPFamilyPolicy == corev1.IPFamilyPolicySingleStack &&
		got.Spec.IPFamilies[0] != want.Spec.IPFamilies[0] {
		if err := client.IgnoreNotFound(o.Writer.Delete(ctx, got)); err != nil {
			return err
		}
		found = false
	}
	if !found {
		return o.Writer.Create(ctx, want)
	}
	before := got.DeepCopy()
	got.Spec.Ports = want.Spec.Ports
	got.Spec.Selector = nil
	got.Spec.IPFamilyPolicy = want.Spec.IPFamilyPolicy // the API server adds or drops the second family
	return o.update(ctx, before, got)
}

// applySlice creates the EndpointSlice, updates what is there, or deletes it if it has no endpoints.
func (o *Objects) applySlice(ctx context.Context, want *discoveryv1.EndpointSlice) error {
	got := &discoveryv1.EndpointSlice{}
	found, err := o.find(ctx, want, got)
	if err != nil {
		return err
	}
	if found && (got.AddressType != want.AddressType || len(want.Endpoints) == 0) { // the type cannot be changed
		if err := client.IgnoreNotFound(o.Writer.Delete(ctx, got)); err != nil {
			return err
		}
		found = false
	}
	if !found && len(want.Endpoints) == 0 {
		return nil
	}
	if !found {
		return o.Writer.Create(ctx, want)
	}
	before := got.DeepCopy()
	got.Endpoints, got.Ports = want.Endpoints, want.Ports
	return o.update(ctx, before, got)
}

// applyIngresses makes the Ingresses of cert those that are wanted.
func (o *Objects) applyIngresses(ctx context.Context, cert *v1alpha1.TLSCertificate, want []*networkingv1.Ingress) error {
	var list networkingv1.IngressList
	if err := o.Reader.List(ctx, &list, ofCertificate(cert)...); err != nil {
		return fmt.Errorf("listing Ingresses: %w", err)
	}
	left := slices.Clone(want)
	for i := range list.Items {
		got := &list.Items[i]
		at := slices.IndexFunc(left, func(w *networkingv1.Ingress) bool { return w.Name == got.Name })
		if at < 0 {
			if err := o.delete(ctx, ours(cert, got)); err != nil {
				return err
			}
			continue
		}
		before, class := got.DeepCopy(), got.Spec.IngressClassName
		got.Spec = left[at].Spec
		if got.Spec.IngressClassName == nil {
			got.Spec.IngressClassName = class // the cluster's default is filled in on creation, and only then
		}
		left = slices.Delete(left, at, at+1)
		if err := o.update(ctx, before, got); err != nil {
			return err
		}
	}
	for _, w := range left {
		if err := o.create(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// applyRoutes makes the HTTPRoutes of cert those that are wanted.
func (o *Objects) applyRoutes(ctx context.Context, cert *v1alpha1.TLSCertificate, want []*unstructured.Unstructured) error {
	list, err := o.listRoutes(ctx, cert, len(want) > 0)
	if err != nil {
		return err
	}
	left := slices.Clone(want)
	for i := range list.Items {
		got := &list.Items[i]
		at := slices.IndexFunc(left, func(w *unstructured.Unstructured) bool { return w.GetName() == got.GetName() })
		if at < 0 {
			if err := o.delete(ctx, ours(cert, got)); err != nil {
				return err
			}
			continue
		}
		spec := left[at].Object["spec"]
		left = slices.Delete(left, at, at+1)
		if covers(got.Object["spec"], spec) {
			continue
		}
		got.Object["spec"] = spec
		if err := o.Writer.Update(ctx, got); err != nil {
			return fmt.Errorf("updating HTTPRoute %s: %w", got.GetName(), err)
		}
	}
	for _, w := range left {
		if err := o.create(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// find reads into got what has the name of want; it must be ours.
func (o *Objects) find(ctx context.Context, want, got client.Object) (bool, error) {
	err := o.Reader.Get(ctx, client.ObjectKeyFromObject(want), got)
	if err != nil {
		return false, client.IgnoreNotFound(err)
	}
	if owner := metav1.GetControllerOfNoCopy(got); owner == nil || owner.UID != metav1.GetControllerOfNoCopy(want).UID {
		return false, foreign(got)
	}
	return true, nil
}

func foreign(obj client.Object) error {
	return fmt.Errorf("%T %s exists and belongs to somebody else; delete it", obj, client.ObjectKeyFromObject(obj))
}

func (o *Objects) create(ctx context.Context, obj client.Object) error {
	err := o.Writer.Create(ctx, obj)
	if apierrors.IsAlreadyExists(err) {
		return foreign(obj) // ours have our label, and were listed
	}
	return err
}

func (o *Objects) update(ctx context.Context, before, got client.Object) error {
	if equality.Semantic.DeepEqual(before, got) {
		return nil
	}
	return o.Writer.Update(ctx, got)
}
