// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// sharing is a controller whose Keeper runs, one step at a time.
type sharing struct {
	*testing.T
	*Objects
	c      client.WithWatch
	clk    *clocktesting.FakeClock
	orders orders
	writes int
	woken  []string
	// refuses is asked about each Ingress that is written.
	refuses func(*networkingv1.Ingress) error
}

func newSharing(t *testing.T, objects ...client.Object) *sharing {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	s := &sharing{T: t, clk: clocktesting.NewFakeClock(start), orders: orders{}}
	write := func(obj client.Object) error {
		switch i := obj.(type) {
		case *v1alpha1.TLSCertificate:
			return nil // written by the test
		case *networkingv1.Ingress:
			if s.refuses != nil {
				return s.refuses(i)
			}
		}
		s.writes++
		return nil
	}
	s.c = fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).WithInterceptorFuncs(interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.CreateOption) error {
			if err := write(obj); err != nil {
				return err
			}
			return c.Create(ctx, obj, opts...)
		},
		Update: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.UpdateOption) error {
			if err := write(obj); err != nil {
				return err
			}
			return c.Update(ctx, obj, opts...)
		},
		Delete: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.DeleteOption) error {
			s.writes++
			return c.Delete(ctx, obj, opts...)
		},
	}).Build()
	s.start()
	return s
}

// start is a new process.
func (s *sharing) start() {
	s.Objects = &Objects{Reader: s.c, Writer: s.c, AdvertiseAddress: "10.0.0.7", Port: func() int32 { return 8089 }}
	s.batch.turn(true, s.orders, s.clk)
	s.OnPresented(func(namespace, name string) { s.woken = append(s.woken, namespace+"/"+name) })
}

// certOf is a TLSCertificate that exists and has an issuance Secret.
func (s *sharing) certOf(name string) *v1alpha1.TLSCertificate {
	s.Helper()
	c := &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID("uid-" + name)}}
	if err := s.c.Create(s.Context(), c.DeepCopy()); client.IgnoreAlreadyExists(err) != nil {
		s.Fatal(err)
	}
	s.orders[c.UID] = true
	return c
}

// want asks for the challenge of a name, whose token is that of its UID.
func (s *sharing) want(name string, want error) {
	s.Helper()
	c := s.certOf(name)
	if err := s.Present(s.Context(), c, []Challenge{{Host: name + ".example.com", Token: string(c.UID)}}); !errors.Is(err, want) {
		s.Errorf("presenting %s: %v, want %v", name, err, want)
	}
}

func (s *sharing) ended(name string) {
	s.Helper()
	c := s.certOf(name)
	delete(s.orders, c.UID)
	if err := s.Remove(s.Context(), c); err != nil {
		s.Fatal(err)
	}
}

// flushed passes time and writes what is due.
func (s *sharing) flushed(d time.Duration) {
	s.clk.Step(d)
	s.flushDue(s.Context(), s.clk.Now())
}

// there says which names are led here, by Ingress, and what else there is.
func (s *sharing) there(want ...string) {
	s.Helper()
	var ingresses networkingv1.IngressList
	var services corev1.ServiceList
	var endpoints discoveryv1.EndpointSliceList
	for _, list := range []client.ObjectList{&ingresses, &services, &endpoints} {
		if err := s.c.List(s.Context(), list); err != nil {
			s.Fatal(err)
		}
	}
	var got []string
	for _, i := range ingresses.Items {
		var hosts []string
		for _, r := range i.Spec.Rules {
			hosts = append(hosts, strings.TrimSuffix(r.Host, ".example.com"))
		}
		got = append(got, i.OwnerReferences[0].Name+": "+strings.Join(hosts, " "))
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		s.Errorf("Ingresses (-want, +got):\n%s", diff)
	}
	if len(services.Items) != len(want) || len(endpoints.Items) != len(want) {
		s.Errorf("%d Services and %d EndpointSlices beside %d Ingresses", len(services.Items), len(endpoints.Items), len(want))
	}
}

func TestChallengesShareObjects(t *testing.T) {
	s := newSharing(t)
	names := []string{"a", "b", "c", "d"}
	s.want("a", ErrNotYet)
	s.want("b", ErrNotYet)
	before := s.writes
	s.flushed(0)
	s.there("a: a b")
	if s.writes-before != 3 || !slices.Equal(s.woken, []string{"shop/a", "shop/b"}) {
		t.Errorf("%d writes, want 3; woken %v", s.writes-before, s.woken)
	}
	s.want("a", nil)
	// More come, and others end: they are collected.
	for _, name := range names {
		s.certOf(name)
	}
	before = s.writes
	s.want("c", ErrNotYet)
	s.flushed(time.Second)
	s.want("d", ErrNotYet)
	s.ended("a")
	s.flushed(500 * time.Millisecond)
	s.there("a: a b")
	s.flushed(500 * time.Millisecond)
	s.there("a: b c d")
	s.want("d", nil)
	if s.writes-before != 1 {
		t.Errorf("%d writes for two that came and one that ended, want 1", s.writes-before)
	}
	// Nothing changes: nothing is written.
	s.flushed(time.Hour)
	if s.writes-before != 1 {
		t.Errorf("%d writes for nothing", s.writes-before-1)
	}
	for _, name := range names {
		s.ended(name)
	}
	s.flushed(together)
	s.there()
	if len(s.batch.groups) != 0 {
		t.Errorf("%d groups are kept", len(s.batch.groups))
	}
}

// TestWhatLeadsHereIsRepaired: whoever still waits for the answers to be seen has what leads to them looked at again.
func TestWhatLeadsHereIsRepaired(t *testing.T) {
	s := newSharing(t)
	s.want("a", ErrNotYet)
	s.flushed(0)
	var ingresses networkingv1.IngressList
	if err := s.c.List(t.Context(), &ingresses); err != nil || len(ingresses.Items) != 1 {
		t.Fatal(len(ingresses.Items), err)
	}
	if err := s.c.Delete(t.Context(), &ingresses.Items[0]); err != nil {
		t.Fatal(err)
	}
	s.want("a", nil)
	s.flushed(heartbeat)
	if err := s.c.List(t.Context(), &ingresses); err != nil || len(ingresses.Items) != 0 {
		t.Errorf("%d Ingresses although nobody asked again, %v", len(ingresses.Items), err)
	}
	s.want("a", nil)
	s.flushed(0)
	s.there("a: a")
}

// TestNamespacesDoNotShare: a Service is of one namespace.
func TestNamespacesDoNotShare(t *testing.T) {
	s := newSharing(t)
	s.want("a", ErrNotYet)
	other := s.certOf("a").DeepCopy()
	other.Namespace, other.UID = "bank", "uid-bank"
	if err := s.Present(t.Context(), other, []Challenge{{Host: "bank.example.com", Token: "x"}}); !errors.Is(err, ErrNotYet) {
		t.Fatal(err)
	}
	s.flushed(begun)
	s.there("a: a", "a: bank")
}

// TestTogetherRefused: an admission webhook that refuses one name is not in the way of the others.
func TestTogetherRefused(t *testing.T) {
	s := newSharing(t)
	s.refuses = func(i *networkingv1.Ingress) error {
		for _, r := range i.Spec.Rules {
			if r.Host == "bad.example.com" {
				return apierrors.NewForbidden(schema.GroupResource{Resource: "ingresses"}, i.Name, errors.New("bad is not yours"))
			}
		}
		return nil
	}
	s.want("good", ErrNotYet)
	s.flushed(0)
	s.want("bad", ErrNotYet)
	s.flushed(together)
	s.flushed(together)
	s.want("good", nil)
	s.flushed(2 * heartbeat)
	c := s.certOf("bad")
	err := s.Present(t.Context(), c, []Challenge{{Host: "bad.example.com", Token: string(c.UID)}})
	if err == nil || !strings.Contains(err.Error(), "bad is not yours") {
		t.Errorf("presenting what is refused: %v", err)
	}
	s.want("good", nil)
	s.ended("bad")
	s.flushed(2 * heartbeat)
	s.there("good: good")
}

// TestCarrierIsDeleted: the garbage collector would remove the objects of the others.
func TestCarrierIsDeleted(t *testing.T) {
	s := newSharing(t)
	s.want("a", ErrNotYet)
	s.want("b", ErrNotYet)
	s.flushed(0)
	if err := s.c.Delete(t.Context(), s.certOf("a")); err != nil {
		t.Fatal(err)
	}
	s.want("b", nil)
	c := &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "c", UID: "uid-c"}}
	if err := s.Present(t.Context(), c, []Challenge{{Host: "c.example.com", Token: "c"}}); !errors.Is(err, ErrNotYet) {
		t.Fatal(err)
	}
	s.flushed(together)
	s.flushed(2 * heartbeat)
	s.there("b: b c")
}

// TestDeletedCertificatesAreForgotten: nobody takes their wishes back.
func TestDeletedCertificatesAreForgotten(t *testing.T) {
	s := newSharing(t)
	s.want("a", ErrNotYet)
	s.want("b", ErrNotYet)
	s.flushed(0)
	delete(s.orders, "uid-b")
	for range 3 {
		s.batch.prune()
		s.flushed(forgotten)
	}
	s.there("a: a")
}

func TestTooManyWait(t *testing.T) {
	s := newSharing(t)
	c := s.certOf("many")
	var many []Challenge
	for i := range maxShared {
		many = append(many, Challenge{Host: fmt.Sprintf("h%d.example.com", i), Token: fmt.Sprint("t", i)})
	}
	if err := s.Present(t.Context(), c, many); !errors.Is(err, ErrNotYet) {
		t.Fatal(err)
	}
	s.clk.Step(time.Millisecond)
	s.want("late", ErrNotYet)
	s.flushed(0)
	s.flushed(together)
	s.want("late", ErrNotYet)
	s.ended("many")
	s.flushed(together)
	s.want("late", nil)
	s.there("many: late")
}

func TestFailureIsToldAndRepeated(t *testing.T) {
	s := newSharing(t)
	s.want("a", ErrNotYet)
	s.flushed(0)
	down := errors.New("down")
	s.refuses = func(*networkingv1.Ingress) error { return down }
	s.want("b", ErrNotYet)
	s.woken = nil
	s.flushed(together)
	if !slices.Contains(s.woken, "shop/b") {
		t.Errorf("woken %v, want shop/b to be told", s.woken)
	}
	s.want("b", down)
	s.refuses = nil
	s.want("b", ErrNotYet)
	s.flushed(heartbeat)
	s.want("b", nil)
	s.there("a: a b")
}
