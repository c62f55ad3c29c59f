// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// replicas are the others that answer, as text: addresses and a port each.
type replicas []Replica

func (r *replicas) Live(context.Context) ([]Replica, error) { return *r, nil }

func replica(t *testing.T, addresses string, port int32) Replica {
	t.Helper()
	addrs, err := ParseAddresses(addresses)
	if err != nil {
		t.Fatal(err)
	}
	return Replica{Addresses: addrs, Port: port}
}

// newObjects are those of a controller at 10.0.0.7, port 8089.
func newObjects(objects ...client.Object) (*Objects, client.WithWatch) {
	c := fake.NewClientBuilder().WithObjects(objects...).Build()
	return &Objects{Reader: c, Writer: c, AdvertiseAddress: "10.0.0.7", Port: func() int32 { return 8089 }}, c
}

// written says what there is, in a few words each.
func written(t *testing.T, c client.Client) []string {
	t.Helper()
	var all []string
	add := func(o client.Object, format string, args ...any) {
		if !metav1.IsControlledBy(o, cert()) || o.GetLabels()[v1alpha1.IssuanceLabel] != "u1" || o.GetLabels()[v1alpha1.ManagedLabel] != "true" {
			t.Errorf("%T %s does not say whose it is: %v %v", o, o.GetName(), o.GetLabels(), o.GetOwnerReferences())
		}
		all = append(all, fmt.Sprintf(format, args...)+" v"+o.GetResourceVersion())
	}
	var services corev1.ServiceList
	var endpoints discoveryv1.EndpointSliceList
	var ingresses networkingv1.IngressList
	for _, list := range []client.ObjectList{&services, &endpoints, &ingresses} {
		if err := c.List(t.Context(), list); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range services.Items {
		add(&s, "service %s %v", *s.Spec.IPFamilyPolicy, s.Spec.IPFamilies)
		if len(s.Spec.Selector) > 0 || s.Spec.Ports[0].Port != 80 || s.Name != Name(cert()) {
			t.Errorf("service %s %+v", s.Name, s.Spec)
		}
	}
	for _, s := range endpoints.Items {
		var addresses []string
		for _, e := range s.Endpoints {
			addresses = append(addresses, e.Addresses...)
		}
		add(&s, "slice %s %v %d", s.AddressType, addresses, *s.Ports[0].Port)
		if s.Labels[discoveryv1.LabelServiceName] != Name(cert()) {
			t.Errorf("slice labels %v", s.Labels)
		}
	}
	for _, i := range ingresses.Items {
		var rules []string
		for _, r := range i.Spec.Rules {
			p := r.HTTP.Paths[0]
			rules = append(rules, r.Host+strings.TrimPrefix(p.Path, "/.well-known/acme-challenge"))
			if *p.PathType != networkingv1.PathTypeExact || p.Backend.Service.Name != Name(cert()) {
				t.Errorf("rule %+v", p)
			}
		}
		add(&i, "ingress %q %v", ptr.Deref(i.Spec.IngressClassName, ""), rules)
	}
	slices.Sort(all)
	return all
}

func wantWritten(t *testing.T, c client.Client, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, written(t, c)); diff != "" {
		t.Errorf("objects (-want, +got):\n%s", diff)
	}
}

func present(t *testing.T, o *Objects, challenges ...Challenge) {
	t.Helper()
	if err := o.Present(t.Context(), cert(), challenges); err != nil {
		t.Fatal(err)
	}
}

func classSolver(class string) *v1alpha1.HTTP01Solver {
	return &v1alpha1.HTTP01Solver{Ingress: &v1alpha1.HTTP01IngressSolver{IngressClassName: &class}}
}

func TestObjects(t *testing.T) {
	o, c := newObjects()
	nginx := classSolver("nginx")
	for range 2 { // twice: the second changes nothing
		present(t, o, Challenge{Host: "www.example.com", Token: "t1", Solver: nginx}, Challenge{Host: "192.0.2.7", Token: "t2", Solver: nginx})
	}
	wantWritten(t, c,
		`ingress "nginx" [/t2 www.example.com/t1] v1`,
		"service SingleStack [IPv4] v1",
		"slice IPv4 [10.0.0.7] 8089 v1")
	for range 2 {
		if err := o.Remove(t.Context(), cert()); err != nil {
			t.Fatal(err)
		}
	}
	wantWritten(t, c)
}

func TestSolversOfOneOrder(t *testing.T) {
	o, c := newObjects()
	a, b := Challenge{Host: "a.example.com", Token: "a", Solver: classSolver("inside")}, Challenge{Host: "b.example.com", Token: "b"}
	d := Challenge{Host: "c.example.com", Token: "c", Solver: classSolver("inside")}
	present(t, o, d, b, a)
	const service, slice = "service SingleStack [IPv4] v1", "slice IPv4 [10.0.0.7] 8089 v1"
	wantWritten(t, c, `ingress "" [b.example.com/b] v1`, `ingress "inside" [a.example.com/a c.example.com/c] v1`, service, slice)
	present(t, o, a, d, b)
	wantWritten(t, c, `ingress "" [b.example.com/b] v1`, `ingress "inside" [a.example.com/a c.example.com/c] v1`, service, slice)
	b.Solver = classSolver("outside") // the issuer is edited, and one name is validated
	present(t, o, a, b)
	wantWritten(t, c, `ingress "inside" [a.example.com/a] v2`, `ingress "outside" [b.example.com/b] v1`, service, slice)
}

// TestDefaultIngressClassIsKept: the API server fills the default class in when an Ingress is created, and only then.
func TestDefaultIngressClassIsKept(t *testing.T) {
	o, c := newObjects()
	for _, token := range []string{"t1", "t1", "t2"} {
		present(t, o, Challenge{Host: "www.example.com", Token: token})
		var list networkingv1.IngressList
		if err := c.List(t.Context(), &list); err != nil {
			t.Fatal(err)
		}
		if list.Items[0].ResourceVersion == "1" {
			list.Items[0].Spec.IngressClassName = ptr.To("default")
			if err := c.Update(t.Context(), &list.Items[0]); err != nil {
				t.Fatal(err)
			}
		}
	}
	wantWritten(t, c, `ingress "default" [www.example.com/t2] v3`, "service SingleStack [IPv4] v1", "slice IPv4 [10.0.0.7] 8089 v1")
}

func TestAllReplicasAreInTheSlices(t *testing.T) {
	o, c := newObjects()
	others := replicas{}
	o.Replicas = &others
	challenge := Challenge{Host: "www.example.com", Token: "t"}
	for _, tt := range []struct {
		name   string
		own    string
		others []Replica
		want   []string
	}{
		{"itself among the others", "10.0.0.7", []Replica{replica(t, "10.0.0.9", 8089), replica(t, "10.0.0.7", 8089), replica(t, "10.0.0.8", 8089)},
			[]string{"service SingleStack [IPv4]", "slice IPv4 [10.0.0.7 10.0.0.8 10.0.0.9] 8089"}},
		{"another port", "10.0.0.7", []Replica{replica(t, "10.0.0.8", 8090)},
			[]string{"service SingleStack [IPv4]", "slice IPv4 [10.0.0.7] 8089"}},
		{"both families", "10.0.0.7,2001:db8::7", []Replica{replica(t, "2001:db8::8,10.0.0.8", 8089)},
			[]string{"service PreferDualStack [IPv4]", "slice IPv4 [10.0.0.7 10.0.0.8] 8089", "slice IPv6 [2001:db8::7 2001:db8::8] 8089"}},
		{"a family each", "2001:db8::7", []Replica{replica(t, "10.0.0.8", 8089)},
			[]string{"service PreferDualStack [IPv4]", "slice IPv4 [10.0.0.8] 8089", "slice IPv6 [2001:db8::7] 8089"}},
		{"IPv6 alone", "2001:db8::7", nil,
			[]string{"service SingleStack [IPv6]", "slice IPv6 [2001:db8::7] 8089"}},
		{"IPv4 again", "10.0.0.7", nil,
			[]string{"service SingleStack [IPv4]", "slice IPv4 [10.0.0.7] 8089"}},
	} {
		o.AdvertiseAddress, others = tt.own, tt.others
		present(t, o, challenge)
		var got []string
		for _, text := range written(t, c)[1:] {
			got = append(got, text[:strings.LastIndex(text, " v")])
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", tt.name, diff)
		}
	}
}

// TestSecondFamilyOfTheServiceIsKept: the API server adds it where the cluster has both.
func TestSecondFamilyOfTheServiceIsKept(t *testing.T) {
	o, c := newObjects()
	o.AdvertiseAddress = "10.0.0.7,2001:db8::7"
	challenge := Challenge{Host: "www.example.com", Token: "t"}
	present(t, o, challenge)
	var s corev1.Service
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: "shop", Name: Name(cert())}, &s); err != nil {
		t.Fatal(err)
	}
	for _, families := range [][]corev1.IPFamily{{corev1.IPv4Protocol, corev1.IPv6Protocol}, {corev1.IPv6Protocol, corev1.IPv4Protocol}} {
		s.Spec.IPFamilies = families
		if err := c.Update(t.Context(), &s); err != nil {
			t.Fatal(err)
		}
		version := s.ResourceVersion
		present(t, o, challenge)
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(&s), &s); err != nil || s.ResourceVersion != version {
			t.Errorf("the Service with families %v was written: %v %v", families, s.Spec, err)
		}
	}
}

func TestObjectsOfOthersAreLeftAlone(t *testing.T) {
	m := meta(cert())
	theirs := *m.DeepCopy()
	theirs.OwnerReferences[0].UID, theirs.Labels = "u2", nil
	named := theirs.DeepCopy()
	named.Name = ingress(m, nil, nil).Name
	labelled := *m.DeepCopy()
	labelled.Name, labelled.OwnerReferences = "labelled", nil
	for _, obj := range []client.Object{
		&corev1.Service{ObjectMeta: theirs}, &discoveryv1.EndpointSlice{ObjectMeta: theirs}, &networkingv1.Ingress{ObjectMeta: *named},
	} {
		o, c := newObjects(obj)
		err := o.Present(t.Context(), cert(), []Challenge{{Host: "www.example.com", Token: "t"}})
		if err == nil || !strings.Contains(err.Error(), "belongs to somebody else; delete it") || !strings.Contains(err.Error(), obj.GetName()) {
			t.Errorf("over another's %T: %v", obj, err)
		}
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(obj), obj); err != nil || obj.GetResourceVersion() != "999" {
			t.Errorf("%T was written: %v", obj, err)
		}
	}
	stays := &networkingv1.Ingress{ObjectMeta: labelled}
	o, c := newObjects(stays)
	present(t, o, Challenge{Host: "www.example.com", Token: "t"})
	if err := o.Remove(t.Context(), cert()); err != nil {
		t.Fatal(err)
	}
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(stays), stays); err != nil {
		t.Errorf("an Ingress with our label and no owner is gone: %v", err)
	}
}

func TestNothingIsWrittenBeforeTheListener(t *testing.T) {
	o, c := newObjects()
	o.Port = func() int32 { return 0 }
	if err := o.Present(t.Context(), cert(), nil); err == nil || !strings.Contains(err.Error(), "does not listen yet") {
		t.Errorf("Present: %v", err)
	}
	wantWritten(t, c)
}
