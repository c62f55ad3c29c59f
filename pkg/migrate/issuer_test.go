// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIssuers(t *testing.T) {
	const account = `privateKeySecretRef: {name: account}, `
	const http = `solvers: [{http01: {ingress: {}}}], `
	const head = `server: "https://ca.example.com/dir", `
	tests := []struct {
		name, spec, want string
		notes            []string
	}{
		{"all of ACME", `{acme: {` + head + account + http + `email: ops@example.com, profile: tlsserver, preferredChain: Root X1, caBundle: YWJj,
  externalAccountBinding: {keyID: k1, keyAlgorithm: HS512, keySecretRef: {name: eab, key: hmac}}}}`,
			`{acme: {` + head + account + http + `email: ops@example.com, profile: tlsserver, preferredChain: Root X1, caBundle: YWJj, termsOfServiceAgreed: true,
  externalAccountBinding: {keyID: k1, keySecretRef: {name: eab, key: hmac}}}}`,
			[]string{"noEquivalent spec.acme.externalAccountBinding.keyAlgorithm"}},
		{"what ACME has no equivalent of", `{acme: {` + head + account + http + `skipTLSVerify: true, enableDurationFeature: true, disableAccountKeyGeneration: true}}`,
			`{acme: {` + head + account + http + `termsOfServiceAgreed: true}}`,
			[]string{"toDo spec.acme.disableAccountKeyGeneration", "noEquivalent spec.acme.skipTLSVerify", "noEquivalent spec.acme.enableDurationFeature"}},
		{"account key under another key", `{acme: {` + head + http + `privateKeySecretRef: {name: account, key: acme.pem}}}`,
			`{acme: {` + head + http + `privateKeySecretRef: {name: account-tollgate}, termsOfServiceAgreed: true}}`,
			[]string{"toDo spec.acme.privateKeySecretRef"}},
		{"CA", `{ca: {secretName: ca, crlDistributionPoints: [a], ocspServers: [b], issuingCertificateURLs: [c]}}`, `{ca: {secretName: ca}}`,
			[]string{"noEquivalent spec.ca.crlDistributionPoints", "noEquivalent spec.ca.ocspServers", "noEquivalent spec.ca.issuingCertificateURLs"}},
		{"self-signed", `{selfSigned: {}}`, `{ca: {secretName: issuer-ca, selfSigned: {}}}`, []string{"noEquivalent spec.selfSigned"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			i := convert(t, document("cert-manager.io/v1", "Issuer", "issuer", tt.spec)).only(t, "CertIssuer")
			wantYAML(t, i.Object["spec"], tt.want)
			if diff := cmp.Diff(tt.notes, short(i.Notes)); diff != "" {
				t.Errorf("notes (-want, +got):\n%s", diff)
			}
		})
	}
}

func TestIssuersLeftOut(t *testing.T) {
	const acme = `{acme: {server: "https://a", privateKeySecretRef: {name: a}, solvers: [{http01: {}}], `
	tests := []struct{ name, spec, want string }{
		{"Vault", `{vault: {server: x}}`, "spec.vault: Tollgate does not ask Vault"},
		{"Venafi", `{venafi: {zone: x}}`, "spec.venafi: Tollgate does not ask Venafi"},
		{"none", `{}`, "spec has none of acme, ca"},
		{"two", `{ca: {secretName: a}, selfSigned: {}}`, "or several of them"},
		{"plain http", `{acme: {server: "http://ca", privateKeySecretRef: {name: a}, solvers: [{http01: {}}]}}`, "want an https URL of an ACME directory"},
		{"no account", `{acme: {server: "https://ca", solvers: [{http01: {}}]}}`, "spec.acme.privateKeySecretRef: want the name of a Secret"},
		{"no solvers", `{acme: {server: "https://ca", privateKeySecretRef: {name: a}}}`, "none of the solvers has an equivalent"},
		{"bad base64", acme + `caBundle: "?"}}`, "spec.acme.caBundle: want base64"},
		{"long email", acme + `email: "` + strings.Repeat("a", 300) + `"}}`, "spec.acme.email: want at most 254 bytes, found 300"},
		{"EAB without a key", acme + `externalAccountBinding: {keyID: k}}}`, "spec.acme.externalAccountBinding.keySecretRef: want a key of a Secret"},
		{"EAB with an odd key", acme + `externalAccountBinding: {keyID: k, keySecretRef: {name: a, key: "'; reboot"}}}}`, `want a key of Secret "a", found "'; reboot"`},
		{"CA without Secret", `{ca: {}}`, "spec.ca.secretName: want the name of a Secret"},
		{"acme of a wrong type", `{acme: 7}`, "spec.acme: want an object, found a number"},
		{"solvers of a wrong type", `{acme: {server: "https://ca", privateKeySecretRef: {name: a}, solvers: [{dns01: {route53: 1}}, {http01: []}, 3, {dns01: {webhook: 1}}, {dns01: {rfc2136: 1}}]}}`,
			"solvers[2]: want an object, found a number; spec.acme.solvers[0].dns01.route53: want an object"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := convert(t, document("cert-manager.io/v1", "Issuer", "issuer", tt.spec),
				document("cert-manager.io/v1", "Certificate", "web", "{secretName: s, dnsNames: [a.example.com], issuerRef: {name: issuer}}"))
			if len(r.Items) != 0 || len(r.LeftOut) != 2 || !strings.Contains(r.LeftOut[1].Why, tt.want) {
				t.Errorf("left out: %v, want one with %q", r.LeftOut, tt.want)
			}
			if !strings.Contains(r.LeftOut[0].Why, "cert-manager Issuer shop/issuer has no equivalent") {
				t.Errorf("its Certificate: %s", r.LeftOut[0].Why)
			}
		})
	}
}

// A ClusterIssuer permits what its Certificates have, its Secrets are copied, and a CA lets them be as long as they are.
func TestClusterIssuer(t *testing.T) {
	cert := func(namespace, name, spec string) string {
		return "{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: " + name + ", namespace: " + namespace + "}, spec: {secretName: " + name +
			", issuerRef: {name: corp, kind: ClusterIssuer}, " + spec + "}}"
	}
	r := convertWith(t, Options{ControllerNamespace: "certs", ClusterResourceNamespace: "cm"},
		"{apiVersion: cert-manager.io/v1, kind: ClusterIssuer, metadata: {name: corp}, spec: {ca: {secretName: corp-ca}}}",
		cert("web", "b", "dnsNames: [b.example.com, a.example.com], duration: 8760h"),
		cert("web", "a", `dnsNames: [a.example.com], ipAddresses: ["2001:db8::1", 10.0.0.7]`),
		cert("api", "c", `uris: ["spiffe://example.org/api"]`),
		cert("api", "d", "dnsNames: left out"),
		cert("api", "e", "dnsNames: [ca.example.com], isCA: true"))
	i := r.only(t, "ClusterCertIssuer")
	wantYAML(t, i.Object["spec"], `
ca: {secretName: corp-ca, maxDuration: 8760h0m0s}
allow:
- namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: api}}
  uris: ["spiffe://example.org/api"]
- namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: web}}
  dnsNames: [a.example.com, b.example.com]
  ipRanges: [10.0.0.7/32, "2001:db8::1/128"]`)
	var commands []string
	for _, n := range i.Notes {
		commands = append(commands, n.Commands...)
	}
	want := []string{"kubectl -n cm get secret corp-ca -o json | jq '{apiVersion, kind, type, metadata: {name: .metadata.name}, data}' | kubectl -n certs create -f -"}
	if diff := cmp.Diff(want, commands); diff != "" {
		t.Errorf("commands (-want, +got):\n%s", diff)
	}
}

// A rule has at most a thousand patterns.
func TestAllowIsSplit(t *testing.T) {
	docs := []string{"{apiVersion: cert-manager.io/v1, kind: ClusterIssuer, metadata: {name: acme}, spec: {ca: {secretName: x}}}"}
	for n := range 21 {
		name := "c" + string(rune('a'+n))
		docs = append(docs, document("cert-manager.io/v1", "Certificate", name, "{secretName: "+name+"-tls, issuerRef: {name: acme, kind: ClusterIssuer}, dnsNames: ["+
			strings.ReplaceAll(many(100), "example.com", name+".example.com")+"]}"))
	}
	allow, _ := convert(t, docs...).only(t, "ClusterCertIssuer").Object["spec"].(map[string]any)["allow"].([]any)
	total := 0
	for _, rule := range allow {
		n := len(rule.(map[string]any)["dnsNames"].([]any))
		if n > 1000 {
			t.Errorf("a rule has %d patterns", n)
		}
		total += n
	}
	if len(allow) != 3 || total != 2100 {
		t.Errorf("%d rules with %d patterns, want 3 with 2100", len(allow), total)
	}
}

// A CA that signs itself, in the three objects that cert-manager needs, is one issuer of Tollgate.
func TestBootstrap(t *testing.T) {
	docs := []string{
		"{apiVersion: cert-manager.io/v1, kind: ClusterIssuer, metadata: {name: self}, spec: {selfSigned: {}}}",
		document("cert-manager.io/v1", "Certificate", "root", "{isCA: true, commonName: Root, secretName: root, duration: 87600h, issuerRef: {name: self, kind: ClusterIssuer}}"),
		document("cert-manager.io/v1", "Issuer", "ca", "{ca: {secretName: root}}"),
	}
	r := convert(t, docs...)
	wantYAML(t, r.only(t, "CertIssuer").Object["spec"], "{ca: {secretName: root, selfSigned: {commonName: Root, duration: 87600h0m0s}}}")
	if len(r.Items) != 1 || len(r.LeftOut) != 2 || !r.Complete() {
		t.Errorf("items %v, left out %v", r.Items, r.LeftOut)
	}

	// With a leaf of the same issuer, that is needed too.
	r = convert(t, append(docs, document("cert-manager.io/v1", "Certificate", "web", "{secretName: web, dnsNames: [a.example.com], issuerRef: {name: self, kind: ClusterIssuer}}"))...)
	wantYAML(t, r.only(t, "ClusterCertIssuer").Object["spec"].(map[string]any)["ca"], "{secretName: self-ca, selfSigned: {}}")

	// In another namespace, the CA of a ClusterIssuer is not the one that it reads.
	r = convert(t, docs[0], docs[1], "{apiVersion: cert-manager.io/v1, kind: ClusterIssuer, metadata: {name: corp}, spec: {ca: {secretName: root}}}")
	if r.Complete() {
		t.Errorf("a CA of another namespace is taken for that of a ClusterIssuer: %v", r.LeftOut)
	}
}
