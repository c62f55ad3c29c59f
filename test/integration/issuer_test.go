// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
)

func (s *space) certificate(name string) *v1alpha1.TLSCertificate {
	s.t.Helper()
	var c v1alpha1.TLSCertificate
	if err := s.client.Get(s.t.Context(), client.ObjectKey{Namespace: s.ns, Name: name}, &c); err != nil {
		s.t.Fatalf("reading TLSCertificate %s: %v", name, err)
	}
	return &c
}

func describeCertificate(c *v1alpha1.TLSCertificate) string {
	var b strings.Builder
	for _, condition := range c.Status.Conditions {
		fmt.Fprintf(&b, "%s=%s %s %s; ", condition.Type, condition.Status, condition.Reason, condition.Message)
	}
	return b.String()
}

// waitCertificate waits for a condition of a TLSCertificate to have a status and, unless it is empty, a reason.
func (s *space) waitCertificate(name, conditionType string, status metav1.ConditionStatus, reason string) *v1alpha1.TLSCertificate {
	s.t.Helper()
	var c *v1alpha1.TLSCertificate
	eventually(s.t, fmt.Sprintf("TLSCertificate %s has %s=%s %s", name, conditionType, status, reason), func(context.Context) (bool, string) {
		c = s.certificate(name)
		condition := meta.FindStatusCondition(c.Status.Conditions, conditionType)
		return condition != nil && condition.Status == status && (reason == "" || condition.Reason == reason), describeCertificate(c)
	})
	return c
}

func (s *space) secret(name string) *corev1.Secret {
	s.t.Helper()
	var secret corev1.Secret
	if err := s.client.Get(s.t.Context(), client.ObjectKey{Namespace: s.ns, Name: name}, &secret); err != nil {
		s.t.Fatalf("reading Secret %s: %v", name, err)
	}
	return &secret
}

// verify checks the chain in a Secret against a root for host, and returns the leaf.
func verify(t *testing.T, secret *corev1.Secret, root []byte, host string) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode(secret.Data[corev1.TLSCertKey])
	if block == nil {
		t.Fatal("tls.crt is not PEM")
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatalf("parsing the leaf: %v", err)
	}
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	intermediates.AppendCertsFromPEM(rest)
	if _, err := leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: roots, Intermediates: intermediates}); err != nil {
		t.Errorf("the certificate does not verify: %v", err)
	}
	return leaf
}

// issued counts the certificates that Pebble has signed for a name, from its log of finalized orders.
func issued(t *testing.T, sb *sandbox.Sandbox) int {
	t.Helper()
	return len(regexp.MustCompile(`(?m)Issued certificate serial`).FindAllString(readLog(t, sb.LogDir()+"/pebble.log"), -1))
}

func TestACMECertificate(t *testing.T) {
	s := shared.space(t)
	s.create(fakeNode("node", price("0.1")))
	s.create(workload("web", requireTLS("auto"), mounting("web-tls"), requireNames("web-tls", "www.example.com")))
	s.waitHeld("web", "SecretNotFound")
	before := issued(t, s.sb)
	start := time.Now()
	s.create(tlsCertificate("web", "www.example.com"))
	c := s.waitCertificate("web", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonIssued)
	t.Logf("TLSCertificate created to Ready: %s", time.Since(start).Round(time.Millisecond))
	root, err := stack.ACMERoot(t.Context(), s.sb.ACME())
	if err != nil {
		t.Fatal(err)
	}
	secret := s.secret("web-tls")
	leaf := verify(t, secret, root, "www.example.com")
	if got, want := c.Status.NotAfter.Time, leaf.NotAfter; !got.Equal(want) {
		t.Errorf("status.notAfter is %s, the certificate's is %s", got, want)
	}
	if c.Status.RenewalTime == nil || !c.Status.RenewalTime.After(leaf.NotBefore) || !c.Status.RenewalTime.Time.Before(leaf.NotAfter) {
		t.Errorf("status.renewalTime %v is not within the certificate's validity", c.Status.RenewalTime)
	}
	if secret.Annotations[v1alpha1.CertificateNameAnnotation] != "web" {
		t.Errorf("the Secret does not name its TLSCertificate: %v", secret.Annotations)
	}
	if n := issued(t, s.sb) - before; n != 1 {
		t.Errorf("the CA issued %d certificates, want 1", n)
	}
	s.waitBound("web")

	// What led the CA's requests to the controller is gone, and so is the write-ahead Secret.
	eventually(t, "nothing of the order is left", func(ctx context.Context) (bool, string) {
		var left []string
		for _, list := range []client.ObjectList{&corev1.ServiceList{}, &networkingv1.IngressList{}, &discoveryv1.EndpointSliceList{}, &corev1.SecretList{}} {
			if err := s.client.List(ctx, list, client.InNamespace(s.ns)); err != nil {
				return false, err.Error()
			}
			_ = meta.EachListItem(list, func(o runtime.Object) error {
				if name := o.(client.Object).GetName(); name != "web-tls" {
					left = append(left, fmt.Sprintf("%T %s", o, name))
				}
				return nil
			})
		}
		return len(left) == 0, strings.Join(left, ", ")
	})
}

func TestDeletedSecretIsRepaired(t *testing.T) {
	s := shared.space(t)
	s.create(tlsCertificate("web", "repair.example.com"))
	s.waitCertificate("web", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonIssued)
	first := s.secret("web-tls")
	if err := s.client.Delete(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the Secret is written again", func(ctx context.Context) (bool, string) {
		var secret corev1.Secret
		err := s.client.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: "web-tls"}, &secret)
		return err == nil && secret.UID != first.UID, describeCertificate(s.certificate("web"))
	})
}

func TestInternalCA(t *testing.T) {
	s := shared.space(t)
	s.create(&v1alpha1.CertIssuer{
		ObjectMeta: metav1.ObjectMeta{Name: "internal"},
		Spec:       v1alpha1.IssuerSpec{CA: &v1alpha1.CAIssuer{SecretName: "internal-ca", SelfSigned: &v1alpha1.SelfSignedCA{CommonName: "Test"}}},
	})
	certificate := tlsCertificate("api", "api.svc.cluster.local")
	certificate.Spec.IssuerRef = v1alpha1.IssuerReference{Name: "internal"}
	s.create(certificate)
	s.waitCertificate("api", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonIssued)
	verify(t, s.secret("api-tls"), s.secret("internal-ca").Data[corev1.TLSCertKey], "api.svc.cluster.local")
}

func TestNamesThatTheIssuerDoesNotAllow(t *testing.T) {
	s := shared.space(t)
	before := issued(t, s.sb)
	s.create(tlsCertificate("web", "www.example.org"))
	c := s.waitCertificate("web", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotAllowed)
	if !strings.Contains(describeCertificate(c), "www.example.org") {
		t.Errorf("the message does not name what is not allowed: %s", describeCertificate(c))
	}
	if c.Status.ACME != nil && c.Status.ACME.OrderURL != "" || issued(t, s.sb) != before {
		t.Error("an order was placed for a name that is not allowed")
	}
}

func TestSecretOfSomebodyElseIsLeftAlone(t *testing.T) {
	s := shared.space(t)
	theirs := newSecret("web-tls", nil, nil)
	theirs.Annotations = map[string]string{"cert-manager.io/certificate-name": "web"}
	s.create(theirs)
	s.create(tlsCertificate("web", "www.example.com"))
	s.waitCertificate("web", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonOwnedByOther)
	if secret := s.secret("web-tls"); secret.ResourceVersion != theirs.ResourceVersion {
		t.Error("the Secret of somebody else was written")
	}
}

func TestACMEServerDown(t *testing.T) {
	c := newCluster(t, sandbox.Options{ACME: true, ControllerManager: true})
	if err := stack.Install(t.Context(), c.sb); err != nil {
		t.Fatal(err)
	}
	if _, err := stack.StartController(t.Context(), c.sb, stack.ControllerOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := c.createIssuer(t.Context(), c.sb.ACME().DirectoryURL, c.sb.ACME().CABundle); err != nil {
		t.Fatal(err)
	}
	s := c.space(t)
	s.create(tlsCertificate("first", "first.example.com"))
	s.waitCertificate("first", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonIssued)

	if err := c.sb.StopACME(); err != nil {
		t.Fatal(err)
	}
	s.create(tlsCertificate("second", "second.example.com"))
	var down *v1alpha1.TLSCertificate
	eventually(t, "the outage is reported with the next attempt", func(context.Context) (bool, string) {
		down = s.certificate("second")
		return down.Status.NextAttemptTime != nil && strings.Contains(describeCertificate(down), c.sb.ACME().DirectoryURL[:len("https://127.0.0.1:")]), describeCertificate(down)
	})
	t.Logf("while it is down: %s next attempt %s", describeCertificate(down), down.Status.NextAttemptTime)

	if err := c.sb.StartACME(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.waitCertificate("second", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonIssued)
	if n := issued(t, c.sb); n != 2 {
		t.Errorf("the CA issued %d certificates, want 2", n)
	}
}
