// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/sandbox/stack"
	"github.com/tollgate-dev/tollgate/test/faultproxy"
)

// faults is where cases run.
type faults struct {
	*space
	attempts *attempts
	pairs    *pairs
}

// faultRun is a case that runs, with a proxy and an issuer of its own.
type faultRun struct {
	faultCase
	*space
	attempts *attempts
	pairs    *pairs
	proxy    *faultproxy.Proxy
	log      string // of the CA
	root     []byte // of the CA's certificates
}

// begin prepares the issuers of the cases, switches the faults on and orders the certificates.
func (f *faults) begin(t *testing.T, cases ...faultCase) []*faultRun {
	t.Helper()
	var running []*faultRun
	for _, fc := range cases {
		running = append(running, f.prepare(t, fc))
	}
	for _, r := range running {
		eventually(t, "issuer "+r.name+" is ready", func(ctx context.Context) (bool, string) {
			var issuer v1alpha1.ClusterCertIssuer
			err := r.client.Get(ctx, client.ObjectKey{Name: r.name}, &issuer)
			return err == nil && meta.IsStatusConditionTrue(issuer.Status.Conditions, v1alpha1.ConditionReady), fmt.Sprint(err, issuer.Status.Conditions)
		})
		if r.onDate > 0 {
			date := time.Now().Add(r.onDate).Truncate(time.Second)
			r.fault = faultproxy.RateLimited(date.UTC().Format(http.TimeFormat))
			r.retryAt = func(_, seen time.Time) (from, to time.Time) {
				// If the order came so late that the date was near, the back-off after a failure is longer.
				if own := seen.Add(ownBackoff + time.Second); own.After(date) {
					return date, own
				}
				return date, date
			}
		}
		if r.fault.Name != "" && !r.second {
			r.proxy.Inject(r.endpoint, r.fault, r.times)
		}
		r.order(r.name)
	}
	return running
}

func (f *faults) prepare(t *testing.T, fc faultCase) *faultRun {
	t.Helper()
	own := *f.space
	own.t = t
	r := &faultRun{faultCase: fc, space: &own, attempts: f.attempts, pairs: f.pairs, log: f.sb.LogDir() + "/pebble.log"}
	ca := f.sb.ACME()
	if fc.acme != nil {
		ca, r.log = *fc.acme, f.sb.LogDir()+"/pebble-nonces.log"
	}
	var err error
	if r.root, err = stack.ACMERoot(t.Context(), ca); err != nil {
		t.Fatal(err)
	}
	if r.proxy, err = faultproxy.New(ca.DirectoryURL, ca.CABundle); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.proxy.Close)
	issuer := &v1alpha1.ClusterCertIssuer{
		ObjectMeta: metav1.ObjectMeta{Name: r.name},
		Spec: v1alpha1.ClusterIssuerSpec{
			IssuerSpec: v1alpha1.IssuerSpec{ACME: &v1alpha1.ACMEIssuer{
				Server: r.proxy.DirectoryURL(), CABundle: r.proxy.CABundle(), TermsOfServiceAgreed: true,
				PrivateKeySecretRef: v1alpha1.LocalSecretReference{Name: "account-" + r.name},
				Solvers:             []v1alpha1.Solver{{HTTP01: &v1alpha1.HTTP01Solver{}}},
			}},
			Allow: []v1alpha1.AllowRule{{DNSNames: []string{"**.example.com"}}},
		},
	}
	if err := r.client.Create(t.Context(), issuer); err != nil {
		t.Fatal(err)
	}
	return r
}

// order creates a TLSCertificate for the names of the case.
func (r *faultRun) order(name string) {
	r.t.Helper()
	c := tlsCertificate(name, r.name+".example.com")
	c.Spec.DNSNames = append(c.Spec.DNSNames, "www."+r.name+".example.com")
	c.Spec.IssuerRef.Name = r.name
	r.create(c)
}

// waitReady waits longer than other tests do: a refusal costs a minute.
func (r *faultRun) waitReady(name string) {
	r.t.Helper()
	err := wait.PollUntilContextTimeout(r.t.Context(), 100*time.Millisecond, 2*patience, true, func(context.Context) (bool, error) {
		return meta.IsStatusConditionTrue(r.certificate(name).Status.Conditions, v1alpha1.ConditionReady), nil
	})
	if err != nil {
		r.t.Fatalf("TLSCertificate %s is not ready: %s; asked for: %v", name, describeCertificate(r.certificate(name)), r.proxy.Requests())
	}
}

// checkSecret checks that the Secret holds the first certificate, for the key that is beside it.
func (r *faultRun) checkSecret(name string) {
	r.t.Helper()
	secret := r.secret(name + "-tls")
	verify(r.t, secret, r.root, "www."+r.name+".example.com")
	written := r.pairs.of(r.t, secret)
	if len(written) != 1 {
		r.t.Errorf("Secret %s was written %d times, want once", secret.Name, len(written))
	}
	for i, err := range written {
		if err != nil {
			r.t.Errorf("Secret %s, version %d: %v", secret.Name, i+1, err)
		}
	}
	if revision := r.certificate(name).Status.Revision; revision != 1 {
		r.t.Errorf("TLSCertificate %s has revision %d, want 1", name, revision)
	}
}

// issuedFor counts the certificates that Pebble, by its log, has signed for orders.
func issuedFor(t *testing.T, log string, orders []string) int {
	t.Helper()
	n := 0
	for _, match := range regexp.MustCompile(`(?m)Issued certificate serial \S+ for order (\S+)`).FindAllStringSubmatch(readLog(t, log), -1) {
		if slices.Contains(orders, match[1]) {
			n++
		}
	}
	return n
}
