// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready_test

import (
	"crypto/tls"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
	_ "github.com/tollgate-dev/tollgate/test/seed"
)

// FuzzInspect checks that whatever is in a Secret, Inspect does not panic, that messages
// are short and on one line, and that crypto/tls loads every pair that has no fault.
func FuzzInspect(f *testing.F) {
	root := tlstest.NewCA(f).CertPEM()
	for _, tt := range corpus(f) {
		if cert := tt.secret.Data[corev1.TLSCertKey]; len(cert) < 10_000 {
			f.Add(cert, tt.secret.Data[corev1.TLSPrivateKeyKey], root)
		}
	}
	f.Fuzz(func(t *testing.T, cert, key, ca []byte) { checkInspect(t, cert, key, ca) })
}

// FuzzEvaluate changes a whole chain and the requirement, the key being right.
func FuzzEvaluate(f *testing.F) {
	root := tlstest.NewCAWith(f, tlstest.Options{CommonName: "Root"})
	sub := root.Intermediate(tlstest.Options{CommonName: "Sub", NotAfter: tlstest.Now.AddDate(0, 0, 30)})
	cert, key := sub.Issue(tlstest.Options{DNSNames: []string{"www.example.com"}, URIs: []string{"spiffe://example.org/web"}})
	leafDER, subDER, rootDER := decode(f, cert), decode(f, sub.CertPEM()), decode(f, root.CertPEM())
	f.Add(leafDER, subDER, rootDER, int64(0), int64(0), "www.example.com", uint8(0))
	f.Add(leafDER, subDER, leafDER, int64(1)<<62, int64(-1), "*.example.com", uint8(255))
	f.Add(leafDER, rootDER, rootDER, int64(-1)<<62, int64(1)<<62, "", uint8(3))
	f.Fuzz(func(t *testing.T, leaf, next, anchor []byte, after, remaining int64, name string, flags uint8) {
		encode := func(der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}) }
		s := secret(encode(leaf), key, encode(next), encode(anchor))
		r := declare.Requirement{
			SecretName: "web-tls", DNSNames: []string{name}, URIs: []string{name}, MinRemaining: time.Duration(remaining),
			RequireChain: flags&1 != 0, AllowTemporary: flags&2 != 0, WarnExpired: flags&4 != 0,
		}
		if flags&8 != 0 {
			r.Trust.Kind = declare.TrustSecret
		}
		if flags&16 != 0 {
			r.Usage = declare.UsageClient
		}
		if flags&32 != 0 {
			r.Allow = []string{"BrokenChain", "NotALeaf", "WeakKey", "WeakSignature", "WrongUsage"}
		}
		checkVerdict(t, tlsready.Evaluate(tlsready.Inspect(s), "shop", r, tlstest.Now.Add(time.Duration(after))), tlstest.Now.Add(time.Duration(after)))
	})
}

func checkVerdict(t errorer, v tlsready.Verdict, now time.Time) {
	if v.Ready != (v.Reason == tlsready.Ready) || v.Ready != (v.Message == "") || (v.Warning != "" && !v.Ready) || (!v.RecheckAt.IsZero() && !v.RecheckAt.After(now)) {
		t.Errorf("inconsistent verdict %+v", v)
	}
	for _, text := range []string{v.Message, v.Warning} {
		if len(text) > 2000 || strings.ContainsAny(text, "\n\r\x00") || text != "" && !strings.HasPrefix(text, `secret "shop/web-tls"`) {
			t.Errorf("unhelpful message %q", text)
		}
	}
}

// TestInspectDamagedFiles cuts, repeats and edits good files at random.
func TestInspectDamagedFiles(t *testing.T) {
	ca := tlstest.NewCA(t)
	cert, key := ca.Issue(tlstest.Options{DNSNames: []string{"www.example.com"}})
	cert = append(cert, ca.CertPEM()...)
	rapid.Check(t, func(rt *rapid.T) {
		checkInspect(rt, damage(rt, "cert", cert), damage(rt, "key", key), damage(rt, "ca", ca.CertPEM()))
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

func checkInspect(t errorer, cert, key, ca []byte) {
	facts := tlsready.Inspect(secret(cert, key, nil, ca))
	r := declare.Requirement{SecretName: "web-tls", Trust: declare.Trust{Kind: declare.TrustSecret}}
	checkVerdict(t, tlsready.Evaluate(facts, "shop", r, tlstest.Now), tlstest.Now)
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
