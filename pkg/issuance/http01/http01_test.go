// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	crfake "sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

func cert() *v1alpha1.TLSCertificate {
	return &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "u1"}}
}

func issuance() *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-iss", OwnerReferences: []metav1.OwnerReference{
			*metav1.NewControllerRef(cert(), v1alpha1.GroupVersion.WithKind("TLSCertificate")),
		}},
		Type: v1alpha1.IssuanceSecretType,
		Data: map[string][]byte{"tls.key": []byte("PRIVATE"), ChallengesKey: []byte(`{"tok":"tok.thumb","page":"<html>","html":"html.<b>"}`)},
	}
}

func TestStoreAndServer(t *testing.T) {
	other := issuance()
	other.Name, other.Type = "other", corev1.SecretTypeOpaque
	other.Data[ChallengesKey] = []byte(`{"no":"no.thumb"}`)
	store, err := NewStore(fake.NewClientset(issuance(), other))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = store.Start(ctx) }()
	defer func() { cancel(); <-done }()
	if !cache.WaitForCacheSync(ctx.Done(), store.informer.HasSynced) {
		t.Fatal("the store did not sync")
	}
	for _, obj := range store.informer.GetStore().List() {
		if strings.Contains(fmt.Sprintf("%+v", obj), "PRIVATE") {
			t.Errorf("the store keeps a key: %+v", obj)
		}
	}
	if !store.Running("shop", "web") || store.Running("shop", "api") || store.Running("bank", "web") {
		t.Error("Running does not tell shop/web from others")
	}
	web := httptest.NewServer(&Server{Answers: store})
	defer web.Close()
	for _, tt := range []struct {
		method, path string
		status       int
		body         string
	}{
		{http.MethodGet, pathPrefix + "tok", 200, "tok.thumb"},
		{http.MethodHead, pathPrefix + "tok", 200, ""},
		{http.MethodPost, pathPrefix + "tok", 404, ""},
		{http.MethodGet, pathPrefix + "no", 404, ""},
		{http.MethodGet, pathPrefix + "page", 404, ""},
		{http.MethodGet, pathPrefix + "html", 404, ""},
		{http.MethodGet, pathPrefix, 404, ""},
		{http.MethodGet, "/", 404, ""},
		{http.MethodGet, pathPrefix + "tok/../../secret", 404, ""},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, web.URL+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != tt.status || string(body) != tt.body {
			t.Errorf("%s %s = %d %q, want %d %q", tt.method, tt.path, resp.StatusCode, body, tt.status, tt.body)
		}
	}
}

func TestServerServesOnlyWhileItListens(t *testing.T) {
	s := &Server{Address: "127.0.0.1:0", Answers: fixed{}}
	if s.Serves("tok") {
		t.Error("Serves before Start")
	}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- s.Start(ctx) }()
	for deadline := time.Now().Add(5 * time.Second); !s.Serves("tok"); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the server does not listen")
		}
	}
	if s.Port() == 0 {
		t.Error("Port is 0 while the server listens")
	}
	cancel()
	if err := <-result; err != nil {
		t.Errorf("Start: %v", err)
	}
	if s.Serves("tok") {
		t.Error("Serves after the end")
	}
}

type fixed struct{}

func (fixed) KeyAuthorization(token string) (string, bool) { return token + ".thumb", true }

func TestObjects(t *testing.T) {
	c := crfake.NewClientBuilder().Build()
	o := &Objects{Reader: c, Writer: c, AdvertiseAddress: "10.0.0.7", Port: func() int32 { return 8089 }}
	challenges := []Challenge{{Host: "www.example.com", Token: "t1"}, {Host: "192.0.2.7", Token: "t2"}}
	for range 2 { // twice: the second changes nothing
		if err := o.Ensure(t.Context(), cert(), ptr.To("nginx"), challenges); err != nil {
			t.Fatal(err)
		}
	}
	key := client.ObjectKey{Namespace: "shop", Name: Name(cert())}
	service, slice, ingress := &corev1.Service{}, &discoveryv1.EndpointSlice{}, &networkingv1.Ingress{}
	for _, obj := range []client.Object{service, slice, ingress} {
		if err := c.Get(t.Context(), key, obj); err != nil {
			t.Fatal(err)
		}
		if !metav1.IsControlledBy(obj, cert()) {
			t.Errorf("%T is not owned by the TLSCertificate", obj)
		}
		if obj.GetResourceVersion() != "1" {
			t.Errorf("%T was written again without need", obj)
		}
	}
	if len(service.Spec.Selector) != 0 || slice.Labels[discoveryv1.LabelServiceName] != service.Name {
		t.Errorf("service %+v, slice labels %v", service.Spec, slice.Labels)
	}
	if slice.Endpoints[0].Addresses[0] != "10.0.0.7" || *slice.Ports[0].Port != 8089 {
		t.Errorf("slice = %+v", slice)
	}
	var got []string
	for _, r := range ingress.Spec.Rules {
		p := r.HTTP.Paths[0]
		got = append(got, fmt.Sprintf("%s%s %s", r.Host, p.Path, *p.PathType))
	}
	want := "/.well-known/acme-challenge/t2 Exact, www.example.com/.well-known/acme-challenge/t1 Exact"
	if strings.Join(got, ", ") != want || *ingress.Spec.IngressClassName != "nginx" {
		t.Errorf("ingress rules = %s, want %s", strings.Join(got, ", "), want)
	}
	stranger := cert()
	stranger.UID = "u2"
	service.OwnerReferences[0].UID = "u2"
	if err := c.Update(t.Context(), service); err != nil {
		t.Fatal(err)
	}
	if err := o.Ensure(t.Context(), cert(), nil, challenges); err == nil || !strings.Contains(err.Error(), "somebody else") {
		t.Errorf("Ensure over another's Service: %v", err)
	}
	for range 2 {
		if err := o.Remove(t.Context(), cert()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDefaultIngressClassIsKept: the API server fills the default class in when an Ingress is created, and only then.
func TestDefaultIngressClassIsKept(t *testing.T) {
	c := crfake.NewClientBuilder().Build()
	o := &Objects{Reader: c, Writer: c, AdvertiseAddress: "10.0.0.7", Port: func() int32 { return 8089 }}
	key := client.ObjectKey{Namespace: "shop", Name: Name(cert())}
	ingress := &networkingv1.Ingress{}
	for _, token := range []string{"t1", "t1", "t2"} {
		if err := o.Ensure(t.Context(), cert(), nil, []Challenge{{Host: "www.example.com", Token: token}}); err != nil {
			t.Fatal(err)
		}
		if err := c.Get(t.Context(), key, ingress); err != nil {
			t.Fatal(err)
		}
		if ingress.ResourceVersion == "1" {
			ingress.Spec.IngressClassName = ptr.To("default")
			if err := c.Update(t.Context(), ingress); err != nil {
				t.Fatal(err)
			}
		}
	}
	if class := ptr.Deref(ingress.Spec.IngressClassName, ""); class != "default" {
		t.Errorf("class = %q, want the default", class)
	}
	if p := ingress.Spec.Rules[0].HTTP.Paths[0].Path; p != pathPrefix+"t2" || ingress.ResourceVersion != "3" {
		t.Errorf("path %s at version %s, want t2 at 3: the second call changes nothing", p, ingress.ResourceVersion)
	}
}

func TestAdvertiseAddressIsChecked(t *testing.T) {
	for address, want := range map[string]string{
		"": "--http01-advertise-address", "127.0.0.1": "cannot be reached", "::1": "cannot be reached", "pod": "not an IP address", "0.0.0.0": "cannot be reached",
	} {
		err := (&Objects{AdvertiseAddress: address}).Check()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Check(%q): %v, want %q", address, err, want)
		}
	}
	if err := (&Objects{AdvertiseAddress: "10.0.0.7"}).Check(); err != nil {
		t.Error(errors.Unwrap(err), err)
	}
}
