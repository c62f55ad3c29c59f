// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package deadlock

import (
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// TestWhatIsReadOfIngresses goes from the objects in the API to the finding, for marks that need Services and Ingresses.
func TestWhatIsReadOfIngresses(t *testing.T) {
	app := map[string]string{"app": "front"}
	held := newPod("in", "controller", labelled(app), requires("default-tls"))
	balancer := service("in", "lb", app, "203.0.113.7")
	served := ingress("shop", "web", "nginx", "", "web", "203.0.113.7")
	elsewhere := ingress("shop", "api", "nginx", "", "api", "203.0.113.9")
	behind := service("in", "front", app)
	own := ingress("in", "own", "gce", "default.example.com", "front")
	challenge := ingress("in", "challenge", "gce", "default.example.com", "front")
	challenge.Labels = map[string]string{v1alpha1.ManagedLabel: "true"}
	running := up("in", "second", labelled(app)).Pod

	for _, tc := range []struct {
		name    string
		class   string
		objects []client.Object
		want    bool
	}{
		{name: "load balancer of the class", class: "nginx", objects: []client.Object{&balancer, &elsewhere, &served}, want: true},
		{name: "load balancer of the class with a running pod", class: "nginx", objects: []client.Object{&balancer, &served, running}},
		{name: "load balancer of others", class: "nginx", objects: []client.Object{&balancer, &elsewhere}},
		{name: "backend that has to be healthy", class: "gce", objects: []client.Object{&behind, &own}, want: true},
		{name: "backend that has to be healthy with a running pod", class: "gce", objects: []client.Object{&behind, &own, running}},
		{name: "backend of the challenge alone", class: "gce", objects: []client.Object{&behind, &challenge}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			objects := []client.Object{clusterIssuer(tc.class), tlsCert(v1alpha1.ReasonPresenting, 0), held.DeepCopy()}
			for _, o := range tc.objects {
				objects = append(objects, o.DeepCopyObject().(client.Object))
			}
			w := newWorld(t, objects...)
			w.clock.Step(time.Minute)
			w.look()
			if got := w.d.Of(controllerPod) != ""; got != tc.want {
				t.Errorf("the pod is told: %t, want %t", got, tc.want)
			}
			if got := w.condition() != nil; got != tc.want {
				t.Errorf("the TLSCertificate is told: %t, want %t", got, tc.want)
			}
		})
	}
}
