// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"sort"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

const (
	portName     = "http"
	managedBy    = "tollgate-controller"
	servicePort  = 80
	nameTemplate = "tollgate-http01-%s"
)

// Challenge is a path that has to lead to the controller.
type Challenge struct {
	// Host is the DNS name or IP address that the CA asks.
	Host string
	// Token of the challenge.
	Token string
}

// Objects are the Service, EndpointSlice and Ingress of each certificate whose challenges are pending.
type Objects struct {
	Reader client.Reader
	Writer client.Writer
	// AdvertiseAddress is the IP address at which other pods reach this controller.
	AdvertiseAddress string
	// Port returns the port that the controller listens on.
	Port func() int32
}

// Ensure makes the objects say what the challenges need. Two calls with the same arguments write once.
func (o *Objects) Ensure(ctx context.Context, cert *v1alpha1.TLSCertificate, ingressClass *string, challenges []Challenge) error {
	addr, err := o.address()
	if err != nil {
		return err
	}
	for _, want := range []client.Object{
		service(cert, addr), slice(cert, addr, o.Port()), ingress(cert, ingressClass, challenges),
	} {
		if err := o.apply(ctx, want); err != nil {
			return fmt.Errorf("leading http-01 challenges to the controller: %w", err)
		}
	}
	return nil
}

// Remove deletes the objects of cert; objects that are not there are no error.
func (o *Objects) Remove(ctx context.Context, cert *v1alpha1.TLSCertificate) error {
	for _, obj := range []client.Object{&networkingv1.Ingress{}, &discoveryv1.EndpointSlice{}, &corev1.Service{}} {
		obj.SetNamespace(cert.Namespace)
		obj.SetName(Name(cert))
		if err := client.IgnoreNotFound(o.Writer.Delete(ctx, obj)); err != nil {
			return fmt.Errorf("removing %T %s/%s: %w", obj, cert.Namespace, Name(cert), err)
		}
	}
	return nil
}

// Name is the name of all three objects of cert, short enough for a Service.
func Name(cert *v1alpha1.TLSCertificate) string {
	sum := sha256.Sum256([]byte(cert.Name + "\x00" + string(cert.UID)))
	return fmt.Sprintf(nameTemplate, hex.EncodeToString(sum[:8]))
}

// Check returns why challenges could not be led to this controller, or nil.
func (o *Objects) Check() error {
	_, err := o.address()
	return err
}

// address parses AdvertiseAddress and refuses what the API refuses in an EndpointSlice.
func (o *Objects) address() (netip.Addr, error) {
	if o.AdvertiseAddress == "" {
		return netip.Addr{}, errors.New("answering http-01 challenges: no address to advertise; set --http01-advertise-address or the environment variable POD_IP to the controller's pod IP")
	}
	addr, err := netip.ParseAddr(o.AdvertiseAddress)
	if err != nil {
		return addr, fmt.Errorf("answering http-01 challenges: --http01-advertise-address %q is not an IP address; set it to the controller's pod IP", o.AdvertiseAddress)
	}
	if addr.IsLoopback() || addr.IsUnspecified() || addr.IsLinkLocalUnicast() || addr.IsMulticast() {
		return addr, fmt.Errorf("answering http-01 challenges: --http01-advertise-address %s cannot be reached from other pods, and the API refuses it in an EndpointSlice; set it to the controller's pod IP", addr)
	}
	return addr.Unmap(), nil
}

// apply creates want, or updates what is there if its spec differs.
func (o *Objects) apply(ctx context.Context, want client.Object) error {
	got := want.DeepCopyObject().(client.Object)
	err := o.Reader.Get(ctx, client.ObjectKeyFromObject(want), got)
	if apierrors.IsNotFound(err) {
		return o.Writer.Create(ctx, want)
	}
	if err != nil {
		return err
	}
	if owner := metav1.GetControllerOfNoCopy(got); owner == nil || owner.UID != metav1.GetControllerOfNoCopy(want).UID {
		return fmt.Errorf("%T %s exists and belongs to somebody else; delete it", got, client.ObjectKeyFromObject(got))
	}
	before := got.DeepCopyObject()
	switch got := got.(type) {
	case *corev1.Service:
		got.Spec.Ports = want.(*corev1.Service).Spec.Ports
		got.Spec.Selector = nil
	case *discoveryv1.EndpointSlice:
		w := want.(*discoveryv1.EndpointSlice)
		if got.AddressType != w.AddressType { // immutable
			if err := o.Writer.Delete(ctx, got); client.IgnoreNotFound(err) != nil {
				return err
			}
			return o.Writer.Create(ctx, want)
		}
		got.Endpoints, got.Ports = w.Endpoints, w.Ports
	case *networkingv1.Ingress:
		class := got.Spec.IngressClassName // the cluster's default is filled in on creation, and only then
		got.Spec = want.(*networkingv1.Ingress).Spec
		if got.Spec.IngressClassName == nil {
			got.Spec.IngressClassName = class
		}
	}
	if equality.Semantic.DeepEqual(before, got) {
		return nil
	}
	return o.Writer.Update(ctx, got)
}

func meta(cert *v1alpha1.TLSCertificate) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: cert.Namespace,
		Name:      Name(cert),
		Labels: map[string]string{
			v1alpha1.ManagedLabel:  "true",
			v1alpha1.IssuanceLabel: string(cert.UID),
		},
		OwnerReferences: []metav1.OwnerReference{
			*metav1.NewControllerRef(cert, v1alpha1.GroupVersion.WithKind("TLSCertificate")),
		},
	}
}

func service(cert *v1alpha1.TLSCertificate, addr netip.Addr) *corev1.Service {
	s := &corev1.Service{
		ObjectMeta: meta(cert),
		Spec: corev1.ServiceSpec{
			Ports: []corev1.ServicePort{{
				Name: portName, Protocol: corev1.ProtocolTCP, Port: servicePort, TargetPort: intstr.FromString(portName),
			}},
		},
	}
	if addr.Is6() {
		s.Spec.IPFamilies = []corev1.IPFamily{corev1.IPv6Protocol}
	}
	return s
}

func slice(cert *v1alpha1.TLSCertificate, addr netip.Addr, port int32) *discoveryv1.EndpointSlice {
	s := &discoveryv1.EndpointSlice{
		ObjectMeta:  meta(cert),
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints: []discoveryv1.Endpoint{{
			Addresses:  []string{addr.String()},
			Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)},
		}},
		Ports: []discoveryv1.EndpointPort{{Name: ptr.To(portName), Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(port)}},
	}
	if addr.Is6() {
		s.AddressType = discoveryv1.AddressTypeIPv6
	}
	s.Labels[discoveryv1.LabelServiceName] = s.Name
	s.Labels[discoveryv1.LabelManagedBy] = managedBy
	return s
}

func ingress(cert *v1alpha1.TLSCertificate, class *string, challenges []Challenge) *networkingv1.Ingress {
	sorted := append([]Challenge(nil), challenges...)
	sort.Slice(sorted, func(i, j int) bool {
		a, b := sorted[i], sorted[j]
		return a.Host < b.Host || a.Host == b.Host && a.Token < b.Token
	})
	i := &networkingv1.Ingress{ObjectMeta: meta(cert), Spec: networkingv1.IngressSpec{IngressClassName: class}}
	for _, c := range sorted {
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
						Name: i.Name, Port: networkingv1.ServiceBackendPort{Name: portName},
					}},
				}},
			}},
		})
	}
	return i
}
