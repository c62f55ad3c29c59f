// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"slices"
	"testing"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestChangedLimitsActivateThePod(t *testing.T) {
	change := func(p *v1.Pod, f func(*v1.Pod)) *v1.Pod {
		p = p.DeepCopy()
		f(p)
		return p
	}
	limited := limitedPod("0.5", "only")
	tests := []struct {
		name     string
		old, new *v1.Pod
		want     bool
	}{
		{"corrected", limitedPod("cheap", ""), limitedPod("0.5", ""), true},
		{"raised", limited, limitedPod("0.6", "only"), true},
		{"removed", limited, limitedPod("", "only"), true},
		{"added", pod("p").Obj(), limited, true},
		{"another spot limit", limited, limitedPod("0.5", "never"), true},
		{"the same limits", limited, change(limited, func(p *v1.Pod) { p.Status.Phase = v1.PodPending }), false},
		{"another annotation", limited, change(limited, func(p *v1.Pod) { p.Annotations["a"] = "b" }), false},
		{"bound by now", limited, change(limitedPod("0.6", "only"), func(p *v1.Pod) { p.Spec.NodeName = "n" }), false},
		{"another pod of the name", limited, change(limitedPod("0.6", "only"), func(p *v1.Pod) { p.UID = types.UID("other") }), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster(t, nil, nil)
			c.plugin.podHandler(t.Context()).OnUpdate(tt.old, tt.new)
			if got := len(c.activator.activated()) == 1; got != tt.want {
				t.Errorf("activated %v, want %t", c.activator.activated(), tt.want)
			}
		})
	}
}

// The informer that the scheduler runs is the one that the plugin listens to.
func TestChangedLimitsActivateThePodByInformer(t *testing.T) {
	ctx := t.Context()
	c := newCluster(t, nil, nil)
	c.SharedInformerFactory().Start(ctx.Done())
	c.SharedInformerFactory().WaitForCacheSync(ctx.Done())
	pods := c.client.CoreV1().Pods("default")
	if _, err := pods.Create(ctx, limitedPod("cheap", ""), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := pods.Update(ctx, limitedPod("0.5", ""), metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the pod to be activated", func() bool { return slices.Equal(c.activator.activated(), []string{"p"}) })
}

// The cycle that the activation leads to may be handed the pod as it was before.
func TestCycleReadsTheLatestLimits(t *testing.T) {
	c := newCluster(t, []*v1.Node{node("n", "0.50")}, nil)
	store := c.SharedInformerFactory().Core().V1().Pods().Informer().GetStore()
	old := limitedPod("0.1", "")
	if got := c.place(t, old); got.rejected["n"] != ErrReasonPriceTooHigh {
		t.Fatalf("got %+v, want a rejection", got)
	}
	for _, p := range []*v1.Pod{limitedPod("0.6", ""), pod("p").Obj()} {
		if err := store.Add(p); err != nil {
			t.Fatal(err)
		}
		if got := c.place(t, old); len(got.best) != 1 {
			t.Errorf("got %+v, want n: the informer has the pod with annotations %v", got, p.Annotations)
		}
	}
	// The limits of a pod that has taken the name are not this pod's.
	other := pod("p").Obj()
	other.UID = "other"
	if err := store.Add(other); err != nil {
		t.Fatal(err)
	}
	if got := c.place(t, old); got.rejected["n"] != ErrReasonPriceTooHigh {
		t.Errorf("got %+v, want a rejection", got)
	}
}
