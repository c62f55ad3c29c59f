// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"
	"testing"

	v1 "k8s.io/api/core/v1"
)

func TestSignPod(t *testing.T) {
	twoCores := pod("p").Req(resources{"cpu": "2", "memory": "1Gi"}).Obj()
	twoGPUs := pod("p").Req(resources{"cpu": "1", "memory": "1Gi", "example.com/gpu": "2", "example.com/b": "1"}).Obj()
	tests := []struct {
		name string
		a, b *v1.Pod
		want bool
	}{
		{"same request", pod("a").Obj(), pod("b").Obj(), true},
		{"same extended resources", twoGPUs, twoGPUs.DeepCopy(), true},
		{"another request", pod("a").Obj(), twoCores, false},
		{"same limits", limitedPod("0.5", "only"), limitedPod("0.5", "only"), true},
		{"another price limit", limitedPod("0.5", ""), limitedPod("0.6", ""), false},
		{"no price limit", limitedPod("0.5", ""), limitedPod("", ""), false},
		{"another spot limit", limitedPod("", "only"), limitedPod("", "never"), false},
		{"an empty limit is one", pod("a").Annotation(SpotAnnotation, "").Obj(), pod("b").Obj(), false},
	}
	c := newCluster(t, nil, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// The profile's other plugins sign too: a nil signature would mean
			// that one of them cannot.
			a, b := c.SignPod(context.Background(), tt.a, false), c.SignPod(context.Background(), tt.b, false)
			if a == nil || b == nil {
				t.Fatal("the profile does not sign pods")
			}
			if got := string(a) == string(b); got != tt.want {
				t.Errorf("got the same signature: %v, want %v\n%s\n%s", got, tt.want, a, b)
			}
		})
	}
}
