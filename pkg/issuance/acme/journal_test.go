// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/dns01"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

type removed []string

// Present implements dns01.Solver.
func (r *removed) Present(context.Context, dns01.Record) error { return nil }

// CleanUp implements dns01.Solver.
func (r *removed) CleanUp(_ context.Context, x dns01.Record) error {
	*r = append(*r, x.Value)
	return nil
}

// TestRightsOfClusterCertIssuers: whoever has an account key in a namespace can seal what he likes there, and must not
// get the plugins or Secrets of a ClusterCertIssuer by that.
func TestRightsOfClusterCertIssuers(t *testing.T) {
	key, err := pki.NewKey(pki.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	keyPEM, err := pki.EncodeKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for namespace, want := range map[string]int{"shop": 0, "tollgate-system": 1} {
		t.Run(namespace, func(t *testing.T) {
			c := fake.NewClientBuilder().WithObjects(&corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "account"}, Data: map[string][]byte{corev1.TLSPrivateKeyKey: keyPEM},
			}).Build()
			var calls removed
			e := &Executor{
				Reader: c, Writer: c, Clock: clocktesting.NewFakePassiveClock(time.Now()), Namespace: "tollgate-system",
				DNS01: func(_ *v1alpha1.DNS01Solver, issuer v1alpha1.Issuer, secretNamespace string) (dns01.Solver, error) {
					if issuer.Kind() != v1alpha1.KindClusterCertIssuer || secretNamespace != namespace {
						t.Errorf("solver of %s in %s", issuer.Kind(), secretNamespace)
					}
					return &calls, nil
				},
			}
			cert := &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "u"}}
			j, err := readJournal(t.Context(), c, namespace, cert)
			if err != nil {
				t.Fatal(err)
			}
			err = j.add(t.Context(), c, key, []dnsEntry{{FQDN: "f.", Zone: "z.", Value: "v", IssuerKind: v1alpha1.KindClusterCertIssuer, IssuerName: "le", AccountSecret: "account"}})
			if err != nil {
				t.Fatal(err)
			}
			var words []string
			err = e.releaseAll(t.Context(), j, func(_, _, message string) { words = append(words, message) })
			if err != nil || len(calls) != want || len(j.entries) != 0 {
				t.Errorf("%d calls, want %d; %v, %q", len(calls), want, err, words)
			}
			if want == 0 && !strings.Contains(strings.Join(words, " "), "not in this namespace") {
				t.Errorf("it says %q", words)
			}
		})
	}
}
