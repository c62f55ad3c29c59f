// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package deadlock

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestMessages(t *testing.T) {
	in := Inputs{
		Classes:      []networkingv1.IngressClass{ingressClass("nginx", release("nginx"))},
		Certificates: []Certificate{cert("in", "default", "nginx"), cert("shop", "web", "nginx")},
		Pods: []Pod{
			held([]string{"default-tls"}, "in", "a", labelled(release("nginx"))),
			held([]string{"default-tls"}, "in", "b", args("--ingress-class=nginx")),
		},
	}
	why := `no pod that serves ingress class "nginx" is running, so the CA's http-01 requests are not answered: in/a and in/b are held ` +
		`until TLSCertificate in/default fills secret "in/default-tls" over http-01 with ingress class "nginx"; ` + advice
	want := Result{
		Certificates: map[types.NamespacedName]string{{Namespace: "in", Name: "default"}: why, {Namespace: "shop", Name: "web"}: why},
		Pods: map[types.NamespacedName]string{
			{Namespace: "in", Name: "a"}: `deadlock: this pod serves ingress class "nginx" (it has the labels of the IngressClass), none that does is running, ` +
				`and it is held until TLSCertificate in/default fills secret "in/default-tls" over http-01 with ingress class "nginx"; ` + advice,
			{Namespace: "in", Name: "b"}: `deadlock: this pod serves ingress class "nginx" (it has argument --ingress-class=nginx), none that does is running, ` +
				`and it is held until TLSCertificate in/default fills secret "in/default-tls" over http-01 with ingress class "nginx"; ` + advice,
		},
	}
	if diff := cmp.Diff(want, Decide(&in)); diff != "" {
		t.Errorf("messages (-want, +got):\n%s", diff)
	}
}

func TestMessageCountsTheRest(t *testing.T) {
	in := Inputs{Classes: []networkingv1.IngressClass{ingressClass("nginx", release("nginx"))}}
	for i := range 5 {
		name := fmt.Sprint("c", i)
		in.Certificates = append(in.Certificates, cert("in", name, "nginx"))
		in.Pods = append(in.Pods, held([]string{name + "-tls"}, "in", fmt.Sprint("p", i), labelled(release("nginx"))))
	}
	message := Decide(&in).Certificates[types.NamespacedName{Namespace: "in", Name: "c4"}]
	for _, part := range []string{"in/p0, in/p1, in/p2 and 2 more are held", "TLSCertificate in/c2", `ingress class "nginx" and 2 more`} {
		if !strings.Contains(message, part) {
			t.Errorf("message lacks %q: %s", part, message)
		}
	}
	if strings.Contains(message, "p3") || strings.Contains(message, "in/c3") {
		t.Errorf("message lists more than three: %s", message)
	}
}

func TestSolverMessage(t *testing.T) {
	p := held([]string{"web-tls"}, "shop", "solver", labelled(map[string]string{SolverLabel: "true"}), requires("web-tls"),
		args("--listen-port=8089", "--domain=www.example.com", "--token=TOKEN", "--key=TOKEN.THUMBPRINT"))
	message := Decide(&Inputs{Solvers: []Pod{p}, Now: start}).Pods[key(p.Pod)]
	for _, part := range []string{`for "www.example.com"`, `"shop/web-tls"`, "annotation tollgate.dev/require-tls from the solver's podTemplate"} {
		if !strings.Contains(message, part) {
			t.Errorf("message lacks %q: %s", part, message)
		}
	}
	if strings.Contains(message, "TOKEN") {
		t.Errorf("message shows the key authorization: %s", message)
	}
}

func TestNamingArgument(t *testing.T) {
	class := ingressClass("nginx", nil)
	for _, tc := range []struct {
		class string
		args  []string
		want  string
	}{
		{"nginx", []string{"--ingress-class=nginx"}, "--ingress-class=nginx"},
		{"nginx", []string{"-ingress-class", "nginx"}, "-ingress-class=nginx"},
		{"nginx", []string{"--ingress-class-name=nginx"}, "--ingress-class-name=nginx"},
		{"nginx", []string{"--ingress.class=nginx"}, "--ingress.class=nginx"},
		{"nginx", []string{"--providers.kubernetesIngress.ingressClass=nginx"}, "--providers.kubernetesIngress.ingressClass=nginx"},
		{"nginx", []string{"/controller", "--controller-class=example.com/nginx"}, "--controller-class=example.com/nginx"},
		{"nginx", []string{"--controller-class=example.com/other"}, ""},
		{"nginx", []string{"--ingress-class="}, ""},
		{"nginx", []string{"--ingress-class", "--nginx"}, ""},
		{"nginx", []string{"ingress-class=nginx"}, ""},
		{"nginx", []string{"--watch-ingress-without-class=true"}, ""},
		{"", []string{"--ingress-class="}, ""},
		{"", []string{"--watch-ingress-without-class"}, "--watch-ingress-without-class"},
		{"", []string{"--watch-ingress-without-class=false"}, ""},
	} {
		if got := namingArgument(tc.class, &class, newPod("in", "c", args(tc.args...))); got != tc.want {
			t.Errorf("class %q, arguments %q: got %q, want %q", tc.class, tc.args, got, tc.want)
		}
	}
}

func TestStableLabels(t *testing.T) {
	got := stableLabels(map[string]string{"app": "c", "pod-template-hash": "1", "helm.sh/chart": "c-1.2", "app.kubernetes.io/version": "1.2"})
	if diff := cmp.Diff(map[string]string{"app": "c"}, got); diff != "" {
		t.Errorf("(-want, +got):\n%s", diff)
	}
	got = stableLabels(release("c", "tier", "blue"))
	if diff := cmp.Diff(release("c"), got); diff != "" {
		t.Errorf("(-want, +got):\n%s", diff)
	}
}
