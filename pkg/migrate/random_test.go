// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	_ "github.com/tollgate-dev/tollgate/test/seed"
)

// words that random objects are made of: names of fields, and values that mean something, or nothing.
var (
	fieldNames = strings.Fields(`acme ca selfSigned vault server email solvers http01 dns01 ingress gatewayHTTPRoute parentRefs name namespace key
		route53 cloudDNS cloudflare azureDNS akamai acmeDNS digitalocean rfc2136 webhook nameserver tsigKeyName tsigSecretSecretRef tsigAlgorithm secretName
		issuerRef kind group dnsNames ipAddresses uris commonName duration renewBefore renewBeforePercentage usages privateKey algorithm size rotationPolicy
		secretTemplate labels annotations isCA selector dnsZones matchLabels privateKeySecretRef externalAccountBinding keyID keySecretRef caBundle
		apiTokenSecretRef apiKeySecretRef accessKeyIDSecretRef secretAccessKeySecretRef tokenSecretRef serviceAccountSecretRef host domain provider secret secretKey class ingressClassName`)
	values = []any{nil, true, false, int64(0), int64(256), int64(2048), int64(-1), 1.5, "", "a", "web", "www.example.com", "*.example.com", "WWW.Example.com.", "10.0.0.1", "::1",
		"https://ca.example.com/dir", "spiffe://a/b", "1h", "2160h", "-1h", "RSA", "ECDSA", "Never", "Issuer", "ClusterIssuer", "cert-manager.io", "server auth", "YWJj",
		"HMACSHA256", "192.0.2.1:53", "\n---\nkind: Namespace\n", "'; reboot #", "\u2028", "\x00", "$(reboot)", strings.Repeat("a", 300)}
)

func anyValue(depth int) *rapid.Generator[any] {
	leaf := rapid.SampledFrom(values)
	if depth == 0 {
		return leaf
	}
	return rapid.Custom(func(t *rapid.T) any {
		switch rapid.IntRange(0, 4).Draw(t, "type") {
		case 0:
			return leaf.Draw(t, "leaf")
		case 1:
			list := rapid.SliceOfN(anyValue(depth-1), 0, 3).Draw(t, "list")
			return append([]any{}, list...)
		default:
			return anyObject(depth).Draw(t, "object")
		}
	})
}

func anyObject(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		m := map[string]any{}
		for k, v := range rapid.MapOfN(rapid.SampledFrom(fieldNames), anyValue(depth-1), 0, 5).Draw(t, "fields") {
			m[k] = v
		}
		return m
	})
}

// plausible objects convert often, and have a random value at one place.
var plausible = []string{
	acmeIssuer, caIssuer,
	`{apiVersion: cert-manager.io/v1, kind: ClusterIssuer, metadata: {name: self}, spec: {selfSigned: {}}}`,
	`{apiVersion: cert-manager.io/v1, kind: Issuer, metadata: {name: dns, namespace: shop}, spec: {acme: {server: "https://ca", email: a@example.com, privateKeySecretRef: {name: account, key: k}, solvers: [
		{selector: {dnsZones: [example.com]}, dns01: {route53: {region: r, accessKeyIDSecretRef: {name: a, key: b}, secretAccessKeySecretRef: {name: a, key: c}}}},
		{dns01: {rfc2136: {nameserver: ns, tsigKeyName: k, tsigSecretSecretRef: {name: t, key: s}}}}, {http01: {gatewayHTTPRoute: {parentRefs: [{name: gw, namespace: net}]}}}]}}}`,
	`{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: web, namespace: shop, labels: {a: b}}, spec: {secretName: web-tls, dnsNames: [www.example.com], ipAddresses: [10.0.0.1],
		uris: ["spiffe://a/b"], commonName: www.example.com, issuerRef: {name: ca, kind: Issuer}, privateKey: {algorithm: ECDSA, size: 256}, usages: [server auth], duration: 2160h, renewBefore: 360h,
		secretTemplate: {labels: {a: b}}, keystores: {jks: {create: true}}}}`,
	`{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: api, namespace: shop}, spec: {secretName: api-tls, dnsNames: [api.example.com], issuerRef: {name: acme, kind: ClusterIssuer}}}`,
	`{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: root, namespace: shop}, spec: {secretName: ca, isCA: true, commonName: Root, issuerRef: {name: self, kind: ClusterIssuer}}}`,
	`{apiVersion: stable.hightower.com/v1, kind: Certificate, metadata: {name: old, namespace: shop}, spec: {domain: old.example.com, email: a@example.com, provider: dyn, secret: s, secretKey: k}}`,
}

// inputs are plausible objects of which some have something random somewhere.
func anyInputs() *rapid.Generator[[]Input] {
	return rapid.Custom(func(t *rapid.T) []Input {
		var all []Input
		for n, text := range plausible {
			parsed, err := Parse(fmt.Sprintf("f%d", n), strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if rapid.IntRange(0, 2).Draw(t, "changed") > 0 {
				change(t, parsed[0].Object)
			}
			all = append(all, parsed...)
		}
		return all
	})
}

// change replaces one value at any depth.
func change(t *rapid.T, m map[string]any) {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	if len(keys) == 0 || rapid.IntRange(0, 9).Draw(t, "add") == 0 {
		m[rapid.SampledFrom(fieldNames).Draw(t, "field")] = anyValue(2).Draw(t, "value")
		return
	}
	k := rapid.SampledFrom(keys).Draw(t, "key")
	switch v := m[k].(type) {
	case map[string]any:
		if rapid.IntRange(0, 5).Draw(t, "deeper") > 0 {
			change(t, v)
			return
		}
	case []any:
		if len(v) > 0 && rapid.IntRange(0, 5).Draw(t, "deeper") > 0 {
			n := rapid.IntRange(0, len(v)-1).Draw(t, "index")
			if o, ok := v[n].(map[string]any); ok {
				change(t, o)
			} else {
				v[n] = anyValue(1).Draw(t, "value")
			}
			return
		}
	}
	m[k] = anyValue(2).Draw(t, "value")
}

// TestConvertAnything wants, whatever the objects are: each is converted, left out or counted; the order of the inputs does not
// matter if none is there twice; and what is printed reads back as the objects and nothing else.
func TestConvertAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inputs := anyInputs().Draw(t, "inputs")
		before, err := json.Marshal(inputs)
		if err != nil {
			t.Fatal(err)
		}
		r := Convert(inputs, Options{})
		checkResult(t, inputs, r)
		if after, _ := json.Marshal(inputs); !bytes.Equal(before, after) {
			t.Fatal("the inputs were changed")
		}
		if slices.ContainsFunc(r.LeftOut, func(l LeftOut) bool { return strings.HasPrefix(l.Why, "it is there twice") }) {
			return // the first of them is taken
		}
		if again := Convert(rapid.Permutation(inputs).Draw(t, "order"), Options{}); cmp.Diff(r.Report(), again.Report()) != "" {
			t.Fatalf("another order of the inputs (-first, +second):\n%s", cmp.Diff(r.Report(), again.Report()))
		}
	})
}

func checkResult(t interface{ Fatalf(string, ...any) }, inputs []Input, r *Result) {
	var b bytes.Buffer
	if err := r.WriteYAML(&b); err != nil {
		t.Fatalf("WriteYAML: %v", err)
	}
	back, err := Parse("printed", &b)
	if err != nil {
		t.Fatalf("what was printed cannot be read: %v\n%s", err, b.String())
	}
	if len(back) != len(r.Items) {
		t.Fatalf("%d objects were printed, want %d", len(back), len(r.Items))
	}
	accounted := map[string]bool{}
	for n, i := range r.Items {
		want, _ := json.Marshal(i.Object)
		if got, _ := json.Marshal(back[n].Object); !bytes.Equal(got, want) {
			t.Fatalf("printed as\n%s\nwant\n%s", got, want)
		}
		if back[n].Object["apiVersion"] != v1alpha1.GroupVersion.String() {
			t.Fatalf("printed %v", back[n].Object)
		}
		for _, from := range i.From {
			accounted[from.Source] = true
		}
	}
	for _, l := range r.LeftOut {
		accounted[l.Source] = true
	}
	others := 0
	for _, o := range r.Others {
		others += o.Count
	}
	if len(accounted)+others != len(inputs) {
		t.Fatalf("%d of %d objects are accounted for", len(accounted)+others, len(inputs))
	}
	if strings.ContainsAny(strings.Join(r.Lines(), ""), "\n\r\x00\u2028") {
		t.Fatalf("lines: %q", r.Lines())
	}
}

// FuzzConvert looks for panics, and for output that does not read back, in whatever can be parsed.
func FuzzConvert(f *testing.F) {
	f.Add(strings.Join(plausible, "\n---\n"))
	for _, text := range plausible {
		f.Add(text)
	}
	f.Add("{apiVersion: cert-manager.io/v1, kind: Issuer, metadata: {name: a}, spec: {acme: {solvers: [{dns01: {webhook: 7}}]}}}")
	f.Fuzz(func(t *testing.T, text string) {
		inputs, err := Parse("f", strings.NewReader(text))
		if err == nil {
			checkResult(t, inputs, Convert(inputs, Options{}))
		}
	})
}
