// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package deadlock

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// overGateways is TLSCertificate namespace/name, which fills name-tls over Gateways given as namespace/name in turn.
func overGateways(namespace, name string, gateways ...string) Certificate {
	c := cert(namespace, name, "")
	for i := 0; i < len(gateways); i += 2 {
		c.Gateways = append(c.Gateways, types.NamespacedName{Namespace: gateways[i], Name: gateways[i+1]})
	}
	return c
}

func ofGateway(name string) podOption { return labelled(map[string]string{GatewayLabel: name}) }

func TestDecideGateways(t *testing.T) {
	self := overGateways("in", "default", "in", "front")
	selfHeld := held([]string{"default-tls"}, "in", "front-1", ofGateway("front"))
	for _, tc := range []struct {
		name               string
		in                 Inputs
		certificates, pods []string
	}{
		{
			name:         "the pod of the Gateway waits for the certificate over it",
			in:           Inputs{Certificates: []Certificate{self}, Pods: []Pod{selfHeld}},
			certificates: []string{"in/default"}, pods: []string{"in/front-1"},
		},
		{
			name: "another pod of the Gateway runs",
			in:   Inputs{Certificates: []Certificate{self}, Pods: []Pod{selfHeld, up("in", "front-2", ofGateway("front"))}},
		},
		{
			name:         "the pod of another Gateway runs",
			in:           Inputs{Certificates: []Certificate{self}, Pods: []Pod{selfHeld, up("in", "back", ofGateway("back"))}},
			certificates: []string{"in/default"}, pods: []string{"in/front-1"},
		},
		{
			name:         "the pod of the Gateway of that name in another namespace runs",
			in:           Inputs{Certificates: []Certificate{self}, Pods: []Pod{selfHeld, up("out", "front", ofGateway("front"))}},
			certificates: []string{"in/default"}, pods: []string{"in/front-1"},
		},
		{
			name: "only a pod of another Gateway is held",
			in:   Inputs{Certificates: []Certificate{self}, Pods: []Pod{held([]string{"default-tls"}, "in", "back", ofGateway("back"))}},
		},
		{
			name: "a job with the label is held",
			in:   Inputs{Certificates: []Certificate{self}, Pods: []Pod{held([]string{"default-tls"}, "in", "hook", ofGateway("front"), ofAJob)}},
		},
		{
			name: "an ingress controller is nothing to a Gateway",
			in: Inputs{
				Classes:      []networkingv1.IngressClass{ingressClass("nginx", release("nginx"))},
				Certificates: []Certificate{self}, Pods: []Pod{selfHeld, up("in", "nginx", labelled(release("nginx")))},
			},
			certificates: []string{"in/default"}, pods: []string{"in/front-1"},
		},
		{
			name: "one of two Gateways runs: the name may be served there",
			in: Inputs{
				Certificates: []Certificate{overGateways("in", "default", "in", "front", "out", "other")},
				Pods:         []Pod{selfHeld, up("out", "other", ofGateway("other"))},
			},
		},
		{
			name: "a Gateway and an ingress class wait for each other",
			in: Inputs{
				Classes:      []networkingv1.IngressClass{ingressClass("nginx", release("nginx"))},
				Certificates: []Certificate{overGateways("a", "a", "b", "front"), cert("b", "b", "nginx")},
				Pods: []Pod{
					held([]string{"a-tls"}, "a", "pod", labelled(release("nginx"))),
					held([]string{"b-tls"}, "b", "pod", ofGateway("front")),
				},
			},
			certificates: []string{"a/a", "b/b"}, pods: []string{"a/pod", "b/pod"},
		},
		{
			name: "one of two ways of a certificate is stuck",
			in: Inputs{
				Classes:      []networkingv1.IngressClass{ingressClass("nginx", release("nginx"))},
				Certificates: []Certificate{cert("in", "default", "nginx"), self},
				Pods:         []Pod{selfHeld, up("in", "nginx", labelled(release("nginx")))},
			},
			certificates: []string{"in/default"}, pods: []string{"in/front-1"},
		},
		{
			name: "both ways of a certificate are stuck",
			in: Inputs{
				Classes:      []networkingv1.IngressClass{ingressClass("nginx", release("nginx"))},
				Certificates: []Certificate{cert("in", "default", "nginx"), self},
				Pods:         []Pod{selfHeld, held([]string{"default-tls"}, "in", "nginx", labelled(release("nginx")))},
			},
			certificates: []string{"in/default"}, pods: []string{"in/front-1", "in/nginx"},
		},
		{
			name: "of many Gateways all are told apart",
			in: Inputs{
				Certificates: []Certificate{
					overGateways("in", "default", "in", "a", "in", "b", "in", "c", "in", "front"),
					overGateways("in", "other", "in", "a", "in", "b", "in", "c", "in", "runs"),
				},
				Pods: []Pod{selfHeld, up("in", "runs", ofGateway("runs"))},
			},
			certificates: []string{"in/default"}, pods: []string{"in/front-1"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := Decide(&tc.in)
			if diff := cmp.Diff(tc.certificates, names(r.Certificates)); diff != "" {
				t.Errorf("certificates (-want, +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.pods, names(r.Pods)); diff != "" {
				t.Errorf("pods (-want, +got):\n%s", diff)
			}
		})
	}
}

func TestGatewayMessages(t *testing.T) {
	r := Decide(&Inputs{
		Certificates: []Certificate{overGateways("in", "default", "in", "front")},
		Pods:         []Pod{held([]string{"default-tls"}, "in", "front-1", ofGateway("front"))},
	})
	why := `held until TLSCertificate in/default fills secret "in/default-tls" over http-01 with Gateway "in/front"; ` + advice
	want := `no pod that serves Gateway "in/front" is running, so the CA's http-01 requests are not answered: in/front-1 is ` + why
	if got := r.Certificates[types.NamespacedName{Namespace: "in", Name: "default"}]; got != want {
		t.Errorf("the certificate is told %s\nwant %s", got, want)
	}
	want = `deadlock: this pod serves Gateway "in/front" (it has label gateway.networking.k8s.io/gateway-name=front), none that does is running, and it is ` + why
	if got := r.Pods[types.NamespacedName{Namespace: "in", Name: "front-1"}]; got != want {
		t.Errorf("the pod is told %s\nwant %s", got, want)
	}
	r = Decide(&Inputs{
		Classes:      []networkingv1.IngressClass{ingressClass("nginx", release("nginx"))},
		Certificates: []Certificate{cert("in", "default", "nginx"), overGateways("in", "default", "in", "front"), cert("in", "default", "nginx")},
		Pods: []Pod{
			held([]string{"default-tls"}, "in", "front-1", ofGateway("front")),
			held([]string{"default-tls"}, "in", "nginx-1", labelled(release("nginx"))),
		},
	})
	awaited := `TLSCertificate in/default fills secret "in/default-tls" over http-01 with Gateway "in/front" and ` +
		`TLSCertificate in/default fills secret "in/default-tls" over http-01 with ingress class "nginx"`
	want = `no pod that serves Gateway "in/front" is running, so the CA's http-01 requests are not answered: in/front-1 is held until ` + awaited +
		`; no pod that serves ingress class "nginx" is running, so the CA's http-01 requests are not answered: in/nginx-1 is held until ` + awaited + "; " + advice
	if got := r.Certificates[types.NamespacedName{Namespace: "in", Name: "default"}]; got != want {
		t.Errorf("the certificate with two ways is told %s\nwant %s", got, want)
	}
	many := overGateways("in", "x", "a", "a", "b", "b", "c", "c", "d", "d")
	if got, want := many.via(), `Gateways "a/a", "b/b", "c/c" and 1 more`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestGatewayFromTheAPI goes from the objects in the API to the finding; Ingresses, their classes and Services are not read for it.
func TestGatewayFromTheAPI(t *testing.T) {
	issuer := clusterIssuer("")
	issuer.Spec.ACME.Solvers[0].HTTP01 = &v1alpha1.HTTP01Solver{GatewayHTTPRoute: &v1alpha1.HTTP01GatewaySolver{
		ParentRefs: []v1alpha1.GatewayReference{{Name: "front", SectionName: "http"}, {Name: "front", Namespace: "in"}},
	}}
	pod := newPod("in", "controller", ofGateway("front"), requires("default-tls"))
	for _, running := range []bool{false, true} {
		objects := []client.Object{issuer.DeepCopy(), tlsCert(v1alpha1.ReasonPresenting, 0), pod.DeepCopy()}
		if running {
			objects = append(objects, up("in", "second", ofGateway("front")).Pod)
		}
		w := newWorld(t, objects...)
		w.clock.Step(time.Minute)
		w.look()
		if got := w.d.Of(controllerPod) != ""; got == running {
			t.Errorf("another runs: %t, the pod is told: %t", running, got)
		}
		reads, _, _ := w.took()
		if diff := cmp.Diff([]string{"*v1.PodList", "*v1.PodList", "*v1.PodList"}, reads); diff != "" {
			t.Errorf("reads (-want, +got):\n%s", diff)
		}
	}
}

func TestGatewaysOf(t *testing.T) {
	solver := &v1alpha1.HTTP01GatewaySolver{ParentRefs: []v1alpha1.GatewayReference{
		{Name: "b"}, {Name: "a", Namespace: "out"}, {Name: "b", Namespace: "in", SectionName: "http"},
	}}
	if got, want := fmt.Sprint(gatewaysOf(solver, "in")), "[in/b out/a]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
