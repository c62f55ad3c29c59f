// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	certificatesv1beta1 "k8s.io/api/certificates/v1beta1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
)

// TestTrustBundle has an API server with ClusterTrustBundles: it checks what is put into them, and who may.
func TestTrustBundle(t *testing.T) {
	// They are beta in 1.35, and have to be asked for.
	c := newCluster(t, sandbox.Options{ControllerManager: true, APIServerArgs: []string{
		"--feature-gates=ClusterTrustBundle=true", "--runtime-config=certificates.k8s.io/v1beta1=true",
	}})
	if err := stack.Install(t.Context(), c.sb); err != nil {
		t.Fatal(err)
	}
	if _, err := stack.StartController(t.Context(), c.sb, stack.ControllerOptions{}); err != nil {
		t.Fatal(err)
	}
	s := c.space(t)
	const where = "ClusterTrustBundle/tollgate.dev:ca:internal"
	c.createClusterCA(t, "internal")
	c.waitPublished(t, &v1alpha1.ClusterCertIssuer{ObjectMeta: metav1.ObjectMeta{Name: "internal"}}, where)
	first := c.bundle(t, "internal")

	t.Run("pods may trust it", func(t *testing.T) {
		if first.Spec.SignerName != "tollgate.dev/ca" || !bytes.Equal([]byte(first.Spec.TrustBundle), c.caSecret(t, "internal").Data[corev1.TLSCertKey]) {
			t.Errorf("signer %s; the bundle does not hold the CA's certificate alone", first.Spec.SignerName)
		}
		certificate := tlsCertificate("web", "web.example.com")
		certificate.Spec.IssuerRef.Name = "internal"
		s.create(certificate, workload("web", requireSigned("web-tls", where)))
		s.waitCertificate("web", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonIssued)
		verify(t, s.secret("web-tls"), []byte(first.Spec.TrustBundle), "web.example.com")
		s.waitReported("web")
		s.create(tlsSecret(t, "other-tls", "web.example.com", nil), workload("other", requireSigned("other-tls", where)))
		if held := s.waitHeld("other", "Untrusted"); !strings.Contains(held.Message, "tollgate.dev:ca:internal") {
			t.Errorf("the pod is told: %s", held.Message)
		}
	})

	t.Run("no ConfigMap beside it", func(t *testing.T) {
		err := c.client.Get(t.Context(), client.ObjectKey{Namespace: stack.Namespace, Name: "tollgate-ca-internal"}, &corev1.ConfigMap{})
		if !apierrors.IsNotFound(err) {
			t.Errorf("reading the ConfigMap: %v, want that there is none", err)
		}
	})

	t.Run("rotation", func(t *testing.T) {
		if err := c.client.Delete(t.Context(), c.caSecret(t, "internal")); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the next CA is published beside the one that signs", func(context.Context) (bool, string) {
			text := c.bundle(t, "internal").Spec.TrustBundle
			return countPEM(text) == 2 && strings.Contains(text, strings.TrimSpace(first.Spec.TrustBundle)), fmt.Sprint(countPEM(text), " certificates")
		})
	})

	t.Run("CertIssuers have ConfigMaps all the same", func(t *testing.T) {
		issuer := internalCA()
		s.create(issuer)
		c.waitPublished(t, issuer, "ConfigMap/"+s.ns+"/tollgate-ca-internal")
	})

	t.Run("a bundle of somebody else", func(t *testing.T) {
		theirs := &certificatesv1beta1.ClusterTrustBundle{
			ObjectMeta: metav1.ObjectMeta{Name: "tollgate.dev:ca:taken"},
			Spec:       certificatesv1beta1.ClusterTrustBundleSpec{SignerName: "tollgate.dev/ca", TrustBundle: first.Spec.TrustBundle},
		}
		if err := c.client.Create(t.Context(), theirs); err != nil {
			t.Fatal(err)
		}
		c.createClusterCA(t, "taken")
		c.waitRefused(t, "taken", "ClusterTrustBundle/tollgate.dev:ca:taken exists and is not this issuer's")
		if now := c.bundle(t, "taken"); now.ResourceVersion != theirs.ResourceVersion {
			t.Error("the bundle of somebody else was written")
		}
	})

	// Last, since it takes a right away: the API server asks for it beside the right to create the object.
	t.Run("without the right to attest", func(t *testing.T) {
		role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "tollgate-controller"}}
		if err := s.update(c.client, role, func() {
			for i := range role.Rules {
				if len(role.Rules[i].Resources) == 1 && role.Rules[i].Resources[0] == "signers" {
					role.Rules[i].ResourceNames = []string{"example.com/other"}
				}
			}
		}); err != nil {
			t.Fatal(err)
		}
		// The API server's authorizer hears of it by a watch: the issuers of a moment may still be published.
		n := 0
		var ready *metav1.Condition
		eventually(t, "an issuer is refused", func(context.Context) (bool, string) {
			n++
			name := fmt.Sprintf("unattested-%d", n)
			c.createClusterCA(t, name)
			ready = c.waitJudged(t, name)
			return ready.Status != metav1.ConditionTrue, ready.Message
		})
		if want := "the controller lacks a permission; apply its ClusterRole anew"; !strings.Contains(ready.Message, want) || !strings.Contains(ready.Message, "attest") {
			t.Errorf("the issuer says: %s; want %q, and which", ready.Message, want)
		}
	})
}

// TestWithoutTrustBundles has an API server as they mostly are: authorities are published in ConfigMaps.
func TestWithoutTrustBundles(t *testing.T) {
	s := shared.space(t)
	s.create(fakeNode("node", price("0.1")))
	cluster := "ca-" + s.ns
	s.createClusterCA(t, cluster)
	s.waitPublished(t, &v1alpha1.ClusterCertIssuer{ObjectMeta: metav1.ObjectMeta{Name: cluster}}, "ConfigMap/"+stack.Namespace+"/tollgate-ca-"+cluster)
	m := &corev1.ConfigMap{}
	if err := s.client.Get(t.Context(), client.ObjectKey{Namespace: stack.Namespace, Name: "tollgate-ca-" + cluster}, m); err != nil {
		t.Fatal(err)
	}
	if m.Data["ca.crt"] != string(s.caSecret(t, cluster).Data[corev1.TLSCertKey]) {
		t.Error("the ConfigMap does not hold the CA's certificate")
	}

	// A pod trusts that of its own namespace, and is told where it asks for what is not served.
	issuer := internalCA()
	s.create(issuer)
	s.waitPublished(t, issuer, "ConfigMap/"+s.ns+"/tollgate-ca-internal")
	certificate := tlsCertificate("web", "web.example.com")
	certificate.Spec.IssuerRef = v1alpha1.IssuerReference{Name: "internal"}
	s.create(certificate, workload("web", requireSigned("web-tls", "configMap/tollgate-ca-internal")),
		workload("bundle", requireSigned("web-tls", "clusterTrustBundle/tollgate.dev:ca:"+cluster)))
	s.waitBound("web")
	if held := s.waitHeld("bundle", "TrustNotFound"); !strings.Contains(held.Message, "the API server does not serve clustertrustbundles") {
		t.Errorf("the pod is told: %s", held.Message)
	}
}

// requireSigned requires a Secret that an authority has signed, which is named as in status.trustBundle or as pods name it.
func requireSigned(secret, authority string) func(*corev1.Pod) {
	authority = strings.Replace(authority, "ClusterTrustBundle/", "clusterTrustBundle/", 1)
	return func(p *corev1.Pod) {
		p.Annotations["tollgate.dev/tls-requirements"] = fmt.Sprintf(`[{"secretName": %q, "trust": %q}]`, secret, authority)
	}
}

// createClusterCA creates a ClusterCertIssuer for any name below example.com, with a CA of its own.
func (c *cluster) createClusterCA(t *testing.T, name string) {
	t.Helper()
	issuer := &v1alpha1.ClusterCertIssuer{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.ClusterIssuerSpec{
		IssuerSpec: v1alpha1.IssuerSpec{CA: &v1alpha1.CAIssuer{SecretName: name + "-ca", SelfSigned: &v1alpha1.SelfSignedCA{CommonName: "Test"}}},
		Allow:      []v1alpha1.AllowRule{{DNSNames: []string{"**.example.com"}}},
	}}
	if err := c.client.Create(t.Context(), issuer); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.client.Delete(context.Background(), issuer) })
}

// caSecret is the Secret of a ClusterCertIssuer's CA.
func (c *cluster) caSecret(t *testing.T, issuer string) *corev1.Secret {
	t.Helper()
	secret := &corev1.Secret{}
	if err := c.client.Get(t.Context(), client.ObjectKey{Namespace: stack.Namespace, Name: issuer + "-ca"}, secret); err != nil {
		t.Fatal(err)
	}
	return secret
}

func (c *cluster) bundle(t *testing.T, issuer string) *certificatesv1beta1.ClusterTrustBundle {
	t.Helper()
	bundle := &certificatesv1beta1.ClusterTrustBundle{}
	if err := c.client.Get(t.Context(), client.ObjectKey{Name: "tollgate.dev:ca:" + issuer}, bundle); err != nil {
		t.Fatal(err)
	}
	return bundle
}

func countPEM(text string) (n int) {
	for rest := []byte(text); ; n++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return n
		}
	}
}

// waitPublished waits until an issuer is ready and says where its CA is published.
func (c *cluster) waitPublished(t *testing.T, issuer v1alpha1.Issuer, where string) {
	t.Helper()
	eventually(t, "issuer "+issuer.GetName()+" publishes its CA", func(ctx context.Context) (bool, string) {
		err := c.client.Get(ctx, client.ObjectKeyFromObject(issuer), issuer)
		status := issuer.GetStatus()
		return err == nil && meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady) && status.TrustBundle == where,
			fmt.Sprint(err, status.TrustBundle, status.Conditions)
	})
}

// waitJudged waits until a ClusterCertIssuer has condition Ready.
func (c *cluster) waitJudged(t *testing.T, name string) *metav1.Condition {
	t.Helper()
	var ready *metav1.Condition
	eventually(t, "issuer "+name+" has condition Ready", func(ctx context.Context) (bool, string) {
		var issuer v1alpha1.ClusterCertIssuer
		err := c.client.Get(ctx, client.ObjectKey{Name: name}, &issuer)
		ready = meta.FindStatusCondition(issuer.Status.Conditions, v1alpha1.ConditionReady)
		return err == nil && ready != nil, fmt.Sprint(err)
	})
	return ready
}

// waitRefused waits until a ClusterCertIssuer is not ready for a reason.
func (c *cluster) waitRefused(t *testing.T, name, why string) {
	t.Helper()
	if ready := c.waitJudged(t, name); ready.Status != metav1.ConditionFalse || !strings.Contains(ready.Message, why) {
		t.Errorf("issuer %s has Ready=%s: %s; want False with %q", name, ready.Status, ready.Message, why)
	}
}

// waitReported waits until the controller has said that everything that the pod declares is usable.
func (s *space) waitReported(name string) {
	s.t.Helper()
	eventually(s.t, "pod "+name+" has condition TLSReady", func(context.Context) (bool, string) {
		pod := s.pod(name)
		c := podCondition(pod, v1alpha1.TLSReadyCondition)
		return c != nil && c.Status == corev1.ConditionTrue, describe(pod)
	})
}
