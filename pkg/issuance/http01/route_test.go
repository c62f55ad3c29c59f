// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// discovery serves HTTPRoutes while it is true.
type discovery struct {
	serves bool
	err    error
	asked  int
}

func (d *discovery) ServerResourcesForGroupVersion(gv string) (*metav1.APIResourceList, error) {
	d.asked++
	if d.err != nil {
		return nil, d.err
	}
	if !d.serves || gv != "gateway.networking.k8s.io/v1" {
		return nil, apierrors.NewNotFound(schema.GroupResource{}, gv)
	}
	return &metav1.APIResourceList{APIResources: []metav1.APIResource{{Kind: "Gateway"}, {Kind: "HTTPRoute"}}}, nil
}

func withGateway(o *Objects) *discovery {
	d := &discovery{serves: true}
	o.Gateway = NewGatewayAPI(d, clocktesting.NewFakePassiveClock(start))
	return d
}

func gatewaySolver(parents ...v1alpha1.GatewayReference) *v1alpha1.HTTP01Solver {
	return &v1alpha1.HTTP01Solver{GatewayHTTPRoute: &v1alpha1.HTTP01GatewaySolver{ParentRefs: parents}}
}

func listRoutes(t *testing.T, c client.Client) []unstructured.Unstructured {
	t.Helper()
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(routeKind.GroupVersion().WithKind("HTTPRouteList"))
	if err := c.List(t.Context(), list); err != nil && !apimeta.IsNoMatchError(err) {
		t.Fatal(err)
	}
	return list.Items
}

func TestRoute(t *testing.T) {
	o, c := newObjects()
	withGateway(o)
	solver := gatewaySolver(v1alpha1.GatewayReference{Name: "front"}, v1alpha1.GatewayReference{Name: "other", Namespace: "infra", SectionName: "http"})
	for range 2 {
		present(t, o, Challenge{Host: "www.example.com", Token: "t1", Solver: solver}, Challenge{Host: "api.example.com", Token: "t2", Solver: solver})
	}
	routes := listRoutes(t, c)
	if len(routes) != 1 {
		t.Fatalf("%d HTTPRoutes, want 1", len(routes))
	}
	r := routes[0]
	if !metav1.IsControlledBy(&r, cert()) || r.GetLabels()[v1alpha1.IssuanceLabel] != "u1" || r.GetResourceVersion() != "1" {
		t.Errorf("metadata %v", r.Object["metadata"])
	}
	got, err := json.Marshal(r.Object["spec"])
	if err != nil {
		t.Fatal(err)
	}
	backend := `"backendRefs":[{"group":"","kind":"Service","name":"` + Name(cert()) + `","port":80,"weight":1}]`
	want := `{"hostnames":["api.example.com","www.example.com"],` +
		`"parentRefs":[{"group":"gateway.networking.k8s.io","kind":"Gateway","name":"front","namespace":"shop"},` +
		`{"group":"gateway.networking.k8s.io","kind":"Gateway","name":"other","namespace":"infra","sectionName":"http"}],` +
		`"rules":[{` + backend + `,"matches":[{"path":{"type":"Exact","value":"/.well-known/acme-challenge/t2"}}]},` +
		`{` + backend + `,"matches":[{"path":{"type":"Exact","value":"/.well-known/acme-challenge/t1"}}]}]}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("spec (-want, +got):\n%s", diff)
	}
	wantWritten(t, c, "service SingleStack [IPv4] v1", "slice IPv4 [10.0.0.7] 8089 v1") // no Ingress
	if err := o.Remove(t.Context(), cert()); err != nil {
		t.Fatal(err)
	}
	if routes := listRoutes(t, c); len(routes) > 0 {
		t.Errorf("left: %v", routes)
	}
	wantWritten(t, c)
}

// TestRoutesAreSmallEnough: the API allows 16 hostnames and 16 rules. Addresses are in routes without hostnames.
func TestRoutesAreSmallEnough(t *testing.T) {
	var challenges []Challenge
	for i := range 33 {
		challenges = append(challenges, Challenge{Host: fmt.Sprintf("h%02d.example.com", i), Token: fmt.Sprint("h", i)})
	}
	for i := range 17 {
		challenges = append(challenges, Challenge{Host: fmt.Sprintf("192.0.2.%d", i), Token: fmt.Sprint("a", i)})
	}
	var got []string
	names := map[string]bool{}
	for _, r := range httpRoutes(meta(cert()), []v1alpha1.GatewayReference{{Name: "front"}}, challenges) {
		hosts, _, _ := unstructured.NestedSlice(r.Object, "spec", "hostnames")
		rules, _, _ := unstructured.NestedSlice(r.Object, "spec", "rules")
		got = append(got, fmt.Sprintf("%d hostnames %d rules", len(hosts), len(rules)))
		names[r.GetName()] = true
	}
	want := []string{"16 hostnames 16 rules", "16 hostnames 16 rules", "1 hostnames 1 rules", "0 hostnames 16 rules", "0 hostnames 1 rules"}
	if diff := cmp.Diff(want, got); diff != "" || len(names) != len(want) {
		t.Errorf("%d names, routes (-want, +got):\n%s", len(names), diff)
	}
}

func TestSolverChangesInMidOrder(t *testing.T) {
	o, c := newObjects()
	withGateway(o)
	front := gatewaySolver(v1alpha1.GatewayReference{Name: "front"})
	state := func() string {
		var ingresses networkingv1.IngressList
		if err := c.List(t.Context(), &ingresses); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%d Ingresses, %d HTTPRoutes", len(ingresses.Items), len(listRoutes(t, c)))
	}
	for _, tt := range []struct {
		first, second *v1alpha1.HTTP01Solver
		want          string
	}{
		{nil, nil, "1 Ingresses, 0 HTTPRoutes"},
		{front, front, "0 Ingresses, 1 HTTPRoutes"},
		{front, nil, "1 Ingresses, 1 HTTPRoutes"},
		{front, gatewaySolver(v1alpha1.GatewayReference{Name: "other"}), "0 Ingresses, 2 HTTPRoutes"},
		{classSolver("a"), classSolver("b"), "2 Ingresses, 0 HTTPRoutes"},
	} {
		present(t, o, Challenge{Host: "a.example.com", Token: "a", Solver: tt.first}, Challenge{Host: "b.example.com", Token: "b", Solver: tt.second})
		if got := state(); got != tt.want {
			t.Errorf("%v and %v: %s, want %s", tt.first, tt.second, got, tt.want)
		}
	}
	present(t, o, Challenge{Host: "a.example.com", Token: "a", Solver: front}, Challenge{Host: "b.example.com", Token: "b"})
	if err := o.Remove(t.Context(), cert()); err != nil {
		t.Fatal(err)
	}
	if got := state(); got != "0 Ingresses, 0 HTTPRoutes" {
		t.Errorf("left: %s", got)
	}
}

// TestDefaultsOfTheAPI: a route is not written again for what the API adds, and is for what somebody changes.
func TestDefaultsOfTheAPI(t *testing.T) {
	o, c := newObjects()
	withGateway(o)
	challenge := Challenge{Host: "www.example.com", Token: "t", Solver: gatewaySolver(v1alpha1.GatewayReference{Name: "front"})}
	present(t, o, challenge)
	r := listRoutes(t, c)[0]
	r.Object["spec"].(map[string]any)["rules"].([]any)[0].(map[string]any)["added"] = "x"
	if err := c.Update(t.Context(), &r); err != nil {
		t.Fatal(err)
	}
	present(t, o, challenge)
	if got := listRoutes(t, c)[0].GetResourceVersion(); got != "2" {
		t.Errorf("version %s, want 2", got)
	}
	r.Object["spec"].(map[string]any)["hostnames"] = []any{"evil.example.com"}
	if err := c.Update(t.Context(), &r); err != nil {
		t.Fatal(err)
	}
	present(t, o, challenge)
	r = listRoutes(t, c)[0]
	if hosts, _, _ := unstructured.NestedStringSlice(r.Object, "spec", "hostnames"); !slices.Equal(hosts, []string{"www.example.com"}) {
		t.Errorf("hostnames %v", hosts)
	}
}

func TestWithoutGatewayAPI(t *testing.T) {
	o, c := newObjects()
	d := withGateway(o)
	d.serves = false
	solver := gatewaySolver(v1alpha1.GatewayReference{Name: "front"})
	for _, gateway := range []*GatewayAPI{o.Gateway, nil} {
		o.Gateway = gateway
		err := o.Present(t.Context(), cert(), []Challenge{{Host: "b.example.com", Token: "b"}, {Host: "a.example.com", Token: "t", Solver: solver}})
		if !errors.Is(err, ErrNoGatewayAPI) || !strings.Contains(err.Error(), "install the Gateway API") {
			t.Errorf("Present: %v", err)
		}
		if err := o.CheckSolver(solver); !errors.Is(err, ErrNoGatewayAPI) {
			t.Errorf("CheckSolver: %v", err)
		}
		if err := o.CheckSolver(nil); err != nil {
			t.Errorf("CheckSolver of the default: %v", err)
		}
		if err := o.Remove(t.Context(), cert()); err != nil {
			t.Errorf("Remove: %v", err)
		}
	}
	wantWritten(t, c)
}

// TestGatewayAPIThatMayNotBeUsed: neither a missing right nor a CRD that has just gone is in the way of an Ingress.
func TestGatewayAPIThatMayNotBeUsed(t *testing.T) {
	for _, listError := range []error{
		apierrors.NewForbidden(schema.GroupResource{Resource: "httproutes"}, "", errors.New("no")),
		&apimeta.NoKindMatchError{GroupKind: routeKind.GroupKind()},
		apierrors.NewNotFound(schema.GroupResource{Resource: "httproutes"}, ""),
	} {
		o, c := newObjects()
		withGateway(o)
		o.Reader = interceptor.NewClient(c, interceptor.Funcs{
			List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
				if _, ok := list.(*unstructured.UnstructuredList); ok {
					return listError
				}
				return c.List(ctx, list, opts...)
			},
		})
		present(t, o, Challenge{Host: "www.example.com", Token: "t"})
		if err := o.Remove(t.Context(), cert()); err != nil {
			t.Errorf("Remove with %v: %v", listError, err)
		}
		solver := gatewaySolver(v1alpha1.GatewayReference{Name: "front"})
		if err := o.Present(t.Context(), cert(), []Challenge{{Host: "www.example.com", Token: "t", Solver: solver}}); err == nil {
			t.Errorf("Present over a Gateway with %v: no error", listError)
		}
	}
}

func TestDiscoveryIsAskedRarely(t *testing.T) {
	clk := clocktesting.NewFakePassiveClock(start)
	d := &discovery{err: errors.New("down")}
	g := NewGatewayAPI(d, clk)
	for i, step := range []struct {
		after     time.Duration
		err       error
		serves    bool
		want      bool
		wantError bool
		wantAsked int
	}{
		{0, errors.New("down"), false, false, true, 1},
		{0, nil, false, false, false, 2},
		{59 * time.Second, nil, true, false, false, 2},
		{time.Second, nil, true, true, false, 3},
		{59 * time.Second, errors.New("down"), true, true, false, 3},
		{time.Second, errors.New("down"), true, false, true, 4},
		{0, nil, false, false, false, 5},
	} {
		clk.SetTime(clk.Now().Add(step.after))
		d.err, d.serves = step.err, step.serves
		got, err := g.Served()
		if got != step.want || (err != nil) != step.wantError || d.asked != step.wantAsked {
			t.Errorf("step %d: %t %v, asked %d times; want %t, %t, %d", i, got, err, d.asked, step.want, step.wantError, step.wantAsked)
		}
	}
}
