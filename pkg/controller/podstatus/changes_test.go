// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/types"
)

// A deadlock is told to its pod alone; the empty name stands for every pod that waits.
func TestPodItself(t *testing.T) {
	w := newWorld(t, newPod(), newPod(named("api")), newPod(named("bound"), on("node-1")))
	one, err := w.r.podItself(t.Context(), types.NamespacedName{Namespace: "shop", Name: "web"})
	if err != nil || len(one) != 1 || one[0].String() != "shop/web" {
		t.Errorf("pods of shop/web: %v, %v", one, err)
	}
	all, err := w.r.podItself(t.Context(), types.NamespacedName{})
	if err != nil || len(all) != 2 {
		t.Errorf("pods that wait: %v, %v; want two", all, err)
	}
}

// However many objects change before anybody looks, what is remembered is bounded.
func TestChangesAreBounded(t *testing.T) {
	c := newChanges(nil)
	c.started = true
	for i := range maxPending + 10 {
		c.add("shop", fmt.Sprint("s", i))
	}
	pending := c.take()
	if _, all := pending[types.NamespacedName{}]; !all || len(pending) > 10 {
		t.Errorf("%d changes kept; want the one that stands for all", len(pending))
	}
}
