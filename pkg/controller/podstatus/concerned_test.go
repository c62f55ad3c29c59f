// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"testing"
)

// A deadlock is told to its pod alone; the empty name stands for every pod that waits.
func TestPodItself(t *testing.T) {
	w := newWorld(t, newPod(), newPod(named("api")), newPod(named("bound"), on("node-1")))
	one, err := w.r.podItself(t.Context(), "shop", "web")
	if err != nil || len(one) != 1 || one[0].String() != "shop/web" {
		t.Errorf("pods of shop/web: %v, %v", one, err)
	}
	all, err := w.r.podItself(t.Context(), "", "")
	if err != nil || len(all) != 2 {
		t.Errorf("pods that wait: %v, %v; want two", all, err)
	}
}
