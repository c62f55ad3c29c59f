// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package producers

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestInstalledLaterAndRemoved(t *testing.T) {
	run(t, nil, func(e *env) { e.create(certificates, certificate(t, "web", "web-tls", "")) }, func(e *env) {
		e.wantChanges("/")
		e.serve(certificates)
		e.nextRound()
		e.wantLooked(certificatesName)
		e.want("web-tls", waiting)
		e.wantChanges("/", "shop/web-tls", "/")
		e.serve(certificates, ingresses)
		e.nextRound()
		e.wantLooked(certificatesName, ingressesName)
		e.wantChanges("/", "/")

		e.serve(ingresses)
		e.nextRound()
		e.wantLooked()
		e.want("web-tls", "")
		e.wantChanges("shop/web-tls", "/")

		opened := e.opened
		e.breakWatches(certificates)
		e.pass(10 * time.Minute)
		if e.opened != opened {
			t.Error("a stopped informer opened a watch")
		}

		e.serve(certificates)
		e.nextRound()
		e.want("web-tls", waiting)
	})
}

func TestUnansweredDiscoveryChangesNothing(t *testing.T) {
	run(t, []schema.GroupVersionResource{certificates, externalV1, externalV1beta1}, func(e *env) {
		e.create(certificates, certificate(t, "web", "web-tls", ""))
	}, func(e *env) {
		e.serve()
		e.breakDiscovery(certificates.GroupVersion(), externalV1.GroupVersion())
		e.nextRound()
		e.wantLooked(certificatesName, externalName)
		e.want("web-tls", waiting)
		e.wantSettled(true)
		e.breakDiscovery()
		e.nextRound()
		e.wantLooked()
	})
}

func TestNotSettledBeforeDiscoveryAnswers(t *testing.T) {
	run(t, []schema.GroupVersionResource{certificates}, func(e *env) { e.breakDiscovery(certificates.GroupVersion()) }, func(e *env) {
		e.wantSettled(false)
		e.wantLooked()
		e.breakDiscovery()
		e.nextRound()
		e.wantSettled(true)
		e.wantLooked(certificatesName)
	})
}

func TestVersions(t *testing.T) {
	running := func(e *env) schema.GroupVersionResource {
		for _, w := range e.registry.running() {
			return w.resource
		}
		return schema.GroupVersionResource{}
	}
	run(t, []schema.GroupVersionResource{externalV1beta1}, func(e *env) {
		e.create(externalV1beta1, externalSecret(t, "v1beta1"))
		e.create(externalV1, externalSecret(t, "v1"))
	}, func(e *env) {
		for _, step := range []struct {
			served []schema.GroupVersionResource
			want   schema.GroupVersionResource
		}{
			{[]schema.GroupVersionResource{externalV1beta1}, externalV1beta1},
			{[]schema.GroupVersionResource{externalV1, externalV1beta1}, externalV1beta1}, // the watch goes on
			{[]schema.GroupVersionResource{externalV1}, externalV1},
			{[]schema.GroupVersionResource{externalV1, externalV1beta1}, externalV1},
		} {
			e.serve(step.served...)
			e.nextRound()
			if got := running(e); got != step.want {
				t.Errorf("with %v served, %v is watched, want %v", step.served, got, step.want)
			}
			e.want("web-tls", waitingExternal)
			e.wantLooked(externalName)
		}
	})
}

func TestServicesOnlyOnOpenShift(t *testing.T) {
	run(t, []schema.GroupVersionResource{services, ingresses}, nil, func(e *env) {
		e.wantLooked()
		for _, needed := range servingCertServices.needs {
			e.serve(services, ingresses, needed)
			e.nextRound()
			e.wantLooked(servicesName)
		}
	})
}

func TestWhichClauseWins(t *testing.T) {
	merging := externalSecret(t, "v1")
	merging.Object["spec"] = map[string]any{"target": map[string]any{"creationPolicy": "Merge"}}
	ingress := parse(t, `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {namespace: shop, name: web, annotations: {cert-manager.io/issuer: ca}}
spec: {tls: [{secretName: web-tls}, {secretName: web-tls}]}
`)
	run(t, []schema.GroupVersionResource{certificates, externalV1, ingresses}, nil, func(e *env) {
		e.create(externalV1, merging)
		e.want("web-tls", `ExternalSecret "web-tls" only adds to it (creationPolicy Merge), so something else has to create it`)
		e.create(ingresses, ingress)
		e.want("web-tls", `Ingress "web" asks cert-manager for it (annotation cert-manager.io/issuer); if no Certificate appears, look at the events of the Ingress`)
		e.update(externalV1, externalSecret(t, "v1"))
		e.want("web-tls", waitingExternal)

		created := func(name, at string) {
			c := certificate(t, name, "web-tls", "")
			c.Object["metadata"].(map[string]any)["creationTimestamp"] = at
			e.create(certificates, c)
		}
		created("web", "2026-11-20T16:00:00Z")
		e.want("web-tls", waiting)
		e.changes = nil
		for i := range 8 { // younger ones, and one with a later name, do not change the answer
			created(string(rune('a'+i)), "2026-11-20T16:00:01Z")
		}
		created("web2", "2026-11-20T16:00:00Z")
		e.want("web-tls", waiting)
		e.wantChanges()
	})
}
