// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"
	"testing"

	v1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

func TestSignPod(t *testing.T) {
	twoCores := pod("p").Req(resources{"cpu": "2", "memory": "1Gi"}).Obj()
	twoGPUs := pod("p").Req(resources{"cpu": "1", "memory": "1Gi", "example.com/gpu": "2", "example.com/b": "1"}).Obj()
	tests := []struct {
		name string
		a, b *v1.Pod
		want bool
		// lifetimes is what DominantShareLifetimes wants, if not the same.
		lifetimes *bool
	}{
		{name: "same request", a: pod("a").Obj(), b: pod("b").Obj(), want: true},
		{name: "same extended resources", a: twoGPUs, b: twoGPUs.DeepCopy(), want: true},
		{name: "another request", a: pod("a").Obj(), b: twoCores},
		{name: "same limits", a: limitedPod("0.5", "only"), b: limitedPod("0.5", "only"), want: true},
		{name: "another price limit", a: limitedPod("0.5", ""), b: limitedPod("0.6", "")},
		{name: "no price limit", a: limitedPod("0.5", ""), b: limitedPod("", "")},
		{name: "another spot limit", a: limitedPod("", "only"), b: limitedPod("", "never")},
		{name: "an empty limit is one", a: pod("a").Annotation(SpotAnnotation, "").Obj(), b: pod("b").Obj()},
		{name: "another lifetime", a: lasting(pod("a").Obj(), "1h"), b: lasting(pod("b").Obj(), "2h"), want: true, lifetimes: ptr.To(false)},
		{name: "lifetime and none", a: lasting(pod("a").Obj(), "1h"), b: pod("b").Obj(), want: true, lifetimes: ptr.To(false)},
		{name: "another deadline", a: deadline(pod("a").Obj(), 60), b: deadline(pod("b").Obj(), 61), want: true, lifetimes: ptr.To(false)},
		{name: "the same lifetime in other words", a: lasting(pod("a").Obj(), "1h"), b: deadline(pod("b").Obj(), 3600), want: true},
	}
	byShare, byLifetime := newCluster(t, nil, nil), newCluster(t, nil, nil, lifetimeStrategy)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantSame(t, byShare, tt.a, tt.b, tt.want)
			wantSame(t, byLifetime, tt.a, tt.b, ptr.Deref(tt.lifetimes, tt.want))
		})
	}
}

// wantSame compares the signatures of two pods.
func wantSame(t *testing.T, c *cluster, podA, podB *v1.Pod, want bool) {
	t.Helper()
	// The profile's other plugins sign too: a nil signature would mean that one
	// of them cannot.
	a, b := c.SignPod(context.Background(), podA, false), c.SignPod(context.Background(), podB, false)
	if a == nil || b == nil {
		t.Fatal("the profile does not sign pods")
	}
	if got := string(a) == string(b); got != want {
		t.Errorf("got the same signature: %v, want %v\n%s\n%s", got, want, a, b)
	}
}
