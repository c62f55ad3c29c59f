// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

const (
	portName    = "http"
	managedBy   = "tollgate-controller"
	servicePort = 80
)

// family is an address family with the name of its EndpointSlice.
type family struct {
	ip     corev1.IPFamily
	slice  discoveryv1.AddressType
	suffix string
	is     func(netip.Addr) bool
}

// families in the order of preference for the Service's own address.
var families = []family{
	{corev1.IPv4Protocol, discoveryv1.AddressTypeIPv4, "", netip.Addr.Is4},
	{corev1.IPv6Protocol, discoveryv1.AddressTypeIPv6, "-ipv6", netip.Addr.Is6},
}

// service has no selector: its EndpointSlices are ours. With replicas of both families it gets an address of each where the
// cluster can give it one.
func service(m metav1.ObjectMeta, replicas []Replica) *corev1.Service {
	s := &corev1.Service{
		ObjectMeta: m,
		Spec: corev1.ServiceSpec{
			IPFamilyPolicy: ptr.To(corev1.IPFamilyPolicySingleStack),
			Ports: []corev1.ServicePort{{
				Name: portName, Protocol: corev1.ProtocolTCP, Port: servicePort, TargetPort: intstr.FromString(portName),
			}},
		},
	}
	for _, f := range families {
		if !slices.ContainsFunc(replicas, func(r Replica) bool { return slices.ContainsFunc(r.Addresses, f.is) }) {
			continue
		}
		if len(s.Spec.IPFamilies) == 0 {
			s.Spec.IPFamilies = []corev1.IPFamily{f.ip}
		} else {
			s.Spec.IPFamilyPolicy = ptr.To(corev1.IPFamilyPolicyPreferDualStack)
		}
	}
	return s
}

// endpointSlice has the addresses of one family, of those replicas that listen on the port: a slice has one port for all.
func endpointSlice(m metav1.ObjectMeta, f family, replicas []Replica, port int32) *discoveryv1.EndpointSlice {
	s := &discoveryv1.EndpointSlice{
		ObjectMeta:  *m.DeepCopy(),
		AddressType: f.slice,
		Ports:       []discoveryv1.EndpointPort{{Name: ptr.To(portName), Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(port)}},
	}
	s.Name += f.suffix
	s.Labels[discoveryv1.LabelServiceName] = m.Name
	s.Labels[discoveryv1.LabelManagedBy] = managedBy
	var addrs []netip.Addr
	for _, r := range replicas {
		if r.Port != port {
			continue
		}
		for _, a := range r.Addresses {
			if f.is(a) {
				addrs = append(addrs, a)
			}
		}
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	for _, a := range slices.Compact(addrs) {
		s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{
			Addresses:  []string{a.String()},
			Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)},
		})
	}
	return s
}
