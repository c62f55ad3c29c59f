// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme_test

import (
	"context"
	"errors"
	stdnet "net"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme/acmetest"
	"github.com/tollgate-dev/tollgate/pkg/issuance/dns01"
	"github.com/tollgate-dev/tollgate/pkg/issuance/dns01/dnstest"
)

const challengeName = "_acme-challenge.example.com."

// dnsHarness has name servers too. example.com is answered for by dns-01 with dynamic updates, all else by http-01.
type dnsHarness struct {
	*harness
	zone *dnstest.Zone
	// presents and cleanUps are the errors of the solver's next calls; nil calls it.
	presents, cleanUps error
	// presented counts calls that made a record, cleaned are the records that were removed.
	presented int
	cleaned   []dns01.Record
}

// solver is that of the harness, with faults.
type solver struct {
	dns01.Solver
	h *dnsHarness
}

// Present implements dns01.Solver.
func (s solver) Present(ctx context.Context, r dns01.Record) error {
	if s.h.presents != nil {
		return s.h.presents
	}
	s.h.presented++
	return s.Solver.Present(ctx, r)
}

// PresentState implements dns01.Stateful.
func (s solver) PresentState(ctx context.Context, r dns01.Record) (string, error) {
	return "state of " + r.Value, s.Present(ctx, r)
}

// CleanUp implements dns01.Solver.
func (s solver) CleanUp(ctx context.Context, r dns01.Record) error {
	if s.h.cleanUps != nil {
		return s.h.cleanUps
	}
	s.h.cleaned = append(s.h.cleaned, r)
	return s.Solver.CleanUp(ctx, r)
}

func newDNSHarness(t *testing.T, certs ...*v1alpha1.TLSCertificate) *dnsHarness {
	t.Helper()
	net := dnstest.Start(t)
	h := &dnsHarness{zone: net.AddZone("example.com", 2, nil)}
	net.AddZone("example.org", 1, nil).Add("www.example.org. 60 IN A 127.0.0.1")
	never := 0
	h.harness = newHarnessWith(t, acmetest.Options{Resolver: net.Recursive, ReuseAuthorizations: &never}, func(spec *v1alpha1.ACMEIssuer) {
		spec.Solvers = append(spec.Solvers, v1alpha1.Solver{
			Selector: &v1alpha1.SolverSelector{DNSZones: []string{"example.com"}},
			DNS01:    &v1alpha1.DNS01Solver{RFC2136: &v1alpha1.RFC2136Solver{Nameserver: h.zone.Primary()}},
		})
	}, certs...)
	resolver := dns01.Resolver{Nameservers: []string{net.Recursive}, Dial: func(ctx context.Context, network, address string) (stdnet.Conn, error) {
		return net.Dial(ctx, network, strings.Replace(address, "localhost:", "127.0.0.1:", 1))
	}}
	h.configure = func(e *acme.Executor) {
		e.Checker = dns01.NewChecker(resolver)
		e.DNS01 = func(spec *v1alpha1.DNS01Solver, issuer v1alpha1.Issuer, secretNamespace string) (dns01.Solver, error) {
			if issuer.GetName() != "pebble" || issuer.GetNamespace() != ns || secretNamespace != ns {
				return nil, errors.New("not the issuer that was asked for")
			}
			s, err := dns01.New(spec, dns01.Options{Resolver: resolver})
			return solver{s, h}, err
		}
	}
	h.restart()
	return h
}

// journals are the Secrets that say which TXT records exist.
func (h *dnsHarness) journals() []corev1.Secret {
	h.Helper()
	return slices.DeleteFunc(answers{h.client}.secrets(), func(s corev1.Secret) bool { return s.Type != acme.DNS01SecretType })
}

// clean checks that no TXT record is left, and nothing else.
func (h *dnsHarness) clean() {
	h.Helper()
	h.harness.clean()
	if left := h.zone.TXT(challengeName); len(left) > 0 {
		h.Errorf("TXT records %q are left behind", left)
	}
	if left := h.journals(); len(left) > 0 {
		h.Errorf("Secret %s is left behind: %s", left[0].Name, left[0].Data["records"])
	}
}

// events returns those that were recorded, and forgets them.
func (h *harness) events() string {
	var all []string
	for len(h.recorder.Events) > 0 {
		all = append(all, <-h.recorder.Events)
	}
	return strings.Join(all, "\n")
}

// delete removes a TLSCertificate with what it owns, as the API server and its garbage collector do.
func (h *harness) delete(name string) {
	h.Helper()
	cert := &v1alpha1.TLSCertificate{}
	h.must(h.client.Get(h.Context(), request(name).NamespacedName, cert))
	h.must(h.client.Delete(h.Context(), cert))
	for _, s := range (answers{h.client}).secrets() {
		for _, owner := range s.OwnerReferences {
			if owner.UID == cert.UID {
				h.must(client.IgnoreNotFound(h.client.Delete(h.Context(), &s)))
			}
		}
	}
}
