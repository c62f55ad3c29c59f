// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package producers

import "testing"

func TestReadExternalSecret(t *testing.T) {
	const head = `
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {namespace: shop, name: web}
`
	const spec = head + `
spec:
  refreshInterval: 1h0m0s
  secretStoreRef: {kind: ClusterSecretStore, name: vault}
  target: {name: web-tls, creationPolicy: Owner, deletionPolicy: Retain, template: {type: kubernetes.io/tls}}
  data: [{secretKey: tls.crt, remoteRef: {key: shop/web, property: crt}}]
`
	const merge = head + "spec: {target: {name: web-tls, creationPolicy: Merge}}\n"
	web := func(clause string) []claim {
		return []claim{{secret: "web-tls", clause: `ExternalSecret "web" ` + clause}}
	}
	const waits = "waits for External Secrets, which has not synced it yet; check that External Secrets is running"
	runReadTests(t, externalSecrets, []readTest{
		{"new", spec, web(waits)},
		{"no target", head + "spec: {secretStoreRef: {name: vault}}\n", []claim{{secret: "web", clause: `ExternalSecret "web" ` + waits}}},
		{"failed", spec + `
status:
  refreshTime: null
  conditions:
  - lastTransitionTime: "2026-11-20T16:00:00Z"
    message: could not get secret data from provider
    reason: SecretSyncedError
    status: "False"
    type: Ready
`, web("could not make it (SecretSyncedError: could not get secret data from provider)")},
		{"ready", spec + `
status:
  binding: {name: web-tls}
  conditions: [{type: Ready, status: "True", reason: SecretSynced, message: secret synced}]
`, web("is Ready, so External Secrets should write it again; if it does not, check that External Secrets is running")},
		{"deleted", spec + `
status: {conditions: [{type: Ready, status: "True", reason: SecretDeleted, message: secret deleted due to DeletionPolicy=Delete}]}
`, web("deleted it, since the provider no longer has its data (SecretDeleted: secret deleted due to DeletionPolicy=Delete)")},
		{"unknown", spec + `
status: {conditions: [{type: Ready, status: Unknown, reason: Odd}]}
`, web(waits + " (Odd)")},
		{"merges", merge + `
status: {conditions: [{type: Ready, status: "True", reason: SecretMissing, message: secret will not be created due to CreationPolicy=Merge}]}
`, []claim{{secret: "web-tls", helper: true, clause: `ExternalSecret "web" only adds to it (creationPolicy Merge), so something else has to create it`}}},
		{"makes nothing", head + "spec: {target: {creationPolicy: None}}\n", nil},
		{"makes a ConfigMap", head + "spec: {target: {name: web-tls, manifest: {apiVersion: v1, kind: ConfigMap}}}\n", nil},
		{"malformed", head + "spec: {target: [name]}\nstatus: {conditions: {type: Ready}}\n", []claim{{secret: "web", clause: `ExternalSecret "web" ` + waits}}},
	})
}

func TestReadSealedSecret(t *testing.T) {
	const head = `
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {namespace: shop, name: web-tls}
spec:
  encryptedData: {tls.crt: AgBuL2Gw, tls.key: AgA8Mb2U}
  template: {metadata: {namespace: shop, name: ignored}, type: kubernetes.io/tls}
`
	web := func(clause string) []claim {
		return []claim{{secret: "web-tls", clause: `SealedSecret "web-tls" ` + clause}}
	}
	runReadTests(t, sealedSecrets, []readTest{
		{"new", head, web("is not unsealed yet; if that lasts, look at its events and check that the Sealed Secrets controller is running")},
		{"failed", head + `
status:
  observedGeneration: 1
  conditions:
  - lastTransitionTime: "2026-11-20T16:00:00Z"
    lastUpdateTime: "2026-11-20T16:00:01Z"
    message: no key could decrypt secret (tls.crt, tls.key)
    status: "False"
    type: Synced
`, web("could not be unsealed (no key could decrypt secret (tls.crt, tls.key))")},
		{"synced", head + `
status: {conditions: [{type: Synced, status: "True"}]}
`, web("is Synced, so Sealed Secrets should write it again; if it does not, check that its controller is running")},
	})
}

func TestReadServingCertService(t *testing.T) {
	service := func(annotations string) string {
		return "apiVersion: v1\nkind: Service\nmetadata: {namespace: shop, name: web, annotations: " + annotations + "}\nspec: {clusterIP: 172.30.0.9}\n"
	}
	asks := []claim{{secret: "web-tls", clause: `Service "web" asks OpenShift's service CA for it`}}
	runReadTests(t, servingCertServices, []readTest{
		{"no annotation", service("{a: b}"), nil},
		{"malformed", service("[a]"), nil},
		{"beta", service("{service.beta.openshift.io/serving-cert-secret-name: web-tls}"), asks},
		{"alpha", service("{service.alpha.openshift.io/serving-cert-secret-name: web-tls}"), asks},
		{"both", service("{service.alpha.openshift.io/serving-cert-secret-name: old, service.beta.openshift.io/serving-cert-secret-name: web-tls}"), asks},
		{"failed", service(`{service.beta.openshift.io/serving-cert-secret-name: web-tls, service.beta.openshift.io/serving-cert-generation-error: "secret/web-tls references serviceUID a, which does not match b"}`),
			[]claim{{secret: "web-tls", clause: `OpenShift's service CA could not make it for Service "web" (secret/web-tls references serviceUID a, which does not match b)`}}},
	})
}

func TestReadCertManagerIngress(t *testing.T) {
	ingress := func(annotations string) string {
		return "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {namespace: shop, name: web, annotations: " + annotations +
			"}\nspec:\n  tls: [{hosts: [www.example.com], secretName: web-tls}, odd, {hosts: [api.example.com], secretName: api-tls}]\n"
	}
	asks := func(annotation string) []claim {
		clause := `Ingress "web" asks cert-manager for it (annotation ` + annotation + `); if no Certificate appears, look at the events of the Ingress`
		return []claim{{secret: "web-tls", clause: clause}, {secret: "api-tls", clause: clause}}
	}
	runReadTests(t, certManagerIngresses, []readTest{
		{"no annotation", ingress("{a: b}"), nil},
		{"issuer", ingress("{cert-manager.io/issuer: ca}"), asks("cert-manager.io/issuer")},
		{"cluster issuer", ingress("{cert-manager.io/cluster-issuer: letsencrypt}"), asks("cert-manager.io/cluster-issuer")},
		{"default issuer", ingress(`{kubernetes.io/tls-acme: "true"}`), asks("kubernetes.io/tls-acme")},
		{"default issuer not wanted", ingress(`{kubernetes.io/tls-acme: "false"}`), nil},
	})
}
