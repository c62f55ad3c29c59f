// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fromCA is what a TLSCertificate has that says nothing but names, for a CA.
const fromCA = `secretName: web-tls, issuerRef: {kind: CertIssuer, name: ca}, `

func TestCertificateFields(t *testing.T) {
	const (
		names = "dnsNames: [www.example.com], "
		key   = "privateKey: {algorithm: RSA, size: 2048}, "
		both  = `usages: [server auth, client auth]`
	)
	tests := []struct {
		name, spec, want string
		notes            []string
	}{
		{"nothing but names", `dnsNames: [www.example.com]`, names + key + both, nil},
		{"names in lower case, once, without the final dot", `dnsNames: [WWW.example.com, "*.example.com", www.example.com.]`, `dnsNames: [www.example.com, "*.example.com"], ` + key + both, nil},
		{"names that are none", `dnsNames: [www.example.com, a_b.example.com, "*.*.example.com", bücher.example.com]`, names + key + both, []string{"noEquivalent spec.dnsNames"}},
		{"addresses", `ipAddresses: [10.0.0.7, "2001:db8::1", "::ffff:10.0.0.7", 10.0.0.7]`, `ipAddresses: [10.0.0.7, "2001:db8::1"], ` + key + both, nil},
		{"addresses that are none", `ipAddresses: [10.0.0.7, 10.0.0.300, "fe80::1%eth0"]`, `ipAddresses: [10.0.0.7], ` + key + both, []string{"noEquivalent spec.ipAddresses"}},
		{"URIs", `uris: ["spiffe://example.org/ns/shop", nothing]`, `uris: ["spiffe://example.org/ns/shop"], ` + key + both, []string{"noEquivalent spec.uris"}},
		{"common name among the names", `dnsNames: [www.example.com], commonName: WWW.example.com`, names + key + both, []string{"noEquivalent spec.commonName"}},
		{"common name that is another", `commonName: www.example.com`, names + key + both, []string{"noEquivalent spec.commonName"}},
		{"common name that is an address", `commonName: 10.0.0.7`, `ipAddresses: [10.0.0.7], ` + key + both, []string{"noEquivalent spec.commonName"}},
		{"common name that is no name", `dnsNames: [www.example.com], commonName: web`, names + key + both, []string{"noEquivalent spec.commonName"}},
		{"ECDSA", `dnsNames: [www.example.com], privateKey: {algorithm: ECDSA, size: 384, rotationPolicy: Never, encoding: PKCS8}`, names + `privateKey: {algorithm: ECDSA, size: 384, rotationPolicy: Never}, ` + both, nil},
		{"ECDSA by default", `dnsNames: [www.example.com], privateKey: {algorithm: ECDSA, rotationPolicy: Always}`, names + `privateKey: {algorithm: ECDSA, size: 256, rotationPolicy: Always}, ` + both, nil},
		{"Ed25519 has no size", `dnsNames: [www.example.com], privateKey: {algorithm: Ed25519, size: 256}`, names + `privateKey: {algorithm: Ed25519}, ` + both, nil},
		{"sizes that are too long", `dnsNames: [www.example.com], privateKey: {size: 8192}`, names + `privateKey: {algorithm: RSA, size: 4096}, ` + both, []string{"noEquivalent spec.privateKey.size"}},
		{"P-521", `dnsNames: [www.example.com], privateKey: {algorithm: ECDSA, size: 521}`, names + `privateKey: {algorithm: ECDSA, size: 384}, ` + both, []string{"noEquivalent spec.privateKey.size"}},
		{"PKCS #1", `dnsNames: [www.example.com], privateKey: {encoding: PKCS1}, signatureAlgorithm: SHA512WithRSA`, names + key + both, []string{"noEquivalent spec.privateKey.encoding", "noEquivalent spec.signatureAlgorithm"}},
		{"usages", `dnsNames: [www.example.com], usages: [digital signature, key encipherment, server auth]`, names + key + `usages: [server auth]`, nil},
		{"client only", `dnsNames: [www.example.com], usages: [client auth]`, names + key + `usages: [client auth]`, nil},
		{"any usage", `dnsNames: [www.example.com], usages: [any]`, names + key + both, nil},
		{"other usages", `dnsNames: [www.example.com], usages: [server auth, code signing]`, names + key + `usages: [server auth]`, []string{"noEquivalent spec.usages"}},
		{"times", `dnsNames: [www.example.com], duration: 48h, renewBefore: 8h`, names + key + both + `, duration: 48h0m0s, renewBefore: 8h0m0s`, nil},
		{"percentage", `dnsNames: [www.example.com], renewBeforePercentage: 25`, names + key + both + `, renewBeforePercentage: 25`, nil},
		{"percentage out of range", `dnsNames: [www.example.com], renewBeforePercentage: 100`, names + key + both, []string{"noEquivalent spec.renewBeforePercentage"}},
		{"both", `dnsNames: [www.example.com], renewBefore: 1h, renewBeforePercentage: 25`, names + key + both + `, renewBefore: 1h0m0s`, []string{"noEquivalent spec.renewBeforePercentage"}},
		{"due before it is born", `dnsNames: [www.example.com], duration: 48h, renewBefore: 48h`, names + key + both + `, duration: 48h0m0s`, []string{"noEquivalent spec.renewBefore"}},
		{"due when born", `dnsNames: [www.example.com], duration: 48h, renewBefore: 47h`, names + key + both + `, duration: 48h0m0s, renewBefore: 47h0m0s`, []string{"noEquivalent spec.renewBefore"}},
		{"short", `dnsNames: [www.example.com], duration: 10m`, names + key + both, []string{"noEquivalent spec.duration"}},
		{"renewal of 1.21", `dnsNames: [www.example.com], renewal: {policy: Disabled, windows: [{cron: "* * * * *"}]}`, names + key + both, []string{"noEquivalent spec.renewal.policy", "noEquivalent spec.renewal.windows"}},
		{"secretTemplate", `dnsNames: [www.example.com], secretTemplate: {labels: {a: b}, annotations: {c: d, cert-manager.io/certificate-name: x, tollgate.dev/issuer: other}}`,
			names + key + both + `, secretTemplate: {labels: {a: b}, annotations: {c: d}}`, []string{"noEquivalent spec.secretTemplate.annotations"}},
		{"what has no equivalent", `dnsNames: [www.example.com], emailAddresses: [a@example.com], otherNames: [{oid: "1.2"}], subject: {organizations: [x]}, keystores: {jks: {}, pkcs12: {}},
  additionalOutputFormats: [{type: DER}, {type: CombinedPEM}, {type: Other}], nameConstraints: {critical: true}, revisionHistoryLimit: 1, encodeUsagesInRequest: false, literalSubject: "CN=x", novelty: 1`,
			names + key + both, []string{
				"noEquivalent spec.emailAddresses", "noEquivalent spec.otherNames", "noEquivalent spec.subject", "noEquivalent spec.literalSubject", "noEquivalent spec.nameConstraints",
				"noEquivalent spec.keystores.jks", "noEquivalent spec.keystores.pkcs12",
				"noEquivalent spec.additionalOutputFormats", "noEquivalent spec.additionalOutputFormats", "noEquivalent spec.additionalOutputFormats",
				"noEquivalent spec.revisionHistoryLimit", "noEquivalent spec.encodeUsagesInRequest", "noEquivalent spec.novelty",
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := convert(t, caIssuer, document("cert-manager.io/v1", "Certificate", "web", "{secretName: web-tls, issuerRef: {name: ca}, "+tt.spec+"}"))
			i := r.only(t, "TLSCertificate")
			wantYAML(t, i.Object["spec"], "{"+fromCA+tt.want+"}")
			if diff := cmp.Diff(tt.notes, short(i.Notes)); diff != "" {
				t.Errorf("notes (-want, +got):\n%s", diff)
			}
			if r.Complete() != !slices.ContainsFunc(tt.notes, func(n string) bool { return strings.HasPrefix(n, NoEquivalent) }) {
				t.Errorf("Complete() = %t with notes %v", r.Complete(), tt.notes)
			}
		})
	}
}

func TestCertificateOfACMEServer(t *testing.T) {
	r := convert(t, acmeIssuer, document("cert-manager.io/v1", "Certificate", "web",
		`{secretName: web-tls, issuerRef: {name: acme, kind: ClusterIssuer, group: cert-manager.io}, dnsNames: [www.example.com], uris: ["spiffe://a/b"], usages: [server auth, client auth]}`))
	i := r.only(t, "TLSCertificate")
	wantYAML(t, i.Object["spec"], `{secretName: web-tls, issuerRef: {kind: ClusterCertIssuer, name: acme}, dnsNames: [www.example.com], privateKey: {algorithm: RSA, size: 2048}}`)
	if diff := cmp.Diff([]string{"noEquivalent spec.uris", "noEquivalent spec.usages"}, short(i.Notes)); diff != "" {
		t.Errorf("notes (-want, +got):\n%s", diff)
	}
}

func TestCertificateMetadata(t *testing.T) {
	r := convert(t, `
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: acme}
spec: {acme: {server: "https://ca.example.com/dir", privateKeySecretRef: {name: account},
  solvers: [{selector: {matchLabels: {app.kubernetes.io/instance: a}}, http01: {ingress: {}}}]}}`, `
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: web
  namespace: shop
  labels: {app: web, app.kubernetes.io/instance: a, app.kubernetes.io/managed-by: Helm, argocd.argoproj.io/instance: a, kustomize.toolkit.fluxcd.io/name: a, helm.sh/chart: a}
  annotations: {cert-manager.io/issue-temporary-certificate: "true", kubectl.kubernetes.io/last-applied-configuration: "{}"}
  ownerReferences: [{apiVersion: networking.k8s.io/v1, kind: Ingress, name: web, uid: u}]
spec: {secretName: web-tls, dnsNames: [www.example.com], issuerRef: {name: acme, kind: ClusterIssuer}}
status: {conditions: []}`)
	i := r.only(t, "TLSCertificate")
	wantYAML(t, i.Object["metadata"], "{name: web, namespace: shop, labels: {app: web, app.kubernetes.io/instance: a}}")
	want := []string{"toDo metadata.ownerReferences", "noEquivalent metadata.annotations[cert-manager.io/issue-temporary-certificate]"}
	if diff := cmp.Diff(want, short(i.Notes)); diff != "" {
		t.Errorf("notes (-want, +got):\n%s", diff)
	}
}

func TestCertificatesLeftOut(t *testing.T) {
	tests := []struct{ name, spec, want string }{
		{"external issuer", `{secretName: s, dnsNames: [a.example.com], issuerRef: {name: x, kind: StepIssuer, group: certmanager.step.sm}}`, `StepIssuer x of group "certmanager.step.sm" is an external issuer`},
		{"no issuer", `{secretName: s, dnsNames: [a.example.com]}`, "spec.issuerRef.name is missing"},
		{"odd issuer", `{secretName: s, dnsNames: [a.example.com], issuerRef: {name: x, kind: Isuer}}`, `want Issuer or ClusterIssuer, found "Isuer"`},
		{"no names", `{secretName: s, issuerRef: {name: ca}, emailAddresses: [a@example.com]}`, "it has no DNS name, IP address or URI that a TLSCertificate can have: spec.emailAddresses"},
		{"wrong types", `{secretName: 7, dnsNames: a.example.com, issuerRef: {name: ca}, isCA: "yes", duration: 1y, usages: [1], secretTemplate: {labels: {a: 1}}, privateKey: [], ipAddresses: {}}`,
			`spec.isCA: want true or false, found a string; spec.secretName: want a string, found a number; spec.secretTemplate.labels.a: want a string, found a number; ` +
				`spec.dnsNames: want a list of strings, found a string; spec.ipAddresses: want a list of strings, found an object; spec.privateKey: want an object, found a list; ` +
				`spec.duration: want a duration such as 2160h, found "1y"; spec.usages[0]: want a string, found a number`},
		{"Secret's name", `{secretName: "a b", dnsNames: [a.example.com], issuerRef: {name: ca}}`, `spec.secretName: want the name of a Secret, found "a b"`},
		{"issuer's name", `{secretName: a, dnsNames: [a.example.com], issuerRef: {name: "$(reboot)"}}`, `spec.issuerRef.name: want the name of an object, found "$(reboot)"`},
		{"CA", `{secretName: s, isCA: true, commonName: x, issuerRef: {name: ca}}`, "spec.isCA: a TLSCertificate is never a CA"},
		{"no spec", `null`, "spec.issuerRef.name is missing"},
		{"key", `{secretName: s, dnsNames: [a.example.com], issuerRef: {name: ca}, privateKey: {algorithm: DSA, rotationPolicy: Often}}`, `want RSA, ECDSA or Ed25519, found "DSA"; spec.privateKey.rotationPolicy: want Always or Never, found "Often"`},
		{"too many names", `{secretName: s, issuerRef: {name: ca}, dnsNames: [` + many(101) + `]}`, "it has more than 100 names of a kind"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := convert(t, caIssuer, document("cert-manager.io/v1", "Certificate", "web", tt.spec))
			if len(r.LeftOut) != 1 || !strings.Contains(r.LeftOut[0].Why, tt.want) || r.Complete() {
				t.Errorf("left out: %v, want one with %q", r.LeftOut, tt.want)
			}
		})
	}
}

func many(n int) string {
	var all []string
	for i := range n {
		all = append(all, strings.Repeat("a", 1+i/26)+string(rune('a'+i%26))+".example.com")
	}
	return strings.Join(all, ", ")
}
