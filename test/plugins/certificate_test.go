// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
)

// patience bounds every wait for something that must happen; it is only used up when a test fails.
const patience = 2 * time.Minute

// configKey of the Secret with a plugin's configuration.
const configKey = "config.json"

// configuration of dns01-lego: see its README.
type configuration struct {
	Provider    string            `json:"provider"`
	Settings    map[string]string `json:"settings"`
	Nameservers []string          `json:"nameservers"`
}

func (c *cluster) create(t *testing.T, o client.Object) {
	t.Helper()
	if err := c.client.Create(t.Context(), o); err != nil {
		t.Fatalf("creating %T %s: %v", o, o.GetName(), err)
	}
}

// issuer creates a ClusterCertIssuer for a domain and all below it, and the Secret with the plugin's configuration.
func (c *cluster) issuer(t *testing.T, name, domain string, config configuration) {
	t.Helper()
	raw, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	c.create(t, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: stack.Namespace, Name: name}, Data: map[string][]byte{configKey: raw}})
	c.create(t, &v1alpha1.ClusterCertIssuer{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.ClusterIssuerSpec{
		IssuerSpec: c.issuerSpec(name), Allow: []v1alpha1.AllowRule{{DNSNames: []string{domain, "**." + domain}}},
	}})
}

func (c *cluster) issuerSpec(name string) v1alpha1.IssuerSpec {
	return v1alpha1.IssuerSpec{ACME: &v1alpha1.ACMEIssuer{
		Server: c.acme.URL, CABundle: c.acme.CABundle, TermsOfServiceAgreed: true,
		PrivateKeySecretRef: v1alpha1.LocalSecretReference{Name: name + "-account"},
		Solvers: []v1alpha1.Solver{{DNS01: &v1alpha1.DNS01Solver{Exec: &v1alpha1.ExecSolver{
			Plugin: "dns01-lego", ConfigSecretRef: &v1alpha1.SecretKeyReference{Name: name, Key: configKey},
		}}}},
	}}
}

// certificateOf asks for names in Secret name.
func certificateOf(name, issuer string, names ...string) *v1alpha1.TLSCertificate {
	return &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Spec: v1alpha1.TLSCertificateSpec{
		SecretName: name, DNSNames: names, IssuerRef: v1alpha1.IssuerReference{Name: issuer, Kind: v1alpha1.KindClusterCertIssuer},
	}}
}

// said is what the conditions of a TLSCertificate say.
func said(cert *v1alpha1.TLSCertificate) string {
	var b strings.Builder
	for _, condition := range cert.Status.Conditions {
		fmt.Fprintf(&b, "%s=%s %s %s; ", condition.Type, condition.Status, condition.Reason, condition.Message)
	}
	return b.String()
}

// wait waits for a TLSCertificate that done accepts.
func (c *cluster) wait(t *testing.T, name, what string, done func(*v1alpha1.TLSCertificate) bool) *v1alpha1.TLSCertificate {
	t.Helper()
	var cert v1alpha1.TLSCertificate
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		err := c.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &cert)
		return err == nil && done(&cert), err
	})
	if err != nil {
		t.Fatalf("TLSCertificate %s %s: %v; it says: %s", name, what, err, said(&cert))
	}
	return &cert
}

// await waits until a channel is closed.
func (c *cluster) await(t *testing.T, done <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("waiting until %s: not after %s", what, patience)
	}
}

func (c *cluster) waitReady(t *testing.T, name string) {
	t.Helper()
	c.wait(t, name, "is ready", func(cert *v1alpha1.TLSCertificate) bool {
		return meta.IsStatusConditionTrue(cert.Status.Conditions, v1alpha1.ConditionReady)
	})
}

// waitSaid waits until the conditions have a text, and returns all that they say.
func (c *cluster) waitSaid(t *testing.T, name, text string) string {
	t.Helper()
	return said(c.wait(t, name, fmt.Sprintf("says %q", text), func(cert *v1alpha1.TLSCertificate) bool { return strings.Contains(said(cert), text) }))
}

// verify checks the pair in a Secret against the CA's roots for hosts.
func (c *cluster) verify(t *testing.T, name string, hosts ...string) {
	t.Helper()
	var secret corev1.Secret
	if err := c.client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, &secret); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		t.Fatalf("Secret %s: %v", name, err)
	}
	intermediates := x509.NewCertPool()
	for _, der := range pair.Certificate[1:] {
		ca, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatalf("Secret %s: %v", name, err)
		}
		intermediates.AddCert(ca)
	}
	for _, host := range hosts {
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: c.acme.Roots, Intermediates: intermediates}); err != nil {
			t.Errorf("Secret %s does not verify for %s: %v", name, host, err)
		}
	}
}
