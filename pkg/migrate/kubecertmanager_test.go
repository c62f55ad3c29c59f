// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func old(name, spec string) string {
	return document("stable.hightower.com/v1", "Certificate", name, spec)
}

// Certificates that agree on who signs share an issuer; the others have one each, whose names nobody has.
func TestKubeCertManager(t *testing.T) {
	r := convertWith(t, Options{ACMEServer: "https://ca.example.com/dir"},
		old("a", "{domain: A.example.com, email: x@example.com, provider: dyn, secret: dns, secretKey: config}"),
		old("b", "{domain: b.example.com, email: x@example.com, provider: dyn, secret: dns, secretKey: config}"),
		old("c", "{domain: c.example.com, email: y@example.com, provider: dyn, secret: dns, secretKey: config}"),
		old("d", "{domain: d.example.com, email: x@example.com, provider: route53}"),
		document("cert-manager.io/v1", "Issuer", "acme-route53", "{ca: {secretName: x}}"))
	issuers, certificates := map[string]string{}, map[string]string{}
	for _, i := range r.Items {
		spec := i.Object["spec"].(map[string]any)
		switch {
		case i.To.Kind == "TLSCertificate":
			ref := spec["issuerRef"].(map[string]any)
			certificates[i.To.Name] = spec["secretName"].(string) + " " + ref["name"].(string)
		case spec["acme"] != nil:
			issuers[i.To.Name] = spec["acme"].(map[string]any)["email"].(string)
		}
	}
	if diff := cmp.Diff(map[string]string{"acme-dyn": "x@example.com", "acme-dyn-2": "y@example.com", "acme-route53-2": "x@example.com"}, issuers); diff != "" {
		t.Errorf("issuers (-want, +got):\n%s", diff)
	}
	want := map[string]string{"a": "a.example.com acme-dyn", "b": "b.example.com acme-dyn", "c": "c.example.com acme-dyn-2", "d": "d.example.com acme-route53-2"}
	if diff := cmp.Diff(want, certificates); diff != "" {
		t.Errorf("certificates (-want, +got):\n%s", diff)
	}
	wantYAML(t, r.Items[1].Object["spec"], `{acme: {server: "https://ca.example.com/dir", email: y@example.com, termsOfServiceAgreed: true, privateKeySecretRef: {name: acme-dyn-2-account},
  solvers: [{dns01: {exec: {plugin: dyn, configSecretRef: {name: dns, key: config}}}}]}}`)
	if got := short(r.Items[3].Notes); !cmp.Equal(got, []string{"toDo spec.provider", "noEquivalent spec.provider"}) {
		t.Errorf("notes of route53: %v", got)
	}
}

func TestKubeCertManagerLeftOut(t *testing.T) {
	for spec, want := range map[string]string{
		"{domain: 7, provider: dyn}":                                                 "spec.domain: want a string, found a number",
		"{domain: 'a b', provider: dyn}":                                             `spec.domain: want a DNS name, no wildcard, found "a b"`,
		"{domain: '*.example.com', provider: dyn}":                                   `spec.domain: want a DNS name, no wildcard, found "*.example.com"`,
		"{domain: a.example.com, provider: ../dyn}":                                  `spec.provider: want the name of a plugin, found "../dyn"`,
		"{domain: a.example.com, provider: dyn, secret: a}":                          "spec.secretKey: want a key of Secret a",
		"{domain: a.example.com, project: p, serviceAccount: s, email: a@b.example}": "spec.provider: want the name of a plugin",
	} {
		r := convert(t, old("a", spec))
		if len(r.Items) != 0 || len(r.LeftOut) != 1 || !strings.Contains(r.LeftOut[0].Why, want) {
			t.Errorf("%s: left out %v, want %q", spec, r.LeftOut, want)
		}
	}
}

// Both products may have an object of a name; one of the two is left out, and said so.
func TestNamesThatBothHave(t *testing.T) {
	r := convert(t, caIssuer, old("web", "{domain: a.example.com, provider: dyn}"),
		document("cert-manager.io/v1", "Certificate", "web", "{secretName: s, dnsNames: [a.example.com], issuerRef: {name: ca}}"))
	if len(r.LeftOut) != 1 || !strings.Contains(r.LeftOut[0].Why, "is made of cert-manager Certificate shop/web (test, document 3) already") {
		t.Errorf("left out: %v", r.LeftOut)
	}
}
