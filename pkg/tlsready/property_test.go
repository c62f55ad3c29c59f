// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready_test

import (
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

// random makes Secrets of which leaf, intermediates and authorities begin and end at
// random, within some hours around tlstest.Now. Certificates are dear, so each test makes
// few keys and many certificates.
type random struct {
	t    *testing.T
	root *tlstest.CA
}

func (g random) validity(rt *rapid.T, name string) (from, to time.Time) {
	minute := rapid.IntRange(-300, 300).Draw(rt, name+" from")
	return tlstest.Now.Add(time.Duration(minute) * time.Minute),
		tlstest.Now.Add(time.Duration(rapid.IntRange(minute-10, 400).Draw(rt, name+" to")) * time.Minute)
}

func (g random) authority(rt *rapid.T, name string, o tlstest.Options) tlstest.Options {
	o.CommonName = name
	o.NotBefore, o.NotAfter = g.validity(rt, name)
	return o
}

func (g random) secret(rt *rapid.T) *corev1.Secret {
	rootKey, subKey := ecKey(g.t, elliptic.P256()), ecKey(g.t, elliptic.P256())
	var anchors, rest []byte
	var roots []*tlstest.CA
	for range rapid.IntRange(1, 2).Draw(rt, "roots") {
		root := tlstest.NewCAWith(g.t, g.authority(rt, "Root", tlstest.Options{Key: rootKey}))
		roots, anchors = append(roots, root), append(anchors, root.CertPEM()...)
	}
	if rapid.IntRange(0, 9).Draw(rt, "stranger") == 0 {
		anchors = g.root.CertPEM()
	}
	issuer := roots[0]
	for range rapid.IntRange(0, 2).Draw(rt, "intermediates") {
		issuer = rapid.SampledFrom(roots).Draw(rt, "signer").Intermediate(g.authority(rt, "Sub", tlstest.Options{Key: subKey}))
		rest = append(rest, issuer.CertPEM()...)
	}
	leaf := tlstest.Options{DNSNames: []string{"www.example.com"}}
	leaf.NotBefore, leaf.NotAfter = g.validity(rt, "leaf")
	if rapid.IntRange(0, 9).Draw(rt, "client only") == 0 {
		leaf.Change = func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }
	}
	cert, key := issuer.Issue(leaf)
	return secret(cert, key, rest, anchors)
}

func (g random) requirement(rt *rapid.T) declare.Requirement {
	return declare.Requirement{
		SecretName:   "web-tls",
		DNSNames:     rapid.SampledFrom([][]string{nil, {"www.example.com"}, {"other.example.com"}}).Draw(rt, "names"),
		MinRemaining: rapid.SampledFrom([]time.Duration{0, 0, time.Second, time.Hour, 1000 * time.Hour}).Draw(rt, "minRemaining"),
		Trust:        rapid.SampledFrom([]declare.Trust{{}, {Kind: declare.TrustSecret}}).Draw(rt, "trust"),
		RequireChain: rapid.Bool().Draw(rt, "requireChain"),
		WarnExpired:  rapid.Bool().Draw(rt, "warnExpired"),
		Allow:        rapid.SampledFrom([][]string{nil, {"WrongUsage"}}).Draw(rt, "allow"),
	}
}

// TestVerdictLastsUntilRecheckAt checks that a verdict never changes before RecheckAt, and
// that something does change then: nobody wakes up in vain.
func TestVerdictLastsUntilRecheckAt(t *testing.T) {
	g := random{t, tlstest.NewCAWith(t, tlstest.Options{CommonName: "Stranger"})}
	rapid.Check(t, func(rt *rapid.T) {
		facts := tlsready.Inspect(g.secret(rt))
		if facts.Fault != nil {
			rt.Fatalf("unexpected fault: %+v", facts.Fault)
		}
		r := g.requirement(rt)
		horizon := tlstest.Now.Add(9 * time.Hour)
		now := tlstest.Now.Add(-7 * time.Hour)
		for steps := 0; ; steps++ {
			v := tlsready.Evaluate(facts, "shop", r, now)
			end := v.RecheckAt
			if end.IsZero() {
				end = horizon.Add(time.Hour)
			} else if !end.After(now) {
				rt.Fatalf("RecheckAt %s is not after %s: %+v", end, now, v)
			}
			for _, at := range []time.Time{end.Add(-1), now.Add(time.Duration(rapid.Int64Range(0, int64(end.Sub(now))-1).Draw(rt, "later")))} {
				later := tlsready.Evaluate(facts, "shop", r, at)
				if diff := cmp.Diff(v, later); diff != "" {
					rt.Fatalf("the verdict of %s changes at %s, before RecheckAt (-then, +later):\n%s", now, at, diff)
				}
			}
			if v.RecheckAt.IsZero() {
				return
			}
			if next := tlsready.Evaluate(facts, "shop", r, end); cmp.Equal(v, next) {
				rt.Fatalf("nothing changes at RecheckAt %s: %+v", end, v)
			}
			if now = end; steps > 20 {
				rt.Fatalf("more than 20 changes")
			}
		}
	})
}

// TestTrustAgreesWithVerify compares check 20 with x509.Verify at random times.
func TestTrustAgreesWithVerify(t *testing.T) {
	g := random{t, tlstest.NewCAWith(t, tlstest.Options{CommonName: "Stranger"})}
	rapid.Check(t, func(rt *rapid.T) {
		s := g.secret(rt)
		facts := tlsready.Inspect(s)
		roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
		roots.AppendCertsFromPEM(s.Data["ca.crt"])
		intermediates.AppendCertsFromPEM(s.Data["tls.crt"])
		block, _ := pem.Decode(s.Data["tls.crt"])
		leaf, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			rt.Fatal(err)
		}
		for range 20 {
			// Half seconds, since x509 takes notAfter for valid and this package does not.
			at := tlstest.Now.Add(time.Duration(rapid.IntRange(-7*3600, 9*3600).Draw(rt, "at"))*time.Second + time.Second/2)
			_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
			v := tlsready.Evaluate(facts, "shop", declare.Requirement{SecretName: "web-tls", Trust: declare.Trust{Kind: declare.TrustSecret}, MinRemaining: time.Nanosecond, Allow: []string{"WrongUsage"}}, at)
			before := slices.Contains([]tlsready.Reason{tlsready.NotYetValid, tlsready.Expired, tlsready.ExpiresTooSoon, tlsready.IntermediateExpired}, v.Reason)
			if !before && (err == nil) != v.Ready {
				rt.Fatalf("at %s x509.Verify says %v, the verdict is %+v", at, err, v)
			}
		}
	})
}
