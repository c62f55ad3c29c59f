// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

// cert-manager writes the account key in the forms of its keys: PKCS #1 for RSA. Tollgate reads what it has written.
func TestAccountKeysAreRead(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey)})
	key, err := pki.ParseKey(pkcs1)
	if err != nil || !pki.SamePublicKey(key.Public(), rsaKey.Public()) {
		t.Errorf("ParseKey = %v, %v", key, err)
	}
}
