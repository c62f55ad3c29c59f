// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package producers

import (
	"fmt"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

var (
	_ manager.Runnable               = &Registry{}
	_ manager.LeaderElectionRunnable = &Registry{}
)

const (
	certificatesName = "cert-manager Certificates"
	externalName     = "ExternalSecrets"
	ingressesName    = "Ingresses with a cert-manager annotation"
	servicesName     = "Services with a serving certificate annotation"
	waiting          = `cert-manager Certificate "web" waits for cert-manager, which has not looked at it yet; check that cert-manager is running`
	issuing          = `cert-manager Certificate "web" is issuing it (Issuing: DoesNotExist: no Secret)`
	waitingExternal  = `ExternalSecret "web-tls" waits for External Secrets, which has not synced it yet; check that External Secrets is running`
)

// certificate returns a Certificate; issuing is the message of its condition Issuing, empty for none.
func certificate(t *testing.T, name, secret, issuing string) *unstructured.Unstructured {
	object := fmt.Sprintf("apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {namespace: shop, name: %s}\nspec: {secretName: %s}\n", name, secret)
	if issuing != "" {
		object += fmt.Sprintf("status: {conditions: [{type: Issuing, status: \"True\", reason: DoesNotExist, message: %s}]}\n", issuing)
	}
	return parse(t, object)
}

func externalSecret(t *testing.T, version string) *unstructured.Unstructured {
	return parse(t, "apiVersion: external-secrets.io/"+version+"\nkind: ExternalSecret\nmetadata: {namespace: shop, name: web-tls}\n")
}

func TestNothingInstalled(t *testing.T) {
	run(t, nil, nil, func(e *env) {
		e.wantLooked()
		e.want("web-tls", "")
		e.wantSettled(true)
		e.wantChanges("/")
		e.pass(10 * time.Minute)
		e.wantChanges()
	})
}

func TestObjectComesChangesAndGoes(t *testing.T) {
	run(t, []schema.GroupVersionResource{certificates}, nil, func(e *env) {
		e.wantLooked(certificatesName)
		e.wantSettled(true)
		e.wantChanges("/", "/")

		e.create(certificates, certificate(t, "web", "web-tls", ""))
		e.want("web-tls", waiting)
		e.wantChanges("shop/web-tls")

		e.update(certificates, certificate(t, "web", "web-tls", "no Secret"))
		e.want("web-tls", issuing)
		e.wantChanges("shop/web-tls")

		same := certificate(t, "web", "web-tls", "no Secret")
		same.SetAnnotations(map[string]string{"touched": "yes"})
		e.update(certificates, same)
		e.wantChanges()

		e.update(certificates, certificate(t, "web", "other-tls", "no Secret"))
		e.want("web-tls", "")
		e.want("other-tls", issuing)
		e.wantChanges("shop/other-tls", "shop/web-tls")

		e.delete(certificates, "web")
		e.want("other-tls", "")
		e.wantChanges("shop/other-tls")

		e.create(certificates, certificate(t, "web", "other-tls", "no Secret"))
		e.want("other-tls", issuing)
		e.wantChanges("shop/other-tls")
	})
}

func TestListedAtStart(t *testing.T) {
	run(t, []schema.GroupVersionResource{certificates}, func(e *env) {
		e.create(certificates, certificate(t, "web", "web-tls", ""))
		elsewhere := certificate(t, "bank", "bank-tls", "")
		elsewhere.SetNamespace("bank")
		e.create(certificates, elsewhere)
		e.create(certificates, certificate(t, "nameless", `""`, ""))
		going := certificate(t, "going", "going-tls", "")
		going.Object["metadata"].(map[string]any)["deletionTimestamp"] = "2026-11-20T16:00:00Z"
		e.create(certificates, going)
	}, func(e *env) {
		e.want("web-tls", waiting)
		e.want("going-tls", "")
		e.want("", "")
		e.want("bank-tls", "")
		if _, found := e.registry.Of("bank", "bank-tls"); !found {
			t.Error("Of() does not find the Certificate of namespace bank")
		}
		e.wantChanges("/", "bank/bank-tls", "shop/web-tls", "/")
	})
}

func TestLostWatchIsResumed(t *testing.T) {
	run(t, []schema.GroupVersionResource{certificates}, func(e *env) {
		e.create(certificates, certificate(t, "web", "web-tls", ""))
		e.create(certificates, certificate(t, "api", "api-tls", ""))
	}, func(e *env) {
		e.wantChanges("/", "shop/api-tls", "shop/web-tls", "/")
		e.fail(certificates, apierrors.NewServiceUnavailable("restarting"))
		e.breakWatches(certificates)
		e.pass(10 * time.Second)
		e.wantLooked(certificatesName)
		e.want("web-tls", waiting)
		e.delete(certificates, "api")
		e.fail(certificates, nil)
		e.pass(2 * time.Minute)
		e.want("web-tls", waiting)
		e.want("api-tls", "")
		e.wantChanges("shop/api-tls")
	})
}

func TestForbiddenRecovers(t *testing.T) {
	run(t, []schema.GroupVersionResource{certificates, externalV1}, func(e *env) {
		e.forbid(externalV1)
		e.create(certificates, certificate(t, "web", "web-tls", ""))
		e.create(externalV1, externalSecret(t, "v1"))
	}, func(e *env) {
		const forbidden = externalName + " (forbidden: grant list and watch on externalsecrets.external-secrets.io to ServiceAccount tollgate-system/tollgate-controller)"
		e.wantLooked(certificatesName, forbidden)
		e.want("web-tls", waiting)
		e.wantSettled(true)
		e.delete(certificates, "web")
		e.want("web-tls", "")
		e.changes = nil
		e.pass(10 * time.Minute) // many refusals later
		e.wantChanges()

		e.fail(externalV1, nil)
		e.pass(forbiddenRetry + time.Second)
		e.wantLooked(certificatesName, externalName)
		e.want("web-tls", waitingExternal)

		e.changes = nil
		e.forbid(externalV1)
		e.breakWatches(externalV1)
		e.pass(time.Minute)
		e.wantLooked(certificatesName, forbidden)
		e.want("web-tls", "")
		e.wantChanges("shop/web-tls", "/")
	})
}

func TestListFails(t *testing.T) {
	run(t, []schema.GroupVersionResource{externalV1, certificates}, func(e *env) {
		e.fail(externalV1, apierrors.NewInternalError(fmt.Errorf("conversion webhook failed, request 0815")))
		e.fail(certificates, fmt.Errorf("connection refused"))
	}, func(e *env) {
		e.wantLooked(certificatesName+" (not listed yet: no answer from the API server)", externalName+" (not listed yet: InternalError)")
		e.wantSettled(true)
		e.fail(externalV1, nil)
		e.fail(certificates, nil)
		e.pass(time.Minute)
		e.wantLooked(certificatesName, externalName)
	})
}
