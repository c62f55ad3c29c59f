// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

// stopAt runs the certificate until the effect.
func (h *harness) stopAt(name, effect string) {
	h.Helper()
	stop := errors.New("stop")
	h.executor.CrashAfter(func(e string) error {
		if e == effect {
			return stop
		}
		return nil
	})
	if _, err := h.reconcile(name); !errors.Is(err, stop) {
		h.Fatal(err)
	}
	h.executor.CrashAfter(nil)
}

func (h *harness) issuance(certificate string) corev1.Secret {
	h.Helper()
	for _, s := range (answers{h.client}).secrets() {
		if owner := metav1.GetControllerOf(&s); owner != nil && owner.Name == certificate {
			return s
		}
	}
	h.Fatalf("TLSCertificate %s has no issuance Secret", certificate)
	return corev1.Secret{}
}

// TestRecordsOfOthersAreNotTrusted: whoever may write Secrets in a namespace must not get at the order of another one
// that uses the same account.
func TestRecordsOfOthersAreNotTrusted(t *testing.T) {
	for name, tamper := range map[string]func(t *testing.T, mine, theirs *corev1.Secret){
		"order": func(_ *testing.T, mine, theirs *corev1.Secret) {
			mine.Annotations["tollgate.dev/order-url"] = theirs.Annotations["tollgate.dev/order-url"]
		},
		"order and seal": func(_ *testing.T, mine, theirs *corev1.Secret) { mine.Annotations = theirs.Annotations },
		"order and signing request": func(t *testing.T, mine, theirs *corev1.Secret) {
			key, err := pki.ParseKey(mine.Data[corev1.TLSPrivateKeyKey])
			if err != nil {
				t.Fatal(err)
			}
			if mine.Data["csr.der"], err = pki.NewCSR(key, []string{"bank.example.com"}, nil); err != nil {
				t.Fatal(err)
			}
			mine.Annotations = theirs.Annotations
		},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			h := newHarness(t, newCert("shop", "shop.example.com"), newCert("bank", "bank.example.com"))
			h.stopAt("bank", "record written")
			h.stopAt("shop", "record written")
			mine, theirs := h.issuance("shop"), h.issuance("bank")
			tamper(t, &mine, &theirs)
			h.must(h.client.Update(t.Context(), &mine))
			cert, err := h.reconcile("shop")
			h.must(err)
			if leaf := h.issued(cert); !slices.Equal(leaf.DNSNames, []string{"shop.example.com"}) {
				t.Errorf("certificate for %q", leaf.DNSNames)
			}
			if h.server.Issued() != 1 {
				t.Errorf("the CA issued %d certificates, want 1", h.server.Issued())
			}
			if cert, err = h.reconcile("bank"); err != nil {
				t.Fatal(err)
			}
			h.issued(cert)
			h.clean()
		})
	}
}

// TestReorderedNamesKeepTheOrder: the same names in another order are the same certificate.
func TestReorderedNamesKeepTheOrder(t *testing.T) {
	h := newHarness(t, newCert("web", "www.example.com", "api.example.com"))
	h.stopAt("web", "finalized")
	cert := newCert("web")
	h.must(h.client.Get(t.Context(), request("web").NamespacedName, cert))
	slices.Reverse(cert.Spec.DNSNames)
	h.must(h.client.Update(t.Context(), cert))
	h.restart()
	cert, err := h.reconcile("web")
	h.must(err)
	h.issued(cert)
	if h.server.Orders() != 1 || h.server.Issued() != 1 {
		t.Errorf("%d orders, %d issued, want 1 of each", h.server.Orders(), h.server.Issued())
	}
}

func TestForeignSecretOfTheSameNameIsLeftAlone(t *testing.T) {
	cert := newCert("web", "www.example.com")
	h := newHarness(t, cert)
	foreign := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: acme.RecordName(cert, "default")},
		Type:       corev1.SecretTypeOpaque, Data: map[string][]byte{"precious": []byte("1")},
	}
	h.must(h.client.Create(t.Context(), foreign))
	got, err := h.reconcile("web")
	h.must(err)
	c := meta.FindStatusCondition(got.Status.Conditions, v1alpha1.ConditionIssuing)
	if c == nil || c.Reason != v1alpha1.ReasonFailed || !strings.Contains(c.Message, "left alone") {
		t.Errorf("Issuing = %+v, want Failed that says that the Secret is left alone", c)
	}
	h.must(h.client.Get(t.Context(), request(foreign.Name).NamespacedName, &corev1.Secret{}))
}
