// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package deadlock

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	_ "github.com/tollgate-dev/tollgate/test/seed"
)

func TestDecide(t *testing.T) {
	nginx := ingressClass("nginx", release("nginx"))
	other := ingressClass("other", release("other"))
	gce := ingressClass("cloud", nil)
	gce.Spec.Controller = "ingress.gce.io/gce"
	lb := map[string]string{"app": "lb"}
	front := map[string]string{"app": "front"}
	self := cert("in", "default", "nginx")
	selfHeld := held([]string{"default-tls"}, "in", "controller", labelled(release("nginx")))

	tests := []struct {
		name string
		in   Inputs
		// certificates and pods that have a message, in order.
		certificates, pods []string
	}{
		{name: "nothing"},
		{
			name:         "the ingress controller waits for its own certificate",
			in:           Inputs{Certificates: []Certificate{self}, Pods: []Pod{selfHeld}},
			certificates: []string{"in/default"}, pods: []string{"in/controller"},
		},
		{
			name: "another replica runs",
			in:   Inputs{Certificates: []Certificate{self}, Pods: []Pod{selfHeld, up("in", "z", labelled(release("nginx")))}},
		},
		{
			name: "another replica of the release runs in another namespace",
			in:   Inputs{Certificates: []Certificate{self}, Pods: []Pod{up("a", "a", labelled(release("nginx"))), selfHeld}},
		},
		{
			name:         "the other replica is being deleted",
			in:           Inputs{Certificates: []Certificate{self}, Pods: []Pod{selfHeld, up("in", "z", labelled(release("nginx")), deleting)}},
			certificates: []string{"in/default"}, pods: []string{"in/controller"},
		},
		{
			name:         "the other replica has failed",
			in:           Inputs{Certificates: []Certificate{self}, Pods: []Pod{selfHeld, up("in", "z", labelled(release("nginx")), phase(corev1.PodFailed))}},
			certificates: []string{"in/default"}, pods: []string{"in/controller"},
		},
		{
			name:         "only a job of the release runs",
			in:           Inputs{Certificates: []Certificate{self}, Pods: []Pod{selfHeld, up("in", "z", labelled(release("nginx")), ofAJob)}},
			certificates: []string{"in/default"}, pods: []string{"in/controller"},
		},
		{
			name:         "another replica is pending and not held",
			in:           Inputs{Certificates: []Certificate{self}, Pods: []Pod{selfHeld, held(nil, "in", "z", labelled(release("nginx")))}},
			certificates: []string{"in/default"}, pods: []string{"in/controller"},
		},
		{
			name: "another component of the release runs",
			in: Inputs{
				Classes:      []networkingv1.IngressClass{ingressClass("nginx", release("nginx", componentLabel, "controller"))},
				Certificates: []Certificate{self},
				Pods:         []Pod{selfHeld, up("in", "z", labelled(release("nginx", componentLabel, "default-backend")))},
			},
			certificates: []string{"in/default"}, pods: []string{"in/controller"},
		},
		{
			name: "a pod of another release is held",
			in:   Inputs{Certificates: []Certificate{self}, Pods: []Pod{held([]string{"default-tls"}, "in", "app", labelled(release("app")))}},
		},
		{
			name: "the class has no labels",
			in: Inputs{
				Classes:      []networkingv1.IngressClass{ingressClass("nginx", nil)},
				Certificates: []Certificate{self}, Pods: []Pod{held([]string{"default-tls"}, "in", "app")},
			},
		},
		{
			name: "the controller waits for a Secret that nobody issues over http-01",
			in:   Inputs{Certificates: []Certificate{self}, Pods: []Pod{held([]string{"manual-tls"}, "in", "controller", labelled(release("nginx")))}},
		},
		{
			name: "the Secret of that name is in another namespace",
			in:   Inputs{Certificates: []Certificate{self}, Pods: []Pod{held([]string{"default-tls"}, "out", "controller", labelled(release("nginx")))}},
		},
		{
			name:         "arguments name the class",
			in:           Inputs{Certificates: []Certificate{self}, Pods: []Pod{held([]string{"default-tls"}, "in", "c", args("--ingress-class=nginx"))}},
			certificates: []string{"in/default"}, pods: []string{"in/c"},
		},
		{
			name: "arguments name another class",
			in:   Inputs{Certificates: []Certificate{self}, Pods: []Pod{held([]string{"default-tls"}, "in", "c", args("--ingress-class=nginx2"))}},
		},
		{
			name: "a running pod has the same arguments",
			in: Inputs{Certificates: []Certificate{self}, Pods: []Pod{
				held([]string{"default-tls"}, "in", "c", args("--ingress-class=nginx")), up("in", "d", args("--ingress-class", "nginx")),
			}},
		},
		{
			name: "behind the Service that has the address of the class's Ingresses",
			in: Inputs{
				Certificates: []Certificate{self}, Pods: []Pod{held([]string{"default-tls"}, "in", "c", labelled(lb))},
				Services:  []corev1.Service{service("in", "lb", lb, "203.0.113.7")},
				Ingresses: []networkingv1.Ingress{ingress("shop", "web", "nginx", "", "web", "203.0.113.7")},
			},
			certificates: []string{"in/default"}, pods: []string{"in/c"},
		},
		{
			name: "behind a Service with another address",
			in: Inputs{
				Certificates: []Certificate{self}, Pods: []Pod{held([]string{"default-tls"}, "in", "c", labelled(lb))},
				Services:  []corev1.Service{service("in", "lb", lb, "203.0.113.8")},
				Ingresses: []networkingv1.Ingress{ingress("shop", "web", "nginx", "", "web", "203.0.113.7")},
			},
		},
		{
			name: "behind the Service of another class",
			in: Inputs{
				Certificates: []Certificate{self}, Pods: []Pod{held([]string{"default-tls"}, "in", "c", labelled(lb))},
				Services:  []corev1.Service{service("in", "lb", lb, "203.0.113.7")},
				Ingresses: []networkingv1.Ingress{ingress("shop", "web", "other", "", "web", "203.0.113.7")},
			},
		},
		{
			name: "another certificate over the same class",
			in: Inputs{
				Certificates: []Certificate{self, cert("shop", "web", "nginx"), cert("shop", "api", "other")},
				Pods:         []Pod{selfHeld, held([]string{"web-tls"}, "shop", "web")},
			},
			certificates: []string{"in/default", "shop/web"}, pods: []string{"in/controller"},
		},
		{
			name: "two classes wait for each other, and a third for them",
			in: Inputs{
				Certificates: []Certificate{cert("a", "a", "other"), cert("b", "b", "nginx"), cert("c", "c", "nginx"), cert("d", "d", "third")},
				Pods: []Pod{
					held([]string{"a-tls"}, "a", "pod", labelled(release("nginx"))),
					held([]string{"b-tls"}, "b", "pod", labelled(release("other"))),
					held([]string{"c-tls"}, "c", "pod", args("--ingress-class=third")),
				},
			},
			certificates: []string{"a/a", "b/b", "c/c", "d/d"}, pods: []string{"a/pod", "b/pod", "c/pod"},
		},
		{
			name: "a chain that ends at a running controller",
			in: Inputs{
				Certificates: []Certificate{cert("a", "a", "other"), cert("b", "b", "nginx")},
				Pods: []Pod{
					held([]string{"a-tls"}, "a", "pod", labelled(release("nginx"))),
					up("b", "pod", labelled(release("other"))),
				},
			},
		},
		{
			name: "a load balancer that needs the application",
			in: Inputs{
				Certificates: []Certificate{cert("shop", "web", "cloud")},
				Pods:         []Pod{held([]string{"web-tls"}, "shop", "web", labelled(front))},
				Services:     []corev1.Service{service("shop", "front", front)},
				Ingresses:    []networkingv1.Ingress{ingress("shop", "web", "cloud", "web.example.com", "front")},
			},
			certificates: []string{"shop/web"}, pods: []string{"shop/web"},
		},
		{
			name: "a load balancer that needs the application, of which another pod runs",
			in: Inputs{
				Certificates: []Certificate{cert("shop", "web", "cloud")},
				Pods:         []Pod{held([]string{"web-tls"}, "shop", "web", labelled(front)), up("shop", "old", labelled(front))},
				Services:     []corev1.Service{service("shop", "front", front)},
				Ingresses:    []networkingv1.Ingress{ingress("shop", "web", "cloud", "*.example.com", "front")},
			},
		},
		{
			name: "a load balancer that needs another host's application",
			in: Inputs{
				Certificates: []Certificate{cert("shop", "web", "cloud")},
				Pods:         []Pod{held([]string{"web-tls"}, "shop", "web", labelled(front))},
				Services:     []corev1.Service{service("shop", "front", front)},
				Ingresses:    []networkingv1.Ingress{ingress("shop", "web", "cloud", "api.example.com", "front")},
			},
		},
		{
			name: "an application behind a class that serves without it",
			in: Inputs{
				Certificates: []Certificate{cert("shop", "web", "nginx")},
				Pods:         []Pod{held([]string{"web-tls"}, "shop", "web", labelled(front))},
				Services:     []corev1.Service{service("shop", "front", front)},
				Ingresses:    []networkingv1.Ingress{ingress("shop", "web", "nginx", "web.example.com", "front")},
			},
		},
		{
			name: "no class at all",
			in: Inputs{
				Certificates: []Certificate{cert("in", "default", "")},
				Pods:         []Pod{held([]string{"default-tls"}, "in", "c", args("--watch-ingress-without-class=true"))},
			},
			certificates: []string{"in/default"}, pods: []string{"in/c"},
		},
		{
			name: "solver pods",
			in: Inputs{Now: start, Solvers: []Pod{
				held([]string{"x"}, "cm", "held", labelled(map[string]string{SolverLabel: "true"})),
				held(nil, "cm", "free", labelled(map[string]string{SolverLabel: "true"})),
				held([]string{"x"}, "cm", "young", labelled(map[string]string{SolverLabel: "true"}), func(p *corev1.Pod) { p.CreationTimestamp.Time = start }),
				held([]string{"x"}, "cm", "no-solver"),
			}},
			pods: []string{"cm/held"},
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if tc.in.Classes == nil {
				tc.in.Classes = []networkingv1.IngressClass{nginx, other, gce}
			}
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

func names(messages map[types.NamespacedName]string) []string {
	var all []string
	for _, name := range slices.SortedFunc(maps.Keys(messages), compareNames) {
		all = append(all, name.String())
	}
	return all
}

func TestDecideOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := Inputs{Now: start}
		for i := range 3 {
			name := fmt.Sprint("k", i)
			in.Classes = append(in.Classes, ingressClass(name, release(name)))
		}
		class := rapid.IntRange(0, 2)
		for i := range rapid.IntRange(1, 6).Draw(t, "certificates") {
			in.Certificates = append(in.Certificates, cert("ns", fmt.Sprint("c", i), fmt.Sprint("k", class.Draw(t, "class"))))
		}
		for i := range rapid.IntRange(0, 6).Draw(t, "pods") {
			serves := labelled(release(fmt.Sprint("k", class.Draw(t, "serves"))))
			if rapid.IntRange(0, 5).Draw(t, "runs") == 0 {
				in.Pods = append(in.Pods, up("ns", fmt.Sprint("p", i), serves))
				continue
			}
			secret := fmt.Sprintf("c%d-tls", rapid.IntRange(0, 6).Draw(t, "awaits"))
			in.Pods = append(in.Pods, held([]string{secret}, "ns", fmt.Sprint("p", i), serves))
		}
		want := Decide(&in)
		shuffled := Inputs{
			Now: start, Classes: rapid.Permutation(in.Classes).Draw(t, "classes"),
			Certificates: rapid.Permutation(in.Certificates).Draw(t, "order of certificates"),
			Pods:         rapid.Permutation(in.Pods).Draw(t, "order of pods"),
		}
		if diff := cmp.Diff(want, Decide(&shuffled)); diff != "" {
			t.Errorf("another order gives another result (-want, +got):\n%s", diff)
		}
		if (len(want.Certificates) == 0) != (len(want.Pods) == 0) {
			t.Errorf("only one side is told: %v", want)
		}
	})
}
