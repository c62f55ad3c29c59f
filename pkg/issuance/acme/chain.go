// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"crypto/x509"
	"slices"

	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

// preferChain returns the index of the chain whose topmost certificate was issued by the common name preferred, which is
// that of the root: CAs leave the root itself out. Without a preference it is the first. roots are the names that the
// chains lead to; ok is false if none of them is preferred.
func preferChain(chains [][]*x509.Certificate, preferred string) (index int, roots []string, ok bool) {
	for i, chain := range chains {
		root := chain[len(chain)-1].Issuer.CommonName
		if preferred == "" || root == preferred {
			return i, nil, true
		}
		if !slices.Contains(roots, root) {
			roots = append(roots, root)
		}
	}
	return 0, roots, false
}

// parseChains parses the default chain and those alternatives that can be parsed and have the same certificate.
func parseChains(pems [][]byte) (chains [][]*x509.Certificate, kept [][]byte, err error) {
	for i, data := range pems {
		chain, err := pki.ParseChain(data)
		if i == 0 && err != nil {
			return nil, nil, err
		}
		if err != nil || i > 0 && !chain[0].Equal(chains[0][0]) {
			continue
		}
		chains, kept = append(chains, chain), append(kept, data)
	}
	return chains, kept, nil
}
