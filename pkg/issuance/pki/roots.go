// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/x509"
	"fmt"
)

// Roots reads the PEM certificates of a field of that name.
func Roots(field string, bundle []byte) (*x509.CertPool, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(bundle) {
		return nil, fmt.Errorf("reading %s: it holds no certificate in PEM; encode the PEM file in base64 once", field)
	}
	return roots, nil
}
