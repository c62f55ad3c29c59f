// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlsready_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/declare"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

// corpusCase is a Secret shop/web-tls with the fault that Inspect must find.
type corpusCase struct {
	name    string
	secret  *corev1.Secret
	reason  tlsready.Reason // empty: no fault
	message string          // after `secret "shop/web-tls"`
}

func corpus(tb testing.TB) []corpusCase {
	tb.Helper()
	ca := tlstest.NewCA(tb)
	cert, key := ca.Issue(tlstest.Options{DNSNames: []string{"www.example.com"}})
	otherCert, otherKey := ca.Issue(tlstest.Options{DNSNames: []string{"other.example.com"}})
	noSAN, _ := ca.Issue(tlstest.Options{CommonName: "old.example.com"})
	chain := slices.Concat(cert, ca.CertPEM())
	sec1, pkcs1, rsaCert := legacyKeys(tb)
	der := decode(tb, cert)

	pair := func(cert, key []byte) *corev1.Secret { return tlstest.Secret("shop", "web-tls", cert, key) }
	data := func(change func(map[string][]byte)) *corev1.Secret {
		s := pair(cert, key)
		change(s.Data)
		return s
	}
	opaque := pair(cert, key)
	opaque.Type = corev1.SecretTypeOpaque
	label := func(data []byte, from, to string) []byte {
		return bytes.ReplaceAll(data, []byte(from), []byte(to))
	}
	block := func(label string, der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
	}

	return []corpusCase{
		{"pair", pair(cert, key), "", ""},
		{"chain", pair(chain, key), "", ""},
		{"CRLF", pair(label(chain, "\n", "\r\n"), label(key, "\n", "\r\n")), "", ""},
		{"text before blocks", pair(slices.Concat([]byte("subject=CN = x\n"), cert, []byte("\nissuer: y\n"), ca.CertPEM(), []byte(" \n\n")), key), "", ""},
		{"no final newline", pair(bytes.TrimSpace(cert), bytes.TrimSpace(key)), "", ""},
		{"RSA in PKCS #1", pair(rsaCert, pkcs1), "", ""},
		{"parameters before the key", pair(cert, slices.Concat(block("EC PARAMETERS", []byte{5, 0}), key)), "", ""},

		{"opaque", opaque, tlsready.WrongType, ` has type "Opaque", want "kubernetes.io/tls"; the type cannot be changed in place, delete and recreate it`},
		{"no crt", data(func(d map[string][]byte) { delete(d, "tls.crt") }), tlsready.MissingData, " has no tls.crt (certificate not issued yet)"},
		{"no data", &corev1.Secret{ObjectMeta: opaque.ObjectMeta, Type: corev1.SecretTypeTLS}, tlsready.MissingData, " has no tls.crt (certificate not issued yet)"},
		{"empty crt", pair(nil, key), tlsready.MissingData, " has an empty tls.crt (certificate not issued yet)"},
		{"empty key", pair(cert, []byte{}), tlsready.MissingData, " has an empty tls.key (certificate not issued yet)"},

		{"large crt", pair(bytes.Repeat([]byte{'\n'}, 411_200), key), tlsready.TooLarge, ": tls.crt is 412 kB; refusing to parse more than 95 kB"},
		{"large key", pair(cert, bytes.Repeat([]byte{'\n'}, 13_001)), tlsready.TooLarge, ": tls.key is 14 kB; refusing to parse more than 13 kB"},
		{"many certificates", pair(bytes.Repeat(cert, 11), key), tlsready.TooLarge, ": tls.crt holds 11 certificates; refusing to parse more than 10"},

		{"large RSA key", rsaSecret(tb, ca, tlstest.MersenneKey(tb, 4253, 4423)), tlsready.TooLarge, ": tls.crt: certificate 1 of 1 has an RSA key of 8676 bits; refusing more than 8192, as TLS clients do"},
		{"larger RSA key", rsaSecret(tb, ca, tlstest.MersenneKey(tb, 4423, 9689)), tlsready.TooLarge, ": tls.crt: certificate 1 of 1 has an RSA key of 14112 bits; refusing more than 8192, as TLS clients do"},
		{"RSA key of a kind that is accepted", rsaSecret(tb, ca, tlstest.MersenneKey(tb, 3217, 4423)), "", ""},

		{"BOM", pair(slices.Concat([]byte("\xef\xbb\xbf"), cert), key), tlsready.BadPEM, ": tls.crt starts with a UTF-8 BOM; save it without one"},
		{"UTF-16", pair([]byte("\xff\xfe-\x00-\x00"), key), tlsready.BadPEM, ": tls.crt is UTF-16 text; save it as ASCII"},
		{"white space", pair([]byte(" \n"), key), tlsready.BadPEM, ": tls.crt contains only white space"},
		{"double base64", pair([]byte(base64.StdEncoding.EncodeToString(cert)), key), tlsready.BadPEM, ": tls.crt looks base64-encoded twice"},
		{"DER", pair(der, key), tlsready.BadPEM, ": tls.crt is DER; convert it to PEM"},
		{"not PEM", pair([]byte("hello"), key), tlsready.BadPEM, ": tls.crt contains no PEM block; want one or more CERTIFICATE blocks, the leaf first"},
		{"swapped", pair(key, cert), tlsready.BadPEM, ": tls.crt contains a private key; tls.crt and tls.key may be swapped"},
		{"key in crt", pair(slices.Concat(cert, key), key), tlsready.BadPEM, ": tls.crt contains a private key; keep only certificates in it"},
		{"trusted certificate", pair(label(cert, "CERTIFICATE", "TRUSTED CERTIFICATE"), key), tlsready.BadPEM, ": tls.crt contains a TRUSTED CERTIFICATE block; convert it to a CERTIFICATE block with openssl x509"},
		{"request", pair(block("CERTIFICATE REQUEST", der), key), tlsready.BadPEM, ": tls.crt contains a certificate request; the certificate has not been issued yet"},
		{"CRL", pair(slices.Concat(cert, block("X509 CRL", der)), key), tlsready.BadPEM, ": tls.crt contains a X509 CRL block; keep only CERTIFICATE blocks"},
		{"unknown block", pair(block("SECRET STUFF", der), key), tlsready.BadPEM, ": tls.crt contains a block that is not a certificate; keep only CERTIFICATE blocks"},
		{"headers", pair(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Headers: map[string]string{"a": "b"}, Bytes: der}), key), tlsready.BadPEM, ": tls.crt: certificate 1 has PEM headers; remove them"},
		{"merged lines", pair(slices.Concat(bytes.TrimSpace(cert), ca.CertPEM()), key), tlsready.BadPEM, ": tls.crt: a BEGIN line does not start on its own line; put a newline between END and BEGIN"},
		{"lost newlines", pair(label(cert, "\n", " "), key), tlsready.BadPEM, ": tls.crt: a BEGIN line does not end after its dashes; the newlines of the file may be lost"},
		{"truncated", pair(chain[:len(chain)-40], key), tlsready.BadPEM, ": tls.crt: block 2 has no END line (truncated?)"},
		{"truncated in the middle", pair(slices.Concat(cert[:len(cert)-60], []byte("\n"), ca.CertPEM()), key), tlsready.BadPEM, ": tls.crt: block 1 has no END line (truncated?)"},
		{"no BEGIN", pair(cert[len("-----BEGIN CERTIFICATE-----\n"):], key), tlsready.BadPEM, ": tls.crt: an END line has no BEGIN line"},
		{"labels differ", pair(label(cert, "END CERTIFICATE", "END CERT"), key), tlsready.BadPEM, ": tls.crt: block 1 has a BEGIN and an END line of different types"},
		{"bad base64", pair(label(cert, "\nMII", "\nM!I"), key), tlsready.BadPEM, ": tls.crt: block 1 is not valid base64 (truncated?)"},
		{"trailing text", pair(slices.Concat(cert, []byte("EOF\n")), key), tlsready.BadPEM, ": tls.crt: text follows the last block (trailing garbage?)"},

		{"truncated DER", pair(slices.Concat(cert, block("CERTIFICATE", der[:100]), ca.CertPEM()), key), tlsready.BadCertificate, ": tls.crt: certificate 2 of 3 is not valid DER (truncated?)"},
		{"trailing DER", pair(block("CERTIFICATE", append(bytes.Clone(der), 0)), key), tlsready.BadCertificate, ": tls.crt: certificate 1 of 1 is not valid DER (truncated?)"},
		{"key labelled certificate", pair(label(key, "PRIVATE KEY", "CERTIFICATE"), key), tlsready.BadCertificate, ": tls.crt: certificate 1 of 1 is a private key; tls.crt and tls.key may be swapped"},

		{"encrypted PKCS #8", pair(cert, label(key, "PRIVATE KEY", "ENCRYPTED PRIVATE KEY")), tlsready.BadKey, ": tls.key is an encrypted private key (ENCRYPTED PRIVATE KEY); it must be unencrypted"},
		{"encrypted PKCS #1", pair(cert, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00"}, Bytes: der})), tlsready.BadKey, ": tls.key is an encrypted private key (Proc-Type: 4,ENCRYPTED); it must be unencrypted"},
		{"OpenSSH key", pair(cert, label(key, "PRIVATE KEY", "OPENSSH PRIVATE KEY")), tlsready.BadKey, ": tls.key is an OpenSSH private key; convert it to PKCS #8"},
		{"damaged key", pair(cert, block("PRIVATE KEY", der[:50])), tlsready.BadKey, ": tls.key is not a valid RSA, ECDSA or Ed25519 private key in PKCS #1, PKCS #8 or SEC 1 form"},
		{"truncated key", pair(cert, key[:len(key)-30]), tlsready.BadKey, ": tls.key: block 1 has no END line (truncated?)"},
		{"double base64 key", pair(cert, []byte(base64.StdEncoding.EncodeToString(key))), tlsready.BadKey, ": tls.key looks base64-encoded twice"},
		{"certificate twice", pair(cert, cert), tlsready.BadKey, ": tls.key contains a certificate and no private key"},
		{"no key", pair(cert, []byte("hunter2")), tlsready.BadKey, ": tls.key contains no private key in PEM form"},

		{"other key", pair(cert, otherKey), tlsready.KeyMismatch, ": tls.key does not match the first certificate (SAN www.example.com, serial 10:01)"},
		{"other type of key", pair(rsaCert, sec1), tlsready.KeyMismatch, ": tls.key does not match the first certificate (SAN rsa.example.com, serial 2a)"},
		{"no SAN, other key", pair(noSAN, key), tlsready.KeyMismatch, `: tls.key does not match the first certificate (subject "CN=old.example.com", serial 10:03)`},
		{"reversed chain", pair(slices.Concat(ca.CertPEM(), otherCert, cert), key), tlsready.KeyMismatch, ": tls.key matches certificate 3: the chain is in the wrong order, put the leaf first"},
	}
}

func TestInspect(t *testing.T) {
	for _, tt := range corpus(t) {
		t.Run(tt.name, func(t *testing.T) {
			facts := tlsready.Inspect(tt.secret)
			if facts.Namespace != "shop" || facts.Name != "web-tls" || facts.UID != "uid-1" || facts.ResourceVersion != "1" {
				t.Errorf("facts have metadata %+v", facts.ObjectMeta)
			}
			if tt.reason == "" {
				if facts.Fault != nil {
					t.Fatalf("unexpected fault: %+v", facts.Fault)
				}
				return
			}
			want := &tlsready.Fault{Reason: tt.reason, Message: `secret "shop/web-tls"` + tt.message}
			if diff := cmp.Diff(want, facts.Fault); diff != "" {
				t.Errorf("unexpected fault (-want, +got):\n%s", diff)
			}
		})
	}
}

// TestInspectAgreesWithTLS checks that crypto/tls loads every pair that has no fault.
func TestInspectAgreesWithTLS(t *testing.T) {
	for _, tt := range corpus(t) {
		if tlsready.Inspect(tt.secret).Fault != nil {
			continue
		}
		if _, err := tls.X509KeyPair(tt.secret.Data["tls.crt"], tt.secret.Data["tls.key"]); err != nil {
			t.Errorf("%s: crypto/tls refuses a pair without fault: %v", tt.name, err)
		}
	}
}

// TestInspectKeepsNoKey looks for pieces of tls.key, raw and decoded, in all facts.
func TestInspectKeepsNoKey(t *testing.T) {
	for _, tt := range corpus(t) {
		// Files whose tls.crt and tls.key share content say nothing here.
		if bytes.Equal(tt.secret.Data["tls.crt"], tt.secret.Data["tls.key"]) || tt.name == "swapped" {
			continue
		}
		facts := tlsready.Inspect(tt.secret)
		v := tlsready.Evaluate(facts, "shop", declare.Requirement{SecretName: "web-tls"}, tlstest.Now)
		dump := fmt.Sprintf("%+v %+v %+v", *facts, facts.Fault, v)
		for line := range strings.Lines(string(tt.secret.Data["tls.key"])) {
			line = strings.TrimSpace(line)
			if len(line) > 5 && !strings.Contains(line, ": ") && !strings.HasPrefix(line, "-----") && strings.Contains(dump, line) {
				t.Errorf("%s: the facts hold %q of tls.key", tt.name, line)
			}
		}
	}
}

func TestInspectFacts(t *testing.T) {
	ca := tlstest.NewCA(t)
	cert, key := ca.Issue(tlstest.Options{DNSNames: []string{"WWW.example.com", "*.example.com", "www.example.com"}})
	got := tlsready.Inspect(tlstest.Secret("shop", "web-tls", slices.Concat(cert, ca.CertPEM()), key))
	if diff := cmp.Diff([]string{"*.example.com", "www.example.com"}, got.DNSNames); diff != "" {
		t.Errorf("unexpected DNS names (-want, +got):\n%s", diff)
	}
	if got.Serial != "10:01" || got.Issuer != "CN=Test CA" || len(got.FingerprintSHA256) != 64 {
		t.Errorf("serial %q, issuer %q, fingerprint %q", got.Serial, got.Issuer, got.FingerprintSHA256)
	}
	if !got.NotAfter.Equal(tlstest.Now.AddDate(0, 0, 90)) || !got.NotBefore.Before(tlstest.Now) {
		t.Errorf("validity %s to %s", got.NotBefore, got.NotAfter)
	}
}

func rsaSecret(tb testing.TB, ca *tlstest.CA, key crypto.Signer) *corev1.Secret {
	tb.Helper()
	cert, keyPEM := ca.Issue(tlstest.Options{Key: key})
	return tlstest.Secret("shop", "web-tls", cert, keyPEM)
}

// legacyKeys returns a SEC 1 key and an RSA key in PKCS #1 with a certificate.
func legacyKeys(tb testing.TB) (sec1, pkcs1, rsaCert []byte) {
	tb.Helper()
	ec, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	ecDER, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		tb.Fatal(err)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(42), DNSNames: []string{"rsa.example.com"}, NotBefore: tlstest.Now, NotAfter: tlstest.Now.AddDate(0, 0, 1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: ecDER}),
		pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func decode(tb testing.TB, data []byte) []byte {
	tb.Helper()
	block, _ := pem.Decode(data)
	if block == nil {
		tb.Fatal("no PEM block")
	}
	return block.Bytes
}
