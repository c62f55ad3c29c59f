// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"net/netip"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// ingress leads the exact paths of the challenges to the Service. The cluster's default class is used for nil.
func ingress(m metav1.ObjectMeta, class *string, challenges []Challenge) *networkingv1.Ingress {
	i := &networkingv1.Ingress{ObjectMeta: *m.DeepCopy(), Spec: networkingv1.IngressSpec{IngressClassName: class}}
	i.Name = nameOf(m.Name, "ingress", ptr.Deref(class, ""))
	for _, c := range challenges {
		host := c.Host
		if _, err := netip.ParseAddr(host); err == nil {
			host = "" // an Ingress has no rules for addresses; the token's path is unique
		}
		i.Spec.Rules = append(i.Spec.Rules, networkingv1.IngressRule{
			Host: host,
			IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{
				Paths: []networkingv1.HTTPIngressPath{{
					Path:     pathPrefix + c.Token,
					PathType: ptr.To(networkingv1.PathTypeExact),
					Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
						Name: m.Name, Port: networkingv1.ServiceBackendPort{Name: portName},
					}},
				}},
			}},
		})
	}
	return i
}
