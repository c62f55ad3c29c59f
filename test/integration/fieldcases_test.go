// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

const (
	certificateSpecimen = `
spec:
  secretName: web-tls
  dnsNames: [www.example.com, "*.example.com"]
  ipAddresses: [192.0.2.7, "2001:db8::7"]
  uris: ["spiffe://example.org/ns/shop/sa/web"]
  usages: [server auth, client auth]
  issuerRef: {name: internal, kind: ClusterCertIssuer}
  duration: 2160h
  renewBefore: 1h
  secretTemplate: {labels: {team: shop}, annotations: {example.com/owner: "Ärger & Söhne"}}
  secretDeletionPolicy: Delete
  privateKey: {algorithm: RSA, size: 3072, rotationPolicy: Never}
  profile: tlsserver
  suspend: false
`
	acmeSpecimen = `
spec:
  acme:
    server: https://ca.example.com/directory
    email: admin@example.com
    termsOfServiceAgreed: true
    privateKeySecretRef: {name: account}
    caBundle: BUNDLE
    profile: tlsserver
    externalAccountBinding: {keyID: kid-1, keySecretRef: {name: eab, key: mac}}
    preferredChain: ISRG Root X1
    maxIssuancesPerWeek: 10
    solvers:
    - selector: {dnsNames: [www.example.com, "*.example.com"], dnsZones: [example.org], matchLabels: {team: shop}}
      http01: {ingress: {ingressClassName: nginx}}
    - http01: {gatewayHTTPRoute: {parentRefs: [{name: gateway, namespace: infra, sectionName: http}, {name: other}]}}
    - dns01:
        propagationTimeout: 30m
        rfc2136: {nameserver: "192.0.2.53:53", tsigKeyName: tollgate., tsigAlgorithm: HMACSHA512, tsigSecretRef: {name: tsig, key: secret}}
    - dns01: {webhook: {url: "https://dns.example.com/hook?tenant=1", caBundle: BUNDLE, authorizationSecretRef: {name: hook, key: header}}}
    - dns01: {exec: {plugin: dns01-lego, configSecretRef: {name: lego, key: config.yaml}}}
`
	caSpecimen = `
spec:
  ca:
    secretName: ca
    selfSigned: {commonName: Internal CA, duration: 87600h}
    backdate: 10m
    maxDuration: 2160h
    trustPropagation: 1h
`
	allowSpecimen = `
  allow:
  - namespaceSelector: {matchLabels: {team: shop}, matchExpressions: [{key: env, operator: In, values: [prod]}]}
    dnsNames: ["**.example.com"]
    ipRanges: [10.0.0.0/8]
    uris: ["spiffe://example.org/*"]
`
)

// specimens are all kinds, with all fields between them.
func specimens() []specimen {
	acme := strings.ReplaceAll(acmeSpecimen, "BUNDLE", base64.StdEncoding.EncodeToString([]byte("# root\n-----BEGIN CERTIFICATE-----\n...")))
	return []specimen{
		{"TLSCertificate", "TLSCertificate", certificateSpecimen, certificateFields()},
		{"CertIssuer of ACME", v1alpha1.KindCertIssuer, acme, acmeFields()},
		{"CertIssuer of a CA", v1alpha1.KindCertIssuer, caSpecimen, caFields()},
		{"ClusterCertIssuer of ACME", v1alpha1.KindClusterCertIssuer, acme + allowSpecimen, slices.Concat(acmeFields(), allowFields())},
		{"ClusterCertIssuer of a CA", v1alpha1.KindClusterCertIssuer, caSpecimen + allowSpecimen, caFields()},
	}
}

func certificateFields() []field {
	const dnsName, labelKeys = "want a name such as", "keys of labels must be"
	return slices.Concat(
		names("spec.secretName"), names("spec.issuerRef.name"),
		durations("spec.duration", "duration must be from 1h to 876000h", "59m59s", "876001h"),
		durations("spec.renewBefore", "renewBefore must be from 1s to 876000h", "0s", "876001h"),
		labels("spec.secretTemplate.labels"), annotations("spec.secretTemplate.annotations"),
		[]field{
			{path: "spec", value: gone{}, want: "Required value"},
			{path: "spec.secretName", value: gone{}, want: "Required value"},
			{path: "spec.secretName", value: "web-tls.v2"},

			{path: "spec.dnsNames", value: many(101, "a%d.example.com"), want: "must have at most 100 items"},
			{path: "spec.dnsNames[0]", value: "", want: dnsName},
			{path: "spec.dnsNames[0]", value: "Www.example.com", want: "lower case"},
			{path: "spec.dnsNames[0]", value: "www.example.com.", want: "no dot at the end"},
			{path: "spec.dnsNames[0]", value: "bücher.example", want: "xn-- form"},
			{path: "spec.dnsNames[0]", value: "www_1.example.com", want: dnsName},
			{path: "spec.dnsNames[0]", value: "www.*.example.com", want: dnsName},
			{path: "spec.dnsNames[0]", value: "*", want: dnsName},
			{path: "spec.dnsNames[0]", value: "-a.example.com", want: dnsName},
			{path: "spec.dnsNames[0]", value: "a..example.com", want: dnsName},
			{path: "spec.dnsNames[0]", value: "a.example.com,b.example.com", want: dnsName},
			{path: "spec.dnsNames[0]", value: "https://www.example.com", want: dnsName},
			{path: "spec.dnsNames[0]", value: "www.example.com\n", want: dnsName},
			{path: "spec.dnsNames[0]", value: strings.Repeat("a", 64) + ".example.com", want: "at most 63"},
			{path: "spec.dnsNames[0]", value: strings.Repeat("a.", 123) + "example.com", want: "may not be more than 253"},
			{path: "spec.dnsNames[0]", value: "192.0.2.7", want: "put it into ipAddresses"},
			{path: "spec.dnsNames[2]", value: "www.example.com", want: "Duplicate value"},
			{path: "spec.dnsNames[0]", value: "localhost"},
			{path: "spec.dnsNames[0]", value: strings.Repeat("a", 63) + ".xn--bcher-kva.example"},

			{path: "spec.ipAddresses", value: many(101, "192.0.2.%d"), want: "must have at most 100 items"},
			{path: "spec.ipAddresses[0]", value: "", want: "want an IP address"},
			{path: "spec.ipAddresses[0]", value: "192.0.2.256", want: "want an IP address"},
			{path: "spec.ipAddresses[0]", value: "192.0.2.07", want: "want an IP address"},
			{path: "spec.ipAddresses[0]", value: "192.0.2.0/24", want: "without mask"},
			{path: "spec.ipAddresses[0]", value: "192.0.2.7:443", want: "port"},
			{path: "spec.ipAddresses[0]", value: "fe80::1%eth0", want: "zone"},
			{path: "spec.ipAddresses[0]", value: "www.example.com", want: "want an IP address"},
			{path: "spec.ipAddresses[0]", value: strings.Repeat("1", 46), want: "may not be more than 45"},
			{path: "spec.ipAddresses[2]", value: "192.0.2.7", want: "Duplicate value"},

			{path: "spec.uris", value: many(101, "urn:a:%d"), want: "must have at most 100 items"},
			{path: "spec.uris[0]", value: "", want: "want a whole URI"},
			{path: "spec.uris[0]", value: "/ns/shop", want: "want a whole URI"},
			{path: "spec.uris[0]", value: "example.org", want: "want a whole URI"},
			{path: "spec.uris[0]", value: "spiffe://example.org/a b", want: "printable ASCII"},
			{path: "spec.uris[0]", value: "spiffe://example.org/bücher", want: "printable ASCII"},
			{path: "spec.uris[0]", value: "urn:" + strings.Repeat("a", 2045), want: "may not be more than 2048"},
			{path: "spec.uris[1]", value: "spiffe://example.org/ns/shop/sa/web", want: "Duplicate value"},
			{path: "spec.uris[0]", value: "urn:shop:web"},

			{path: "spec.usages", value: []any{"server auth", "client auth", "any"}, want: "must have at most 2 items"},
			{path: "spec.usages[0]", value: "code signing", want: `supported values: "server auth", "client auth"`},
			{path: "spec.usages[1]", value: "server auth", want: "Duplicate value"},

			{path: "spec.issuerRef", value: gone{}, want: "Required value"},
			{path: "spec.issuerRef.name", value: gone{}, want: "Required value"},
			{path: "spec.issuerRef.kind", value: "Issuer", want: `supported values: "CertIssuer", "ClusterCertIssuer"`},
			{path: "spec.issuerRef.kind", value: "", want: "supported values"},
			{path: "spec.issuerRef.kind", value: gone{}},

			{path: "spec.renewBeforePercentage", value: int64(0), want: "greater than or equal to 1"},
			{path: "spec.renewBeforePercentage", value: int64(-1), want: "greater than or equal to 1"},
			{path: "spec.renewBeforePercentage", value: int64(100), want: "less than or equal to 99"},
			{path: "spec.renewBeforePercentage", value: int64(1) << 40, want: "less than or equal to 99"},
			{path: "spec.renewBeforePercentage", value: 33.3, want: "must be of type integer"},
			{path: "spec.renewBeforePercentage", value: int64(33), want: "set at most one of renewBefore and renewBeforePercentage", at: "spec"},
			{path: "spec.renewBefore", value: "2160h", want: "renewBefore must be shorter than duration"},
			{path: "spec.duration", value: "1h", want: "renewBefore must be shorter than duration", at: "spec.renewBefore"},

			{path: "spec.secretDeletionPolicy", value: "delete", want: `supported values: "Retain", "Delete"`},
			{path: "spec.privateKey.algorithm", value: "DSA", want: `supported values: "ECDSA", "RSA", "Ed25519"`},
			{path: "spec.privateKey.algorithm", value: "ECDSA", want: "256 or 384 for ECDSA", at: "spec.privateKey.size"},
			{path: "spec.privateKey.algorithm", value: "Ed25519", want: "none for Ed25519", at: "spec.privateKey.size"},
			{path: "spec.privateKey.algorithm", value: gone{}, want: "256 or 384 for ECDSA", at: "spec.privateKey.size"},
			{path: "spec.privateKey.size", value: int64(1024), want: "supported values: "},
			{path: "spec.privateKey.size", value: int64(256), want: "2048, 3072 or 4096 for RSA"},
			{path: "spec.privateKey.size", value: gone{}},
			{path: "spec.privateKey.rotationPolicy", value: "OnRenewal", want: `supported values: "Always", "Never"`},
			{path: "spec.profile", value: strings.Repeat("a", 64), want: "may not be more than 63"},
			{path: "spec.suspend", value: "yes", want: "must be of type boolean"},
		},
	)
}

func acmeFields() []field {
	const acme, gateway = "spec.acme.", "spec.acme.solvers[1].http01.gatewayHTTPRoute.parentRefs"
	const rfc2136, webhook, exec = "spec.acme.solvers[2].dns01.rfc2136", "spec.acme.solvers[3].dns01.webhook", "spec.acme.solvers[4].dns01.exec"
	return slices.Concat(
		names(acme+"privateKeySecretRef.name"), secretKey(acme+"externalAccountBinding.keySecretRef"),
		secretKey(rfc2136+".tsigSecretRef"), secretKey(webhook+".authorizationSecretRef"), secretKey(exec+".configSecretRef"),
		names(acme+"solvers[0].http01.ingress.ingressClassName"), names(gateway+"[0].name"),
		labels(acme+"solvers[0].selector.matchLabels"),
		httpsURLs(acme+"server", "server must be the https URL"), httpsURLs(webhook+".url", "url must be https://host/path"),
		bundles(acme+"caBundle"), bundles(webhook+".caBundle"),
		durations("spec.acme.solvers[2].dns01.propagationTimeout", "propagationTimeout must be from 0s to 168h", "-1s", "169h"),
		[]field{
			{path: "spec.acme", value: gone{}, want: "set exactly one of acme and ca", at: "spec"},
			{path: "spec.ca", value: map[string]any{"secretName": "ca"}, want: "set exactly one of acme and ca", at: "spec"},
			{path: acme + "server", value: gone{}},
			{path: acme + "email", value: "admin", want: "email must be one address"},
			{path: acme + "email", value: "mailto:admin@example.com", want: "without mailto:"},
			{path: acme + "email", value: "a@example.com, b@example.com", want: "one address"},
			{path: acme + "email", value: "Admin <admin@example.com>", want: "without mailto: and name"},
			{path: acme + "email", value: "admin@example.com\n", want: "one address"},
			{path: acme + "email", value: strings.Repeat("a", 243) + "@example.com", want: "may not be more than 254"},
			{path: acme + "email", value: "o'brien+acme@example.com"},
			{path: acme + "email", value: ""},
			{path: acme + "termsOfServiceAgreed", value: false, want: "read the CA's terms of service, then set it"},
			{path: acme + "termsOfServiceAgreed", value: gone{}, want: "Required value"},
			{path: acme + "privateKeySecretRef", value: gone{}, want: "Required value"},
			{path: acme + "profile", value: strings.Repeat("a", 64), want: "may not be more than 63"},
			{path: acme + "externalAccountBinding.keyID", value: "", want: "at least 1 chars long"},
			{path: acme + "externalAccountBinding.keyID", value: " kid-1", want: "without spaces"},
			{path: acme + "externalAccountBinding.keyID", value: strings.Repeat("a", 1025), want: "may not be more than 1024"},
			{path: acme + "externalAccountBinding.keyID", value: gone{}, want: "Required value"},
			{path: acme + "externalAccountBinding.keySecretRef", value: gone{}, want: "Required value"},
			{path: acme + "preferredChain", value: strings.Repeat("a", 254), want: "may not be more than 253"},
			{path: acme + "maxIssuancesPerWeek", value: int64(-1), want: "greater than or equal to 0"},
			{path: acme + "maxIssuancesPerWeek", value: int64(1001), want: "less than or equal to 1000"},
			{path: acme + "maxIssuancesPerWeek", value: int64(0)},

			{path: acme + "solvers", value: gone{}, want: "Required value"},
			{path: acme + "solvers", value: []any{}, want: "at least 1 items"},
			{path: acme + "solvers", value: slices.Repeat([]any{map[string]any{"http01": map[string]any{}}}, 33), want: "must have at most 32 items"},
			{path: acme + "solvers[0]", value: map[string]any{}, want: "set exactly one of http01 and dns01"},
			{path: acme + "solvers[0].dns01", value: map[string]any{"exec": map[string]any{"plugin": "p"}}, want: "set exactly one of http01 and dns01", at: acme + "solvers[0]"},
			{path: acme + "solvers[0].selector.dnsNames", value: many(101, "a%d.example.com"), want: "must have at most 100 items"},
			{path: acme + "solvers[0].selector.dnsNames[0]", value: "Www.example.com", want: "want a name as spec.dnsNames of the TLSCertificate has it"},
			{path: acme + "solvers[0].selector.dnsNames[0]", value: "", want: "want a name"},
			{path: acme + "solvers[0].selector.dnsNames[0]", value: strings.Repeat("a", 254), want: "may not be more than 253"},
			{path: acme + "solvers[0].selector.dnsNames[2]", value: "www.example.com", want: "Duplicate value"},
			{path: acme + "solvers[0].selector.dnsZones", value: many(101, "a%d.example.com"), want: "must have at most 100 items"},
			{path: acme + "solvers[0].selector.dnsZones[0]", value: "*.example.com", want: "without *. before it"},
			{path: acme + "solvers[0].selector.dnsZones[0]", value: "example.com.", want: "a dot at its end"},
			{path: acme + "solvers[0].selector.dnsZones[0]", value: "", want: "want a zone"},
			{path: acme + "solvers[0].selector.dnsZones[0]", value: "bücher.example", want: "want a zone"},
			{path: acme + "solvers[0].selector.dnsZones[0]", value: strings.Repeat("a", 254), want: "may not be more than 253"},
			{path: acme + "solvers[0].selector.dnsZones[1]", value: "example.org", want: "Duplicate value"},
			{path: acme + "solvers[0].selector.dnsZones[0]", value: "internal"},

			{path: acme + "solvers[0].http01.gatewayHTTPRoute", value: map[string]any{"parentRefs": []any{map[string]any{"name": "a"}}}, want: "set at most one of ingress and gatewayHTTPRoute", at: acme + "solvers[0].http01"},
			{path: gateway, value: gone{}, want: "Required value"},
			{path: gateway, value: []any{}, want: "at least 1 items"},
			{path: gateway, value: slices.Repeat([]any{map[string]any{"name": "a"}}, 17), want: "must have at most 16 items"},
			{path: gateway + "[2]", value: map[string]any{"name": "other"}, want: "remove the repeated one", at: gateway},
			{path: gateway + "[0].name", value: gone{}, want: "Required value"},
			{path: gateway + "[0].namespace", value: "Infra", want: "want the name of a namespace"},
			{path: gateway + "[0].namespace", value: "in.fra", want: "want the name of a namespace"},
			{path: gateway + "[0].namespace", value: strings.Repeat("a", 64), want: "may not be more than 63"},
			{path: gateway + "[0].namespace", value: ""},
			{path: gateway + "[0].sectionName", value: "HTTP", want: "want the name of a listener"},
			{path: gateway + "[0].sectionName", value: strings.Repeat("a", 254), want: "may not be more than 253"},

			{path: acme + "solvers[2].dns01.exec", value: map[string]any{"plugin": "p"}, want: "set exactly one of rfc2136, webhook and exec", at: acme + "solvers[2].dns01"},
			{path: rfc2136, value: gone{}, want: "set exactly one of rfc2136, webhook and exec", at: acme + "solvers[2].dns01"},
			{path: rfc2136 + ".nameserver", value: gone{}, want: "Required value"},
			{path: rfc2136 + ".nameserver", value: "", want: "at least 1 chars long"},
			{path: rfc2136 + ".nameserver", value: "dns://192.0.2.53", want: "without scheme and path"},
			{path: rfc2136 + ".nameserver", value: "192.0.2.53/zone", want: "without scheme and path"},
			{path: rfc2136 + ".nameserver", value: "192.0.2.53 192.0.2.54", want: "nameserver must be host or host:port"},
			{path: rfc2136 + ".nameserver", value: "192.0.2.53:dns", want: "nameserver must be host or host:port"},
			{path: rfc2136 + ".nameserver", value: strings.Repeat("a", 262), want: "may not be more than 261"},
			{path: rfc2136 + ".nameserver", value: "ns1.example.com."},
			{path: rfc2136 + ".nameserver", value: "2001:db8::53"},
			{path: rfc2136 + ".nameserver", value: "[fe80::53%eth0]:53"},
			{path: rfc2136 + ".tsigKeyName", value: "my key", want: "tsigKeyName must be the key's name"},
			{path: rfc2136 + ".tsigKeyName", value: strings.Repeat("a", 254), want: "may not be more than 253"},
			{path: rfc2136 + ".tsigKeyName", value: "", want: "set both tsigKeyName and tsigSecretRef, or neither", at: rfc2136},
			{path: rfc2136 + ".tsigSecretRef", value: gone{}, want: "set both tsigKeyName and tsigSecretRef, or neither", at: rfc2136},
			{path: rfc2136 + ".tsigAlgorithm", value: "hmac-sha256", want: `supported values: "HMACSHA1"`},
			{path: rfc2136, value: map[string]any{"nameserver": "192.0.2.53", "tsigAlgorithm": "HMACSHA256"}, want: "set tsigKeyName and tsigSecretRef too", at: rfc2136 + ".tsigAlgorithm"},
			{path: webhook + ".url", value: gone{}, want: "Required value"},
			{path: exec + ".plugin", value: gone{}, want: "Required value"},
			{path: exec + ".plugin", value: "", want: "plugin must be the name of a file"},
			{path: exec + ".plugin", value: "../bin/sh", want: "without path"},
			{path: exec + ".plugin", value: ".hidden", want: "plugin must be the name of a file"},
			{path: exec + ".plugin", value: "Lego", want: "lower-case letters"},
			{path: exec + ".plugin", value: strings.Repeat("a", 101), want: "may not be more than 100"},
		},
	)
}

func caFields() []field {
	return slices.Concat(
		names("spec.ca.secretName"),
		durations("spec.ca.selfSigned.duration", "duration must be from 2h to 876000h", "1h59m", "876001h"),
		durations("spec.ca.backdate", "backdate must be from 0s to 168h", "-1s", "169h"),
		durations("spec.ca.maxDuration", "maxDuration must be from 1h to 876000h", "59m", "876001h"),
		durations("spec.ca.trustPropagation", "trustPropagation must be from 0s to 8760h", "-1h", "8761h"),
		[]field{
			{path: "spec.ca.secretName", value: gone{}, want: "Required value"},
			{path: "spec.ca.selfSigned.commonName", value: strings.Repeat("ü", 65), want: "may not be more than 64"},
			{path: "spec.ca.selfSigned.commonName", value: strings.Repeat("ü", 64)},
			{path: "spec.ca.selfSigned.duration", value: "1h", want: "no CA would live to sign", at: "spec.ca.trustPropagation"},
			{path: "spec.ca.trustPropagation", value: "0s"},
		},
	)
}

// allowFields are of the rules; what of them CEL cannot look at is in the issuer's status (allow.Faults).
func allowFields() []field {
	const allow = "spec.allow[0]."
	return []field{
		{path: "spec.allow", value: slices.Repeat([]any{map[string]any{"namespaceSelector": map[string]any{}}}, 1001), want: "must have at most 1000 items"},
		{path: allow + "namespaceSelector", value: gone{}, want: "Required value"},
		{path: allow + "namespaceSelector.matchLabels", value: []any{}, want: "must be of type object"},
		{path: allow + "namespaceSelector.matchLabels{team}", value: true, want: "must be of type string"},
		{path: allow + "namespaceSelector.matchExpressions", value: "env", want: "must be of type array"},
		{path: allow + "namespaceSelector.matchExpressions[0].key", value: gone{}, want: "Required value"},
		{path: allow + "namespaceSelector.matchExpressions[0].operator", value: gone{}, want: "Required value"},
		{path: allow + "namespaceSelector.matchExpressions[0].values", value: "prod", want: "must be of type array"},
		{path: allow + "namespaceSelector.matchExpressions[0].values[0]", value: int64(1), want: "must be of type string"},
		{path: allow + "dnsNames", value: many(1001, "a%d.example.com"), want: "must have at most 1000 items"},
		{path: allow + "dnsNames[1]", value: "**.example.com", want: "Duplicate value"},
		{path: allow + "ipRanges", value: many(1001, "10.%d.0.0/16"), want: "must have at most 1000 items"},
		{path: allow + "ipRanges[1]", value: "10.0.0.0/8", want: "Duplicate value"},
		{path: allow + "uris", value: many(1001, "urn:a:%d"), want: "must have at most 1000 items"},
		{path: allow + "uris[1]", value: "spiffe://example.org/*", want: "Duplicate value"},
	}
}

// names are bad values of names of objects.
func names(path string) []field {
	const want = "want the name of an object"
	return []field{
		{path: path, value: "", want: "at least 1 chars long"},
		{path: path, value: strings.Repeat("a", 254), want: "may not be more than 253"},
		{path: path, value: "Web", want: want},
		{path: path, value: "web_tls", want: want},
		{path: path, value: "-web", want: want},
		{path: path, value: "a..b", want: want},
		{path: path, value: "other/web", want: want},
		{path: path, value: "web ", want: want},
		{path: path, value: "bücher", want: want},
	}
}

func secretKey(path string) []field {
	const want = "want a key in the data of the Secret"
	return append(names(path+".name"),
		field{path: path + ".name", value: gone{}, want: "Required value"},
		field{path: path + ".key", value: gone{}, want: "Required value"},
		field{path: path + ".key", value: "", want: "at least 1 chars long"},
		field{path: path + ".key", value: strings.Repeat("a", 254), want: "may not be more than 253"},
		field{path: path + ".key", value: "a/b", want: want},
		field{path: path + ".key", value: "schlüssel", want: want},
		field{path: path + ".key", value: "Key_1.txt"},
	)
}

// durations tries what time.ParseDuration takes and what it does not, and what is out of range.
func durations(path, want, below, above string) []field {
	out := []field{{path: path, value: int64(3600), want: "must be of type string"}}
	for _, value := range []string{"", "90d", "1 h", "2160", "one hour", "PT1H", "1h30", "-5h", "9999999h", "1e3h", "１h", "h", below, above} {
		out = append(out, field{path: path, value: value, want: want})
	}
	return append(out, field{path: path, value: "3h"}, field{path: path, value: "2h30m1.5s"})
}

func labels(path string) []field {
	const want, key = "want the value of a label", "keys of labels must be as Kubernetes has them"
	return append(keysOf(path, key),
		field{path: path, value: keyed(51), want: "must have at most 50"},
		field{path: path + "{team}", value: "a team", want: want},
		field{path: path + "{team}", value: "-shop", want: want},
		field{path: path + "{team}", value: "läden", want: want},
		field{path: path + "{team}", value: strings.Repeat("a", 64), want: "may not be more than 63"},
		field{path: path + "{team}", value: ""},
	)
}

func annotations(path string) []field {
	return append(keysOf(path, "keys of annotations must be as Kubernetes has them"),
		field{path: path, value: keyed(51), want: "must have at most 50"},
		field{path: path + "{example.com/owner}", value: strings.Repeat("a", 4097), want: "may not be more than 4096"},
	)
}

func keysOf(path, want string) []field {
	var out []field
	for _, key := range []string{"", "a team", "team/", "/team", "a/b/c", "Example.com/team", "läden", strings.Repeat("a", 64), strings.Repeat("a", 254) + "/team"} {
		out = append(out, field{path: path, value: map[string]any{key: "x"}, want: want})
	}
	return append(out, field{path: path, value: map[string]any{"example.com/Team_1": "x"}})
}

func httpsURLs(path, want string) []field {
	var out []field
	for _, value := range []string{"", "ca.example.com", "http://ca.example.com/", "https://", "https:///dir", "https://ca .example.com/", "https://u:p@ca.example.com/", "https://ca.example.com/#a", "HTTPS//x"} {
		out = append(out, field{path: path, value: value, want: want})
	}
	return append(out,
		field{path: path, value: "https://" + strings.Repeat("a", 2048), want: "may not be more than 2048"},
		field{path: path, value: "https://[2001:db8::7]:14000/dir?x=1"},
	)
}

// bundles are judged as base64; issuers that find no certificate in it say so in their status.
func bundles(path string) []field {
	const want = "caBundle must be PEM certificates in base64 without line breaks"
	const pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
	good := base64.StdEncoding.EncodeToString([]byte(pem + pem[:len(pem)-1]))
	var out []field
	for _, value := range []string{"", pem, good[:40] + "\n" + good[40:], good[:41], "====", "AAA=AAA=", "A===", strings.TrimRight(good, "=") + "=====", strings.ReplaceAll(good, "L", "_")} {
		out = append(out, field{path: path, value: value, want: want})
	}
	return append(out,
		field{path: path, value: good},
		field{path: path, value: base64.StdEncoding.EncodeToString([]byte{0xff, 0xfe, 0x30})},
		field{path: path, value: strings.Repeat("A", 1<<20+4), want: "may not be more than"},
	)
}

func many(n int, format string) []any {
	var out []any
	for i := range n {
		out = append(out, fmt.Sprintf(format, i))
	}
	return out
}

func keyed(n int) map[string]any {
	out := map[string]any{}
	for i := range n {
		out[fmt.Sprintf("k%d", i)] = "x"
	}
	return out
}
