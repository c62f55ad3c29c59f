// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package ca

import (
	"testing"

	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

// BenchmarkIssue makes a key and a certificate, as each issuance does.
func BenchmarkIssue(b *testing.B) {
	for _, spec := range []pki.KeySpec{{Algorithm: pki.ECDSA, Size: 256}, {Algorithm: pki.ECDSA, Size: 384}, {Algorithm: pki.Ed25519}, {Algorithm: pki.RSA, Size: 2048}} {
		b.Run(spec.String(), func(b *testing.B) {
			authority, err := NewSelfSigned("bench", 0, 0, now)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				key, err := spec.New()
				if err != nil {
					b.Fatal(err)
				}
				if _, err := authority.Sign(Request{DNSNames: []string{"www.example.com"}, PublicKey: key.Public()}, now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
