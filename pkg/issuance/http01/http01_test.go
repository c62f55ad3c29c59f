// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/cache"

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
	if !store.Pending("u1") || store.Pending("u2") || store.Pending("") {
		t.Error("Pending does not tell u1 from others")
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
		{http.MethodGet, pathPrefix + "tok/", 404, ""},
		{http.MethodGet, pathPrefix + "%74ok", 404, ""},
		{http.MethodGet, pathPrefix + "tok%00", 404, ""},
		{http.MethodGet, pathPrefix + "tok?a=b", 200, "tok.thumb"},
		{http.MethodGet, "/x" + pathPrefix + "tok", 404, ""},
		{http.MethodGet, strings.ToUpper(pathPrefix) + "tok", 404, ""},
		{http.MethodDelete, pathPrefix + "tok", 404, ""},
		{http.MethodOptions, pathPrefix + "tok", 404, ""},
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
	if s.Serves("tok") || s.Port() != 0 {
		t.Error("Serves before Start")
	}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- s.Start(ctx) }()
	for deadline := time.Now().Add(time.Minute); !s.Serves("tok"); time.Sleep(time.Millisecond) {
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
	if s.Port() != 0 {
		t.Error("Port is not 0 after the end")
	}
	if s.Serves("tok") {
		t.Error("Serves after the end")
	}
}

type fixed struct{}

func (fixed) KeyAuthorization(token string) (string, bool) { return token + ".thumb", true }
