// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready_test

import (
	"crypto/tls"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

// FuzzInspect checks that whatever is in a Secret, Inspect does not panic, that messages
// are short and on one line, and that crypto/tls loads every pair that has no fault.
func FuzzInspect(f *testing.F) {
	for _, tt := range corpus(f) {
		if cert := tt.secret.Data[corev1.TLSCertKey]; len(cert) < 10_000 {
			f.Add(cert, tt.secret.Data[corev1.TLSPrivateKeyKey])
		}
	}
	f.Fuzz(func(t *testing.T, cert, key []byte) { checkInspect(t, cert, key) })
}

// TestInspectDamagedFiles cuts, repeats and edits good files at random.
func TestInspectDamagedFiles(t *testing.T) {
	ca := tlstest.NewCA(t)
	cert, key := ca.Issue(tlstest.Options{DNSNames: []string{"www.example.com"}})
	cert = append(cert, ca.CertPEM()...)
	rapid.Check(t, func(rt *rapid.T) {
		checkInspect(rt, damage(rt, "cert", cert), damage(rt, "key", key))
	})
}

func damage(rt *rapid.T, name string, data []byte) []byte {
	s := string(data)
	for range rapid.IntRange(0, 3).Draw(rt, name+" edits") {
		at := rapid.IntRange(0, len(s)).Draw(rt, name+" at")
		to := rapid.IntRange(at, min(len(s), at+80)).Draw(rt, name+" to")
		with := rapid.SampledFrom([]string{"", "\n", "\r\n", " ", ":", "A", "=", "-----", "\x00", "-----END CERTIFICATE-----\n", "a: b\n\n"}).Draw(rt, name+" with")
		s = s[:at] + with + s[to:]
	}
	return []byte(s)
}

type errorer interface{ Errorf(string, ...any) }

func checkInspect(t errorer, cert, key []byte) {
	facts := tlsready.Inspect(tlstest.Secret("shop", "web-tls", cert, key))
	if facts.Fault == nil {
		if _, err := tls.X509KeyPair(cert, key); err != nil {
			t.Errorf("crypto/tls refuses a pair without fault: %v\n%s\n%s", err, cert, key)
		}
		return
	}
	message := facts.Fault.Message
	if len(message) > 900 || strings.ContainsAny(message, "\n\r\x00") || !strings.HasPrefix(message, `secret "shop/web-tls"`) {
		t.Errorf("unhelpful message %q", message)
	}
}
