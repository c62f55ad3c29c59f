// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

func TestEach(t *testing.T) {
	const n = 1000
	var calls [n]atomic.Int64
	var done atomic.Int64
	if err := each(t.Context(), n, &done, func(_ context.Context, i int) error { calls[i].Add(1); return nil }); err != nil {
		t.Fatal(err)
	}
	for i := range calls {
		if calls[i].Load() != 1 {
			t.Fatalf("%d was called %d times", i, calls[i].Load())
		}
	}
	if done.Load() != n {
		t.Errorf("%d counted, want %d", done.Load(), n)
	}
	broken := errors.New("broken")
	err := each(t.Context(), n, nil, func(_ context.Context, i int) error {
		if i == 5 {
			return broken
		}
		return nil
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want the error", err)
	}
}

func TestArrivals(t *testing.T) {
	w := &boundWatch{expected: map[types.NamespacedName]*arrivals{}}
	pods := newPods("x", 3, false)
	a := w.expect(pods[0], pods[1])
	begin := time.Unix(1000, 0)
	w.saw(keyOf(pods[2]), begin) // of no group
	w.saw(keyOf(pods[1]), begin.Add(time.Second))
	w.saw(keyOf(pods[1]), begin.Add(2*time.Second)) // seen again
	if a.count() != 1 {
		t.Fatalf("%d arrived, want 1", a.count())
	}
	w.saw(keyOf(pods[0]), begin.Add(4*time.Second))
	last, err := a.last(t.Context())
	if err != nil || perSecond(2, last, begin) != 0.5 {
		t.Errorf("last at %v, %v; want 2 pods in 4 s", last, err)
	}
}

func TestSecretsAreUsableAndOfRealSize(t *testing.T) {
	ca, err := newAuthority()
	if err != nil {
		t.Fatal(err)
	}
	for _, expired := range []bool{false, true} {
		secret, err := ca.secret("shop", "b", "web", 11, expired)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey]); err != nil {
			t.Error(err)
		}
		if size := len(secret.Data[corev1.TLSCertKey]) + len(secret.Data[corev1.TLSPrivateKeyKey]); size < 3000 || size > 5000 {
			t.Errorf("the Secret has %d bytes, want 3000 to 5000", size)
		}
		want := tlsready.Ready
		if expired {
			want = tlsready.Expired
		}
		declaration, err := declare.Parse(newPod("shop", "b", "web", "web"))
		if err != nil {
			t.Fatal(err)
		}
		verdict := tlsready.Evaluate(tlsready.Inspect(secret), "shop", declaration.Requirements[0], time.Now())
		if verdict.Reason != want {
			t.Errorf("verdict %+v, want %s", verdict, want)
		}
	}
}
