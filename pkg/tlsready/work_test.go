// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

// sameName returns a Secret with intermediates and authorities that all have one name, so that each may have signed each.
func sameName(t *testing.T, key, anchorKey crypto.Signer, intermediates, anchors int) *corev1.Secret {
	t.Helper()
	authority := func(serial int, key crypto.Signer) tlstest.Options {
		return tlstest.Options{CommonName: "Evil", Key: key, NotBefore: tlstest.Now.Add(-time.Duration(serial+1) * time.Minute),
			Change: func(c *x509.Certificate) { c.DNSNames = []string{fmt.Sprintf("%d.example.com", serial)} }}
	}
	ca := tlstest.NewCAWith(t, authority(0, key))
	cert, keyPEM := ca.Issue(tlstest.Options{DNSNames: []string{"www.example.com"}})
	var rest, bundle []byte
	for i := range intermediates {
		rest = append(rest, ca.Intermediate(authority(i, key)).CertPEM()...)
	}
	for i := range anchors {
		bundle = append(bundle, tlstest.NewCAWith(t, authority(100+i, anchorKey)).CertPEM()...)
	}
	return secret(cert, keyPEM, rest, bundle)
}

func TestCostlyChainsAreRefused(t *testing.T) {
	for name, key := range map[string]crypto.Signer{
		"P-521": ecKey(t, elliptic.P521()), "RSA-7640": tlstest.MersenneKey(t, 3217, 4423),
	} {
		t.Run(name, func(t *testing.T) {
			for _, anchors := range []int{0, 20} {
				fault := tlsready.Inspect(sameName(t, key, key, 9, anchors)).Fault
				want := `secret "shop/web-tls": tls.crt: the signatures of its 10 certificates take too long to check: too many have one name, or ` +
					`their keys are too large; keep the leaf and its intermediates, each once`
				if fault == nil || fault.Reason != tlsready.TooLarge || fault.Message != want {
					t.Errorf("fault %+v, want %s: %s", fault, tlsready.TooLarge, want)
				}
			}
		})
	}
}

// TestCostlyAuthoritiesAreNotAsked: they concern only pods that declare them.
func TestCostlyAuthoritiesAreNotAsked(t *testing.T) {
	slow := ecKey(t, elliptic.P521())
	s := sameName(t, ecKey(t, elliptic.P256()), slow, 3, 20)
	facts := tlsready.Inspect(s)
	if v := tlsready.Evaluate(facts, "shop", declare.Requirement{SecretName: "web-tls"}, tlstest.Now); !v.Ready {
		t.Errorf("a pod that declares no trust: %+v, want it ready", v)
	}
	const why = "takes too long to check: too many of its authorities have one name, or their keys are too large; keep one certificate of each"
	r := declare.Requirement{SecretName: "web-tls", Trust: declare.Trust{Kind: declare.TrustSecret}}
	v := tlsready.Evaluate(facts, "shop", r, tlstest.Now)
	if want := `secret "shop/web-tls": ca.crt ` + why + ", and the pod trusts only the authorities in it"; v.Reason != tlsready.Untrusted || v.Message != want {
		t.Errorf("a pod that trusts ca.crt: %+v, want %q", v, want)
	}
	r.Trust = declare.Trust{Kind: declare.TrustClusterTrustBundle, Name: "roots"}
	if v := tlsready.VerifyTrust(s, s.Data["ca.crt"], tlstest.Now, r); v.Reason != tlsready.Untrusted || !strings.Contains(v.Message, why) {
		t.Errorf("a pod that trusts a bundle: %+v, want %q in it", v, why)
	}
}

// TestHonestChainsAreNotTooCostly takes the longest and slowest that may be met.
func TestHonestChainsAreNotTooCostly(t *testing.T) {
	for name, key := range map[string]func() crypto.Signer{
		"P-521":    func() crypto.Signer { return ecKey(t, elliptic.P521()) },
		"RSA-7640": func() crypto.Signer { return tlstest.MersenneKey(t, 3217, 4423) },
	} {
		t.Run(name, func(t *testing.T) {
			root := tlstest.NewCAWith(t, tlstest.Options{CommonName: "Root", Key: key()})
			other := tlstest.NewCAWith(t, tlstest.Options{CommonName: "Other", Key: key()})
			ca := root
			var chain [][]byte
			for i := range 4 {
				ca = ca.Intermediate(tlstest.Options{CommonName: fmt.Sprint("Sub ", i), Key: key()})
				chain = append(chain, ca.CertPEM())
			}
			slices.Reverse(chain)
			cert, keyPEM := ca.Issue(tlstest.Options{DNSNames: []string{"www.example.com"}})
			r := declare.Requirement{SecretName: "web-tls", RequireChain: true, Trust: declare.Trust{Kind: declare.TrustSecret}}
			for name, s := range map[string]*corev1.Secret{
				"without root": secret(cert, keyPEM, bytes.Join(chain, nil), root.CertPEM()),
				"with root":    secret(cert, keyPEM, append(bytes.Join(chain, nil), root.CertPEM()...), root.CertPEM()),
				"cross-signed": secret(cert, keyPEM, append(bytes.Join(chain, nil), other.CrossSign(root)...), append(root.CertPEM(), other.CertPEM()...)),
			} {
				if v := tlsready.Evaluate(tlsready.Inspect(s), "shop", r, tlstest.Now); !v.Ready {
					t.Errorf("%s: %+v, want it ready", name, v)
				}
			}
		})
	}
}

func TestLargeKeysAreNotParsed(t *testing.T) {
	cert, _ := tlstest.NewCA(t).Issue(tlstest.Options{DNSNames: []string{"www.example.com"}})
	for _, test := range []struct {
		p, q uint
		want tlsready.Reason
	}{{3217, 4423, tlsready.KeyMismatch}, {4423, 9689, tlsready.TooLarge}} {
		der, err := x509.MarshalPKCS8PrivateKey(tlstest.MersenneKey(t, test.p, test.q))
		if err != nil {
			t.Fatal(err)
		}
		keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
		fault := tlsready.Inspect(secret(cert, keyPEM, nil, nil)).Fault
		if fault == nil || fault.Reason != test.want {
			t.Errorf("RSA-%d: fault %+v, want %s", test.p+test.q, fault, test.want)
		}
	}
}

// TestInspectQuickly agrees with Inspect where it checks at all, and leaves only what takes long.
func TestInspectQuickly(t *testing.T) {
	for name, s := range healthy(t) {
		if quick, full := tlsready.InspectQuickly(s), tlsready.Inspect(s); quick.Unchecked() || !reflect.DeepEqual(quick, full) {
			t.Errorf("%s: %+v, want %+v", name, quick, full)
		}
	}
	slow := ecKey(t, elliptic.P521())
	for name, s := range map[string]*corev1.Secret{"chain": sameName(t, slow, slow, 3, 0), "authorities": sameName(t, ecKey(t, elliptic.P256()), slow, 1, 3)} {
		quick := tlsready.InspectQuickly(s)
		if v := tlsready.Evaluate(quick, "shop", declare.Requirement{SecretName: "web-tls"}, tlstest.Now); !quick.Unchecked() || v.Ready {
			t.Errorf("%s: %+v and verdict %+v, want it unchecked and held", name, quick, v)
		}
		if full := tlsready.Inspect(s); full.Unchecked() || full.Fault != nil {
			t.Errorf("%s: unexpected fault %+v", name, full.Fault)
		}
	}
	broken := sameName(t, slow, slow, 3, 0)
	broken.Data["tls.key"] = nil
	if quick := tlsready.InspectQuickly(broken); quick.Unchecked() || quick.Fault.Reason != tlsready.MissingData {
		t.Errorf("a Secret without a key: %+v, want its fault", quick.Fault)
	}
}
