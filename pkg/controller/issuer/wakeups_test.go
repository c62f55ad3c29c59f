// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"testing"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

func TestWakeups(t *testing.T) {
	e := newEnv(t, "", internal(nil))
	w := &Wakeups{}
	source := w.of(func() v1alpha1.Issuer { return &v1alpha1.ClusterCertIssuer{} }, e.Client, controllerNamespace)
	w.Secret(controllerNamespace, "ca") // before it leads
	work := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	defer work.ShutDown()
	if err := source.Start(t.Context(), work); err != nil {
		t.Fatal(err)
	}
	for _, other := range [][2]string{{"shop", "ca"}, {controllerNamespace, "other"}} {
		if w.Secret(other[0], other[1]); work.Len() != 0 {
			t.Errorf("Secret %v wakes the issuer", other)
		}
	}
	for _, ours := range [][2]string{{controllerNamespace, "ca"}, {controllerNamespace, ""}, {"", ""}} {
		w.Secret(ours[0], ours[1])
		if work.Len() != 1 {
			t.Fatalf("Secret %v does not wake the issuer", ours)
		}
		request, _ := work.Get()
		if work.Done(request); request.Name != "internal" {
			t.Errorf("woken: %v", request)
		}
	}
}

func TestBoundedProfiles(t *testing.T) {
	many := map[string]string{}
	for i := range 100 {
		many[string(rune('A'+i%26))+string(rune('a'+i/26))] = string(make([]byte, 1000))
	}
	got := bounded(many)
	if len(got) != maxProfiles || len(got["Aa"]) != maxDescription || bounded(nil) != nil {
		t.Errorf("%d profiles, a description of %d bytes", len(got), len(got["Aa"]))
	}
}
