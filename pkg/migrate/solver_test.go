// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSolvers(t *testing.T) {
	exec := func(provider string) string {
		return `[{dns01: {exec: {plugin: dns01-lego, configSecretRef: {name: issuer-dns01-` + provider + `, key: config}}}}]`
	}
	tests := []struct {
		name, solvers, want string
		notes               []string
		says                []string
	}{
		{"http01 and nothing else", `[{http01: {}}]`, `[{http01: {}}]`, nil, nil},
		{"ingressClassName", `[{http01: {ingress: {ingressClassName: nginx}}}]`, `[{http01: {ingress: {ingressClassName: nginx}}}]`, nil, nil},
		{"class", `[{http01: {ingress: {class: nginx, podTemplate: {}}}}]`, `[{http01: {ingress: {ingressClassName: nginx}}}]`, []string{"info spec.acme.solvers[0].http01.ingress.class"}, nil},
		{"what ingress has no equivalent of", `[{http01: {ingress: {name: web, serviceType: NodePort, ingressTemplate: {metadata: {}}}}}]`, `[{http01: {ingress: {}}}]`,
			[]string{"noEquivalent spec.acme.solvers[0].http01.ingress.name", "noEquivalent spec.acme.solvers[0].http01.ingress.serviceType", "noEquivalent spec.acme.solvers[0].http01.ingress.ingressTemplate"}, nil},
		{"gateway", `[{http01: {gatewayHTTPRoute: {parentRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: gw, namespace: net, sectionName: http}]}}}]`,
			`[{http01: {gatewayHTTPRoute: {parentRefs: [{name: gw, namespace: net, sectionName: http}]}}}]`, nil, nil},
		{"what gateways have no equivalent of", `[{http01: {gatewayHTTPRoute: {labels: {a: b}, parentRefs: [{name: gw, port: 80}, {name: l, kind: ListenerSet}]}}}]`,
			`[{http01: {gatewayHTTPRoute: {parentRefs: [{name: gw}]}}}]`,
			[]string{"noEquivalent spec.acme.solvers[0].http01.gatewayHTTPRoute.labels", "noEquivalent spec.acme.solvers[0].http01.gatewayHTTPRoute.parentRefs[0].port", "noEquivalent spec.acme.solvers[0].http01.gatewayHTTPRoute.parentRefs[1]"}, nil},
		{"selectors", `[{http01: {}}, {selector: {matchLabels: {a: b}}, http01: {}}, {selector: {dnsZones: [Example.com]}, http01: {}}, {selector: {dnsNames: [a.example.com, A.example.com, a_b]}, http01: {}}, {selector: {}, http01: {}}]`,
			`[{http01: {}}, {selector: {matchLabels: {a: b}}, http01: {}}, {selector: {dnsZones: [example.com]}, http01: {}}, {selector: {dnsNames: [a.example.com, a_b]}, http01: {}}, {http01: {}}]`, nil, nil},
		{"rfc2136", `[{dns01: {rfc2136: {nameserver: "192.0.2.53:53", tsigKeyName: k, tsigAlgorithm: hmacsha512, tsigSecretSecretRef: {name: tsig, key: secret}}}}]`,
			`[{dns01: {rfc2136: {nameserver: "192.0.2.53:53", tsigKeyName: k, tsigAlgorithm: HMACSHA512, tsigSecretRef: {name: tsig, key: secret}}}}]`, nil, nil},
		{"rfc2136 with MD5", `[{dns01: {cnameStrategy: None, rfc2136: {nameserver: ns, protocol: tcp, tsigKeyName: k, tsigSecretSecretRef: {name: tsig, key: secret}}}}]`,
			`[{dns01: {rfc2136: {nameserver: ns, tsigKeyName: k, tsigAlgorithm: HMACSHA256, tsigSecretRef: {name: tsig, key: secret}}}}]`,
			[]string{"info spec.acme.solvers[0].dns01.cnameStrategy", "info spec.acme.solvers[0].dns01.rfc2136.protocol", "noEquivalent spec.acme.solvers[0].dns01.rfc2136.tsigAlgorithm"}, nil},
		{"route53", `[{dns01: {route53: {region: eu-west-1, hostedZoneID: Z1, role: "arn:aws:iam::1:role/dns", accessKeyID: AKIA, secretAccessKeySecretRef: {name: aws, key: secret}}}}]`, exec("route53"),
			[]string{"toDo spec.acme.solvers[0].dns01.route53", "toDo spec.acme.solvers[0].dns01.route53"},
			[]string{`settings.AWS_ACCESS_KEY_ID: "AKIA"; settings.AWS_SECRET_ACCESS_KEY: what is in key secret of Secret shop/aws; settings.AWS_REGION: "eu-west-1"; settings.AWS_HOSTED_ZONE_ID: "Z1"; settings.AWS_ASSUME_ROLE_ARN: "arn:aws:iam::1:role/dns"`}},
		{"route53 with a role of the pod", `[{dns01: {route53: {region: eu-west-1, auth: {kubernetes: {}}}}}]`, exec("route53"),
			[]string{"noEquivalent spec.acme.solvers[0].dns01.route53.auth", "toDo spec.acme.solvers[0].dns01.route53", "toDo spec.acme.solvers[0].dns01.route53"},
			[]string{"settings.AWS_ACCESS_KEY_ID; settings.AWS_SECRET_ACCESS_KEY"}},
		{"cloudDNS", `[{dns01: {cloudDNS: {project: p, hostedZoneName: z, serviceAccountSecretRef: {name: gcp, key: key.json}}}}]`, exec("gcloud"),
			[]string{"toDo spec.acme.solvers[0].dns01.cloudDNS", "toDo spec.acme.solvers[0].dns01.cloudDNS"},
			[]string{`GCE_PROJECT: "p"; settings.GCE_ZONE_ID: "z"; settings.GCE_SERVICE_ACCOUNT: what is in key key.json of Secret shop/gcp`}},
		{"cloudflare", `[{dns01: {cloudflare: {apiTokenSecretRef: {name: cf, key: token}}}}]`, exec("cloudflare"),
			[]string{"toDo spec.acme.solvers[0].dns01.cloudflare", "toDo spec.acme.solvers[0].dns01.cloudflare"}, []string{"CF_DNS_API_TOKEN: what is in key token of Secret shop/cf"}},
		{"cloudflare with a key", `[{dns01: {cloudflare: {email: a@example.com, apiKeySecretRef: {name: cf, key: api}}}}]`, exec("cloudflare"),
			[]string{"toDo spec.acme.solvers[0].dns01.cloudflare", "toDo spec.acme.solvers[0].dns01.cloudflare"}, []string{`CF_API_EMAIL: "a@example.com"; settings.CF_API_KEY: what is in key api`}},
		{"azureDNS", `[{dns01: {azureDNS: {clientID: c, tenantID: t, subscriptionID: s, resourceGroupName: g, hostedZoneName: z, environment: AzureChinaCloud, clientSecretSecretRef: {name: az, key: s}}}}]`, exec("azuredns"),
			[]string{"toDo spec.acme.solvers[0].dns01.azureDNS", "toDo spec.acme.solvers[0].dns01.azureDNS"},
			[]string{`AZURE_CLIENT_ID: "c"; settings.AZURE_CLIENT_SECRET: what is in key s of Secret shop/az; settings.AZURE_TENANT_ID: "t"; settings.AZURE_SUBSCRIPTION_ID: "s"; settings.AZURE_RESOURCE_GROUP: "g"; settings.AZURE_ZONE_NAME: "z"; settings.AZURE_ENVIRONMENT: "china"`}},
		{"digitalocean", `[{dns01: {digitalocean: {tokenSecretRef: {name: do, key: t}}}}]`, exec("digitalocean"),
			[]string{"toDo spec.acme.solvers[0].dns01.digitalocean", "toDo spec.acme.solvers[0].dns01.digitalocean"}, []string{"DO_AUTH_TOKEN: what is in key t"}},
		{"akamai", `[{dns01: {akamai: {serviceConsumerDomain: h, clientTokenSecretRef: {name: a, key: t}, clientSecretSecretRef: {name: b, key: s}, accessTokenSecretRef: {name: a, key: x}}}}, {http01: {}}]`, `[{http01: {}}]`,
			[]string{"noEquivalent spec.acme.solvers[0].dns01.akamai"}, []string{"does not have lego's provider edgedns"}},
		{"acmeDNS", `[{dns01: {acmeDNS: {host: "https://acme-dns", accountSecretRef: {name: a, key: accounts.json}}}}]`, exec("acmedns"),
			[]string{"toDo spec.acme.solvers[0].dns01.acmeDNS", "toDo spec.acme.solvers[0].dns01.acmeDNS"},
			[]string{`ACME_DNS_API_BASE: "https://acme-dns"; files.ACME_DNS_STORAGE_PATH: what is in key accounts.json`, `files: {ACME_DNS_STORAGE_PATH: (.data["accounts.json"]`}},
		{"webhook of a provider that lego has", `[{dns01: {webhook: {groupName: acme.example.com, solverName: hetzner, config: {secretName: h}}}}]`, exec("hetzner"),
			[]string{"noEquivalent spec.acme.solvers[0].dns01.webhook", "toDo spec.acme.solvers[0].dns01.webhook", "toDo spec.acme.solvers[0].dns01.webhook"}, []string{"HETZNER_API_TOKEN"}},
		{"other webhook", `[{dns01: {webhook: {groupName: acme.example.com, solverName: own}}}]`, `[{dns01: {exec: {plugin: dns01-lego, configSecretRef: {name: issuer-dns01, key: config}}}}]`,
			[]string{"noEquivalent spec.acme.solvers[0].dns01.webhook", "toDo spec.acme.solvers[0].dns01.webhook", "toDo spec.acme.solvers[0].dns01.webhook"}, []string{"one of those that dns01-lego list shows"}},
		{"a Secret for each configuration", `[{selector: {dnsZones: [a.com]}, dns01: {digitalocean: {tokenSecretRef: {name: do, key: t}}}}, {selector: {dnsZones: [b.com]}, dns01: {digitalocean: {tokenSecretRef: {name: do, key: t}}}}, {dns01: {digitalocean: {tokenSecretRef: {name: do, key: u}}}}]`,
			`[{selector: {dnsZones: [a.com]}, dns01: {exec: {plugin: dns01-lego, configSecretRef: {name: issuer-dns01-digitalocean, key: config}}}},
{selector: {dnsZones: [b.com]}, dns01: {exec: {plugin: dns01-lego, configSecretRef: {name: issuer-dns01-digitalocean, key: config}}}},
{dns01: {exec: {plugin: dns01-lego, configSecretRef: {name: issuer-dns01-digitalocean-2, key: config}}}}]`,
			[]string{"toDo spec.acme.solvers[0].dns01.digitalocean", "toDo spec.acme.solvers[0].dns01.digitalocean", "toDo spec.acme.solvers[2].dns01.digitalocean", "toDo spec.acme.solvers[2].dns01.digitalocean"}, nil},
		{"one of several has no equivalent", `[{dns01: {novelty: {}}}, {http01: {}}]`, `[{http01: {}}]`, []string{"noEquivalent spec.acme.solvers[0].dns01", "noEquivalent spec.acme.solvers[0].dns01.novelty"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			i := convert(t, document("cert-manager.io/v1", "Issuer", "issuer", `{acme: {server: "https://ca", privateKeySecretRef: {name: account}, solvers: `+tt.solvers+`}}`)).only(t, "CertIssuer")
			wantYAML(t, i.Object["spec"].(map[string]any)["acme"].(map[string]any)["solvers"], tt.want)
			if diff := cmp.Diff(tt.notes, short(i.Notes)); diff != "" {
				t.Errorf("notes (-want, +got):\n%s", diff)
			}
			var text strings.Builder
			for _, n := range i.Notes {
				text.WriteString(n.Message + "\n" + strings.Join(n.Commands, "\n") + "\n")
			}
			for _, want := range tt.says {
				if !strings.Contains(text.String(), want) {
					t.Errorf("want a note with %q, got:\n%s", want, text.String())
				}
			}
		})
	}
}
