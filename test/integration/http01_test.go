// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/http01"
	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
	"github.com/tollgate-dev/tollgate/test/faultproxy"
)

const gatewayGroup = "gateway.networking.k8s.io"

// TestReplicasAnswerHTTP01 runs two replicas. The one that the CA asks never leads while the other lives.
func TestReplicasAnswerHTTP01(t *testing.T) {
	c := newCluster(t, sandbox.Options{ACME: true, ControllerManager: true})
	if err := stack.Install(t.Context(), c.sb); err != nil {
		t.Fatal(err)
	}
	c.installHTTPRoutes(t)
	first, second := "192.0.2.11,2001:db8::11", "192.0.2.12,2001:db8::12"
	leader := c.startReplica(t, "leader", "127.0.0.2", first)
	waitLog(t, leader, "uccessfully acquired lease")
	proxy, err := faultproxy.New(c.sb.ACME().DirectoryURL, c.sb.ACME().CABundle)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	s := c.space(t)
	s.create(&v1alpha1.CertIssuer{ObjectMeta: metav1.ObjectMeta{Name: "acme"}, Spec: v1alpha1.IssuerSpec{ACME: &v1alpha1.ACMEIssuer{
		Server: proxy.DirectoryURL(), CABundle: proxy.CABundle(), TermsOfServiceAgreed: true,
		PrivateKeySecretRef: v1alpha1.LocalSecretReference{Name: "acme-account"},
		Solvers: []v1alpha1.Solver{
			{HTTP01: &v1alpha1.HTTP01Solver{}},
			{
				Selector: &v1alpha1.SolverSelector{DNSNames: []string{"gateway.example.com"}},
				HTTP01:   &v1alpha1.HTTP01Solver{GatewayHTTPRoute: &v1alpha1.HTTP01GatewaySolver{ParentRefs: []v1alpha1.GatewayReference{{Name: "front"}}}},
			},
		},
	}}})
	// The follower comes when the slices are there: the leader writes those that it finds when it hears of another replica, and no
	// others, so that slices that the test makes at that moment could go without.
	held := s.presented(t, "held", first)
	s.waitEndpoints(held, "192.0.2.11 2001:db8::11")
	follower := c.startReplica(t, "follower", "127.0.0.1", second)
	s.waitEndpoints(held, "192.0.2.11 2001:db8::11", "192.0.2.12 2001:db8::12")

	t.Run("pending order", func(t *testing.T) {
		certificate := tlsCertificate("web", "ingress.example.com")
		certificate.Spec.DNSNames = append(certificate.Spec.DNSNames, "gateway.example.com")
		certificate.Spec.IssuerRef = v1alpha1.IssuerReference{Name: "acme"}
		// The CA is not told before all has been looked at.
		looked := make(chan struct{})
		end := sync.OnceFunc(func() { close(looked) })
		defer end()
		proxy.Inject(faultproxy.Challenge, faultproxy.Pause(looked), faultproxy.Always)
		s.create(certificate)
		s.waitEndpoints(certificate, "192.0.2.11 2001:db8::11", "192.0.2.12 2001:db8::12")
		eventually(t, "an Ingress and an HTTPRoute lead to the Service", func(ctx context.Context) (bool, string) {
			var ingresses networkingv1.IngressList
			routes := routeList()
			for _, list := range []client.ObjectList{&ingresses, routes} {
				if err := c.client.List(ctx, list, client.InNamespace(s.ns), client.MatchingLabels{v1alpha1.IssuanceLabel: string(certificate.UID)}); err != nil {
					return false, err.Error()
				}
			}
			if len(ingresses.Items) != 1 || len(routes.Items) != 1 {
				return false, fmt.Sprintf("%d Ingresses, %d HTTPRoutes; %s", len(ingresses.Items), len(routes.Items), describeCertificate(s.certificate("web")))
			}
			hosts, _, _ := unstructured.NestedStringSlice(routes.Items[0].Object, "spec", "hostnames")
			return ingresses.Items[0].Spec.Rules[0].Host == "ingress.example.com" && slices.Equal(hosts, []string{"gateway.example.com"}),
				fmt.Sprint(ingresses.Items[0].Spec.Rules, hosts)
		})
		end()
		s.waitCertificate("web", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonIssued)
		s.waitNothingLeft(certificate)
	})

	t.Run("a replica ends and comes back", func(t *testing.T) {
		if err := follower.Stop(); err != nil {
			t.Fatal(err)
		}
		s.waitEndpoints(held, "192.0.2.11 2001:db8::11")
		follower = c.startReplica(t, "follower-again", "127.0.0.1", second)
		s.waitEndpoints(held, "192.0.2.11 2001:db8::11", "192.0.2.12 2001:db8::12")
	})

	t.Run("the leader is killed", func(t *testing.T) {
		orphan := s.presented(t, "orphan", first)
		if err := s.client.Delete(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "orphan-iss"}}); err != nil {
			t.Fatal(err)
		}
		if err := leader.Kill(); err != nil {
			t.Fatal(err)
		}
		waitLog(t, follower, "uccessfully acquired lease")
		s.waitNothingLeft(orphan) // the new leader sweeps
		s.waitEndpoints(held, "192.0.2.12 2001:db8::12")
	})
}

// startReplica starts a controller that takes part in leader election and answers on the port that the CA asks, at another
// loopback address: an EndpointSlice has one port.
func (c *cluster) startReplica(t *testing.T, name, listen, advertise string) *sandbox.Process {
	t.Helper()
	process, err := stack.StartController(t.Context(), c.sb, stack.ControllerOptions{Name: "tollgate-controller-" + name, Args: []string{
		"--leader-elect", "--http01-advertise-address=" + advertise,
		"--http01-bind-address=" + net.JoinHostPort(listen, strconv.Itoa(c.sb.ACME().HTTP01Port)),
	}})
	if err != nil {
		t.Fatal(err)
	}
	waitLog(t, process, "Answering http-01 challenges")
	return process
}

// presented has a challenge that stays pending: a TLSCertificate that is suspended in the middle of an order.
func (s *space) presented(t *testing.T, name, advertise string) *v1alpha1.TLSCertificate {
	t.Helper()
	certificate := tlsCertificate(name, name+".example.com")
	certificate.Spec.Suspend = true
	s.create(certificate)
	owner := *metav1.NewControllerRef(certificate, v1alpha1.GroupVersion.WithKind("TLSCertificate"))
	s.create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name: name + "-iss", Labels: map[string]string{v1alpha1.IssuanceLabel: string(certificate.UID)}, OwnerReferences: []metav1.OwnerReference{owner},
		},
		Type: v1alpha1.IssuanceSecretType,
	})
	objects := &http01.Objects{
		Reader: s.client, Writer: s.client, AdvertiseAddress: advertise, Port: func() int32 { return int32(s.sb.ACME().HTTP01Port) },
	}
	if err := objects.Present(t.Context(), certificate, []http01.Challenge{{Host: name + ".example.com", Token: "token"}}); err != nil {
		t.Fatal(err)
	}
	return certificate
}

// waitEndpoints waits until the slices of a certificate have the addresses of the replicas, each given as a text with both.
func (s *space) waitEndpoints(certificate *v1alpha1.TLSCertificate, replicas ...string) {
	s.t.Helper()
	var want []string
	for _, r := range replicas {
		want = append(want, strings.Fields(r)...)
	}
	slices.Sort(want)
	eventually(s.t, fmt.Sprintf("the EndpointSlices of %s have %v", certificate.Name, want), func(ctx context.Context) (bool, string) {
		var list discoveryv1.EndpointSliceList
		if err := s.client.List(ctx, &list, client.InNamespace(s.ns), client.MatchingLabels{discoveryv1.LabelServiceName: http01.Name(certificate)}); err != nil {
			return false, err.Error()
		}
		var got []string
		for _, slice := range list.Items {
			for _, e := range slice.Endpoints {
				got = append(got, e.Addresses...)
			}
		}
		slices.Sort(got)
		return slices.Equal(got, want), fmt.Sprint(got, " ", describeCertificate(s.certificate(certificate.Name)))
	})
}

// waitNothingLeft waits until none of the objects of a certificate's challenges is there, nor its issuance Secret.
func (s *space) waitNothingLeft(certificate *v1alpha1.TLSCertificate) {
	s.t.Helper()
	eventually(s.t, "nothing is left of the challenges of "+certificate.Name, func(ctx context.Context) (bool, string) {
		var left []string
		for _, list := range []client.ObjectList{
			&corev1.ServiceList{}, &discoveryv1.EndpointSliceList{}, &networkingv1.IngressList{}, &corev1.SecretList{}, routeList(),
		} {
			if err := s.client.List(ctx, list, client.InNamespace(s.ns), client.MatchingLabels{v1alpha1.IssuanceLabel: string(certificate.UID)}); err != nil {
				return false, err.Error()
			}
			_ = meta.EachListItem(list, func(o runtime.Object) error {
				left = append(left, fmt.Sprintf("%T %s", o, o.(client.Object).GetName()))
				return nil
			})
		}
		return len(left) == 0, strings.Join(left, ", ")
	})
}

func routeList() *unstructured.UnstructuredList {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(schema.GroupVersionKind{Group: gatewayGroup, Version: "v1", Kind: "HTTPRouteList"})
	return list
}

// installHTTPRoutes has the API server take HTTPRoutes: any, since no Gateway reads them here.
func (c *cluster) installHTTPRoutes(t *testing.T) {
	t.Helper()
	anything := map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
	crd := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1",
		"kind":       "CustomResourceDefinition",
		"metadata": map[string]any{
			"name": "httproutes." + gatewayGroup,
			// The API server wants to know who approved a CRD of a group below k8s.io.
			"annotations": map[string]any{"api-approved.kubernetes.io": "unapproved, for a test"},
		},
		"spec": map[string]any{
			"group": gatewayGroup,
			"scope": "Namespaced",
			"names": map[string]any{"kind": "HTTPRoute", "listKind": "HTTPRouteList", "plural": "httproutes", "singular": "httproute"},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true,
				"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "properties": map[string]any{"spec": anything}}},
			}},
		},
	}}
	if err := c.client.Create(t.Context(), crd); err != nil {
		t.Fatal(err)
	}
	eventually(t, "HTTPRoutes are served", func(ctx context.Context) (bool, string) {
		err := c.client.List(ctx, routeList())
		return err == nil, fmt.Sprint(err)
	})
}
