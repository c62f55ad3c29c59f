// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready_test

import (
	"runtime"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

// healthy returns the kinds of Secrets that most clusters are full of.
func healthy(tb testing.TB) map[string]*corev1.Secret {
	tb.Helper()
	root := tlstest.NewCAWith(tb, tlstest.Options{CommonName: "Root"})
	sub := root.Intermediate(tlstest.Options{CommonName: "Sub"})
	cert, key := sub.Issue(tlstest.Options{DNSNames: []string{"www.example.com", "*.dev.example.com"}})
	leaf, leafKey := root.Issue(tlstest.Options{DNSNames: []string{"www.example.com", "*.dev.example.com"}})
	return map[string]*corev1.Secret{
		"private CA": secret(leaf, leafKey, nil, root.CertPEM()),
		"public CA":  secret(cert, key, sub.CertPEM(), nil),
		"both":       secret(cert, key, sub.CertPEM(), root.CertPEM()),
	}
}

var healthyRequirement = declare.Requirement{SecretName: "web-tls", DNSNames: []string{"a.dev.example.com", "www.example.com"}}

// TestEvaluateDoesNotAllocate: it is called in PreEnqueue.
func TestEvaluateDoesNotAllocate(t *testing.T) {
	for name, s := range healthy(t) {
		facts := tlsready.Inspect(s)
		r := healthyRequirement
		if _, ok := s.Data["ca.crt"]; ok {
			r.Trust.Kind = declare.TrustSecret
		}
		if v := tlsready.Evaluate(facts, "shop", r, tlstest.Now); !v.Ready || v.Warning != "" {
			t.Fatalf("%s: unexpected verdict %+v", name, v)
		}
		if n := testing.AllocsPerRun(100, func() { tlsready.Evaluate(facts, "shop", r, tlstest.Now) }); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkEvaluate(b *testing.B) {
	facts := tlsready.Inspect(healthy(b)["both"])
	notCovered := healthyRequirement
	notCovered.DNSNames = []string{"x.example.com"}
	for name, r := range map[string]declare.Requirement{"ready": healthyRequirement, "notCovered": notCovered} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				tlsready.Evaluate(facts, "shop", r, tlstest.Now)
			}
		})
	}
}

func BenchmarkInspect(b *testing.B) {
	for name, s := range healthy(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				tlsready.Inspect(s)
			}
		})
	}
}

// BenchmarkFactsSize reports the bytes of heap that the facts of one Secret hold.
func BenchmarkFactsSize(b *testing.B) {
	for name, s := range healthy(b) {
		b.Run(name, func(b *testing.B) {
			const n = 2000
			var before, after runtime.MemStats
			for b.Loop() {
				held := make([]*tlsready.Facts, 0, n)
				runtime.GC()
				runtime.ReadMemStats(&before)
				for range n {
					held = append(held, tlsready.Inspect(s))
				}
				runtime.GC()
				runtime.ReadMemStats(&after)
				runtime.KeepAlive(held)
			}
			b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/n, "B/Facts")
		})
	}
}
