// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/migrate"
)

// importCerts runs kubectl tollgate certs import on a file, and returns what it prints.
func (s *space) importCerts(file string) []*unstructured.Unstructured {
	s.t.Helper()
	stdout, stderr, code := s.kubectl("certs", "import", "-f", file, "-n", s.ns)
	if code != 0 {
		s.t.Fatalf("certs import -f %s: exit code %d\n%s", file, code, stderr)
	}
	inputs, err := migrate.Parse(file, strings.NewReader(stdout))
	if err != nil {
		s.t.Fatalf("reading what certs import printed: %v\n%s", err, stdout)
	}
	var all []*unstructured.Unstructured
	for _, in := range inputs {
		all = append(all, &unstructured.Unstructured{Object: in.Object})
	}
	return all
}

// What certs import prints passes the validation of the CRDs, unknown fields included.
func TestImportedManifestsAreValid(t *testing.T) {
	s := shared.space(t)
	for file, want := range map[string]int{"cert-manager.yaml": 6, "kube-cert-manager.yaml": 4} {
		objects := s.importCerts(filepath.Join("../../pkg/migrate/testdata", file))
		if len(objects) != want {
			t.Errorf("%s: %d objects, want %d", file, len(objects), want)
		}
		for _, o := range objects {
			strict := &client.CreateOptions{DryRun: []string{metav1.DryRunAll}, Raw: &metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict}}
			if err := s.client.Create(t.Context(), o, strict); err != nil {
				t.Errorf("%s: creating %s %s: %v", file, o.GetKind(), o.GetName(), err)
			}
		}
	}
}

// theirs is a Secret as cert-manager writes it: a CA's certificate without extended usages for an RSA key, and its annotations.
func theirs(t *testing.T, name, host string) *corev1.Secret {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "their CA"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(9000 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{host}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(2000 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, root, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{"cert-manager.io/certificate-name": "web", "cert-manager.io/issuer-name": "internal"}},
		Type:       corev1.SecretTypeTLS,
		Data: map[string][]byte{
			corev1.TLSCertKey:       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
			corev1.TLSPrivateKeyKey: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
		},
	}
}

// A Secret of cert-manager is left alone until its annotation is gone. Then it is used as it is, and nothing is issued; the
// account key that cert-manager has made is the one that the issuer registers with.
func TestImportTakesOverWithoutIssuing(t *testing.T) {
	s := shared.space(t)
	accountKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	account := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "account"},
		Data:       map[string][]byte{corev1.TLSPrivateKeyKey: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(accountKey)})},
	}
	secret := theirs(t, "web-tls", "www.example.com")
	s.create(account, secret)
	file := filepath.Join(t.TempDir(), "theirs.yaml")
	text := fmt.Sprintf(`
apiVersion: cert-manager.io/v1
kind: Issuer
metadata: {name: acme}
spec: {acme: {server: %q, caBundle: %s, privateKeySecretRef: {name: account}, solvers: [{http01: {ingress: {}}}]}}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web}
spec: {secretName: web-tls, dnsNames: [www.example.com], issuerRef: {name: acme}}
`, s.sb.ACME().DirectoryURL, base64.StdEncoding.EncodeToString(s.sb.ACME().CABundle))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	before := issued(t, s.sb)
	for _, o := range s.importCerts(file) {
		if err := s.client.Create(t.Context(), o); err != nil {
			t.Fatalf("creating %s %s: %v", o.GetKind(), o.GetName(), err)
		}
	}
	eventually(t, "the issuer is ready with the account key that was there", func(ctx context.Context) (bool, string) {
		var issuer v1alpha1.CertIssuer
		err := s.client.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: "acme"}, &issuer)
		return err == nil && issuer.Status.AccountURI != "", fmt.Sprint(err, issuer.Status.Conditions)
	})
	if got := s.secret("account"); got.ResourceVersion != account.ResourceVersion {
		t.Error("the Secret of the account key was written")
	}

	c := s.waitCertificate("web", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonIssued)
	if c.Status.RenewalTime != nil {
		t.Errorf("Tollgate would renew a Secret of cert-manager: %s", describeCertificate(c))
	}
	// kubectl annotate secret web-tls cert-manager.io/certificate-name-
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"cert-manager.io/certificate-name":null}}}`))
	if err := s.client.Patch(t.Context(), secret.DeepCopy(), patch); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the Secret is taken over", func(context.Context) (bool, string) {
		c = s.certificate("web")
		return c.Status.RenewalTime != nil, describeCertificate(c)
	})
	if got := s.secret("web-tls"); !bytes.Equal(got.Data[corev1.TLSCertKey], secret.Data[corev1.TLSCertKey]) || issued(t, s.sb) != before {
		t.Errorf("a certificate was issued: %s", describeCertificate(c))
	}
	if c.Status.RenewalTime.Before(&metav1.Time{Time: time.Now()}) {
		t.Errorf("it is due at once: %s", describeCertificate(c))
	}
}
