// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package producers

import (
	"strings"
	"testing"
)

const certificateHead = `
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {namespace: shop, name: web, generation: 1}
spec:
  secretName: web-tls
  dnsNames: [www.example.com]
  issuerRef: {group: cert-manager.io, kind: ClusterIssuer, name: letsencrypt}
  privateKey: {rotationPolicy: Always}
`

const certificateReadyFalse = `
  - lastTransitionTime: "2026-11-20T16:00:00Z"
    message: Issuing certificate as Secret does not exist
    observedGeneration: 1
    reason: DoesNotExist
    status: "False"
    type: Ready
`

func issuingFalse(reason, message string) string {
	return certificateHead + "status:\n  lastFailureTime: \"2026-11-20T16:00:00Z\"\n  failedIssuanceAttempts: 2\n  conditions:" + certificateReadyFalse + `
  - {type: Issuing, status: "False", reason: "` + reason + `", message: '` + message + `'}
`
}

func TestReadCertManagerCertificate(t *testing.T) {
	web := func(clause string) []claim {
		return []claim{{secret: "web-tls", clause: `cert-manager Certificate "web" ` + clause}}
	}
	rateLimited := `Failed to wait for order resource "web-1-1111111111" to become ready: order is in "errored" state: Failed to create Order: 429 urn:ietf:params:acme:error:rateLimited: too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s, retry after 2026-11-21 14:36:55 UTC: see https://letsencrypt.org/docs/rate-limits/`
	runReadTests(t, certManagerCertificates, []readTest{
		{"new", certificateHead, web("waits for cert-manager, which has not looked at it yet; check that cert-manager is running")},
		{"about to start", certificateHead + "status:\n  conditions:" + certificateReadyFalse,
			web("is about to issue it (Ready: DoesNotExist: Issuing certificate as Secret does not exist)")},
		{"issuing", certificateHead + `
status:
  nextPrivateKeySecretName: web-v5cgv
  conditions:` + certificateReadyFalse + `
  - lastTransitionTime: "2026-11-20T16:00:00Z"
    message: Issuing certificate as Secret does not exist
    observedGeneration: 1
    reason: DoesNotExist
    status: "True"
    type: Issuing
`, web("is issuing it (Issuing: DoesNotExist: Issuing certificate as Secret does not exist)")},
		{"issuing again", certificateHead + `
status:
  lastFailureTime: "2026-11-20T16:00:00Z"
  failedIssuanceAttempts: 3
  conditions:
  - {type: Issuing, status: "True", reason: Expired, message: "Certificate expired on Fri, 20 Nov 2026 10:00:00 UTC"}
`, web("is issuing it (Issuing: Expired: Certificate expired on Fri, 20 Nov 2026 10:00:00 UTC; 3 attempts before failed)")},
		{"failed", issuingFalse("Failed", certManagerPreamble+"The CSR is refused"),
			web("failed to issue it (The CSR is refused; next attempt at 2026-11-20T18:00:00Z)")},
		{"rate limited, which is cut after what matters", issuingFalse("Failed", certManagerPreamble+rateLimited),
			web("failed to issue it (" + rateLimited[:maxMessage] + "...; next attempt at 2026-11-20T18:00:00Z)")},
		{"denied", issuingFalse("policy.cert-manager.io", certManagerPreamble+"No policy approved this request"),
			web("failed to issue it (policy.cert-manager.io: No policy approved this request; next attempt at 2026-11-20T18:00:00Z)")},
		{"failed without a word", issuingFalse("Failed", ""), web("failed to issue it (Failed; next attempt at 2026-11-20T18:00:00Z)")},
		{"failed at an unknown time", strings.Replace(issuingFalse("Failed", "no"), "2026-11-20T16:00:00Z", "yesterday", 1),
			web("failed to issue it (no)")},
		{"failed, several lines", issuingFalse("Failed", "first\n\n    second\u202e"), web("failed to issue it (first second?; next attempt at 2026-11-20T18:00:00Z)")},
		{"ready", certificateHead + `
status:
  notAfter: "2027-02-18T16:00:00Z"
  renewalTime: "2027-01-19T16:00:00Z"
  revision: 1
  conditions: [{type: Ready, status: "True", reason: Ready, message: Certificate is up to date and has not expired}]
`, web("is Ready, so cert-manager should write it again; if it does not, check that cert-manager is running")},
		{"malformed", `
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web}
spec: {secretName: {a: b}}
status: {conditions: [1, {type: 2}, {type: Issuing, status: true}], failedIssuanceAttempts: many}
`, []claim{{clause: `cert-manager Certificate "web" waits for cert-manager, which has not looked at it yet; check that cert-manager is running`}}},
	})
}

func TestNextAttempt(t *testing.T) {
	for _, test := range []struct {
		attempts int64
		want     string
	}{
		{-1, "2026-11-20T17:00:00Z"},
		{0, "2026-11-20T17:00:00Z"},
		{1, "2026-11-20T17:00:00Z"},
		{2, "2026-11-20T18:00:00Z"},
		{3, "2026-11-20T20:00:00Z"},
		{5, "2026-11-21T08:00:00Z"},
		{6, "2026-11-22T00:00:00Z"},
		{7, "2026-11-22T00:00:00Z"},
		{1 << 62, "2026-11-22T00:00:00Z"},
	} {
		if got := nextAttempt("2026-11-20T17:00:00+01:00", test.attempts); got != "next attempt at "+test.want {
			t.Errorf("after %d attempts: %q, want %q", test.attempts, got, test.want)
		}
	}
}
