// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/sandbox"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
)

// TestManifests installs everything as the README says: the pods of both Deployments pass the namespace's Pod Security level.
func TestManifests(t *testing.T) {
	c := newCluster(t, sandbox.Options{ControllerManager: true})
	for _, dir := range []string{"default", "samples"} {
		if err := stack.Apply(t.Context(), c.sb, dir); err != nil {
			t.Fatal(err)
		}
	}
	for namespace, apps := range map[string][]string{stack.Namespace: {"tollgate-scheduler", "tollgate-controller"}, "shop": {"web"}} {
		for _, app := range apps {
			eventually(t, "two pods of "+app, func(ctx context.Context) (bool, string) {
				var pods corev1.PodList
				if err := c.client.List(ctx, &pods, client.InNamespace(namespace)); err != nil {
					return false, err.Error()
				}
				n := 0
				for _, pod := range pods.Items {
					if strings.HasPrefix(pod.Name, app+"-") {
						n++
					}
				}
				return n == 2, fmt.Sprintf("%d pods", n)
			})
		}
	}
}

func TestInvalidSpecsAreRefusedWithAdvice(t *testing.T) {
	s := shared.space(t)
	for name, test := range map[string]struct {
		object client.Object
		want   string
	}{
		"no names": {
			&v1alpha1.TLSCertificate{Spec: v1alpha1.TLSCertificateSpec{SecretName: "web-tls", IssuerRef: v1alpha1.IssuerReference{Name: "acme"}}},
			"set at least one of dnsNames, ipAddresses and uris",
		},
		"bad name":   {tlsCertificate("web", "Not A Name"), "dnsNames"},
		"no issuer":  {&v1alpha1.CertIssuer{}, "set exactly one of acme and ca"},
		"no consent": {&v1alpha1.CertIssuer{Spec: v1alpha1.IssuerSpec{ACME: acmeWith(func(a *v1alpha1.ACMEIssuer) { a.TermsOfServiceAgreed = false })}}, "terms of service"},
		"plain http": {&v1alpha1.CertIssuer{Spec: v1alpha1.IssuerSpec{ACME: acmeWith(func(a *v1alpha1.ACMEIssuer) { a.Server = "http://ca.example.com" })}}, "https URL"},
	} {
		t.Run(name, func(t *testing.T) {
			test.object.SetNamespace(s.ns)
			test.object.SetName("invalid")
			err := s.client.Create(t.Context(), test.object)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Create = %v, want an error with %q", err, test.want)
			}
		})
	}

	certificate := tlsCertificate("web", "fixed.example.com")
	certificate.Spec.Suspend = true
	s.create(certificate)
	// A patch, since the controller writes the status meanwhile.
	change := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"secretName":"other-tls"}}`))
	if err := s.client.Patch(t.Context(), certificate, change); err == nil || !strings.Contains(err.Error(), "secretName cannot be changed") {
		t.Errorf("changing spec.secretName: %v", err)
	}
}

func acmeWith(change func(*v1alpha1.ACMEIssuer)) *v1alpha1.ACMEIssuer {
	a := &v1alpha1.ACMEIssuer{
		Server:               "https://ca.example.com/directory",
		TermsOfServiceAgreed: true,
		PrivateKeySecretRef:  v1alpha1.LocalSecretReference{Name: "account"},
		Solvers:              []v1alpha1.Solver{{HTTP01: &v1alpha1.HTTP01Solver{}}},
	}
	change(a)
	return a
}

// TestPrinterColumns asks the apiserver for the table that kubectl shows.
func TestPrinterColumns(t *testing.T) {
	s := shared.space(t)
	certificate := tlsCertificate("web", "columns.example.com")
	s.create(certificate)
	s.waitCertificate("web", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonIssued)
	table := s.table("tlscertificates")
	var columns []string
	for _, c := range table.ColumnDefinitions {
		if c.Priority == 0 {
			columns = append(columns, c.Name)
		}
	}
	if got, want := strings.Join(columns, " "), "Name Ready Secret Expires Age"; got != want {
		t.Errorf("columns are %q, want %q", got, want)
	}
	if len(table.Rows) != 1 || table.Rows[0].Cells[1] != "True" || table.Rows[0].Cells[2] != "web-tls" {
		t.Errorf("rows are %v", table.Rows)
	}
}
