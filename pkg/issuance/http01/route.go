// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// routeKind is the kind of the Gateway API that leads paths to Services. Its Go types are not used: a route is written with
// all that the API would fill in, and read back as it was written.
var routeKind = schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "HTTPRoute"}

// maxRouteNames is how many hostnames, and how many rules, the API allows in an HTTPRoute.
const maxRouteNames = 16

// httpRoutes lead the exact paths of the challenges to the Service, over the Gateways. Addresses get routes of their own,
// without hostnames: hostnames are for all rules of a route.
func httpRoutes(m metav1.ObjectMeta, parents []v1alpha1.GatewayReference, challenges []Challenge) []*unstructured.Unstructured {
	var names, addresses []Challenge
	for _, c := range challenges {
		if _, err := netip.ParseAddr(c.Host); err == nil {
			addresses = append(addresses, c)
		} else {
			names = append(names, c)
		}
	}
	key := parentsKey(m.Namespace, parents)
	var routes []*unstructured.Unstructured
	for i, chunk := range slices.Collect(slices.Chunk(names, maxRouteNames)) {
		var hosts []string
		for _, c := range chunk {
			hosts = append(hosts, c.Host)
		}
		routes = append(routes, httpRoute(m, nameOf(m.Name, "names", key, strconv.Itoa(i)), parents, slices.Compact(hosts), chunk))
	}
	for i, chunk := range slices.Collect(slices.Chunk(addresses, maxRouteNames)) {
		routes = append(routes, httpRoute(m, nameOf(m.Name, "addresses", key, strconv.Itoa(i)), parents, nil, chunk))
	}
	return routes
}

func httpRoute(m metav1.ObjectMeta, name string, parents []v1alpha1.GatewayReference, hosts []string, challenges []Challenge) *unstructured.Unstructured {
	var refs, rules []any
	for _, p := range parents {
		ref := map[string]any{
			"group": routeKind.Group, "kind": "Gateway", "namespace": cmp.Or(p.Namespace, m.Namespace), "name": p.Name,
		}
		if p.SectionName != "" {
			ref["sectionName"] = p.SectionName
		}
		refs = append(refs, ref)
	}
	for _, c := range challenges {
		rules = append(rules, map[string]any{
			"matches": []any{map[string]any{"path": map[string]any{"type": "Exact", "value": pathPrefix + c.Token}}},
			"backendRefs": []any{map[string]any{
				"group": "", "kind": "Service", "name": m.Name, "port": int64(servicePort), "weight": int64(1),
			}},
		})
	}
	spec := map[string]any{"parentRefs": refs, "rules": rules}
	if len(hosts) > 0 {
		var all []any
		for _, h := range hosts {
			all = append(all, h)
		}
		spec["hostnames"] = all
	}
	r := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	r.SetGroupVersionKind(routeKind)
	r.SetNamespace(m.Namespace)
	r.SetName(name)
	r.SetLabels(m.Labels)
	r.SetOwnerReferences(m.OwnerReferences)
	return r
}

// parentsKey is the same for the same Gateways, with or without their namespace.
func parentsKey(namespace string, parents []v1alpha1.GatewayReference) string {
	key := ""
	for _, p := range parents {
		key += fmt.Sprintf("%s/%s/%s\n", cmp.Or(p.Namespace, namespace), p.Name, p.SectionName)
	}
	return key
}

// covers reports whether got says all that want says; defaults that the API added do not matter.
func covers(got, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return false
		}
		for k, w := range want {
			if !covers(g[k], w) {
				return false
			}
		}
		return true
	case []any:
		g, ok := got.([]any)
		return ok && slices.EqualFunc(g, want, covers)
	}
	return got == want
}
