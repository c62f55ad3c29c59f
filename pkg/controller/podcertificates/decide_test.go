// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podcertificates

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/declare"
	_ "github.com/tollgate-dev/tollgate/test/seed"
)

func TestTheFirstWorkloadKeepsTheSecret(t *testing.T) {
	first, second := deployment("first"), deployment("second")
	one, two := replicaSet("first-1", "1", first), replicaSet("second-1", "1", second)
	p1, p2 := pod("first-1-a", 0, "a.example", one), pod("second-1-a", time.Second, "b.example", two)
	w := newWorld(t, first, second, one, two, p2, p1)
	if diff := cmp.Diff([]string{createCert, createEvent}, w.reconcile()); diff != "" {
		t.Errorf("writes (-want, +got):\n%s", diff)
	}
	w.wantState("a.example of Deployment/first")
	if diff := cmp.Diff([]string{"second-1-a: Warning IssueRequestConflict"}, w.events()); diff != "" {
		t.Errorf("events (-want, +got):\n%s", diff)
	}
	note := w.eventList()[0].Note
	for _, part := range []string{`issued as Deployment "first" asked first (a.example from CertIssuer "internal")`, `(b.example from CertIssuer "internal")`, `delete TLSCertificate "web-tls"`} {
		if !strings.Contains(note, part) {
			t.Errorf("the note lacks %s: %s", part, note)
		}
	}
	if writes := w.reconcile(); len(writes) > 0 {
		t.Errorf("a second look wrote %v", writes)
	}

	// They agree: both own it, and the end of one changes nothing.
	w.delete(p2)
	w.create(pod("second-1-b", time.Minute, "a.example", two))
	w.reconcile()
	w.wantState("a.example of Deployment/first,Deployment/second")

	// The first one has no pods any more: the other owner decides.
	w.delete(p1)
	w.create(replicaSet("second-2", "2", second), pod("second-2-a", 2*time.Minute, "a.example, c.example", replicaSet("second-2", "2", second)))
	w.reconcile()
	w.wantState("a.example,c.example of Deployment/second,Deployment/first")

	// It comes back with what it asked for: nothing is taken from the pods that live.
	w.create(pod("first-1-b", 3*time.Minute, "a.example", one))
	w.reconcile()
	w.wantState("a.example,c.example of Deployment/second,Deployment/first")
	if got := w.events(); !slices.Contains(got, "first-1-b: Warning IssueRequestConflict") {
		t.Errorf("events %v", got)
	}
}

func TestScaledToZeroKeepsTheSecretAgainstStrangers(t *testing.T) {
	first, second := deployment("first"), deployment("second")
	one, two := replicaSet("first-1", "1", first), replicaSet("second-1", "1", second)
	p := pod("first-1-a", 0, "a.example", one)
	w := newWorld(t, first, second, one, two, p)
	w.reconcile()
	w.delete(p)
	w.create(pod("second-1-a", time.Minute, "b.example", two))
	w.reconcile()
	w.wantState("a.example of Deployment/first")
	if diff := cmp.Diff([]string{"second-1-a: Warning IssueRequestConflict"}, w.events()); diff != "" {
		t.Errorf("events (-want, +got):\n%s", diff)
	}
	// Its end is the end of the TLSCertificate, by the garbage collector.
	w.delete(first, w.certificate())
	w.reconcile()
	w.wantState("b.example of Deployment/second")
}

func TestFewPodsAreTold(t *testing.T) {
	w := newWorld(t, pod("first", 0, "a.example"))
	d := deployment("second")
	rs := replicaSet("second-1", "1", d)
	w.create(d, rs)
	for i := range 30 {
		w.create(pod(fmt.Sprintf("second-1-%02d", i), time.Duration(i+1)*time.Second, "b.example", rs))
	}
	w.reconcile()
	if got := w.events(); len(got) != maxTold || !slices.Contains(got, "second-1-29: Warning IssueRequestConflict") {
		t.Errorf("events %v, want %d, the newest pods' among them", got, maxTold)
	}
}

func TestOwnersAreBounded(t *testing.T) {
	w := newWorld(t)
	for i := range maxOwners + 5 {
		w.create(pod(fmt.Sprintf("bare-%02d", i), time.Duration(i)*time.Second, "a.example"))
		w.reconcile()
	}
	if n := len(w.certificate().OwnerReferences); n != maxOwners {
		t.Errorf("%d owners, want %d", n, maxOwners)
	}
	if writes := w.reconcile(); len(writes) > 0 || len(w.events()) > 0 {
		t.Errorf("a further look wrote %v; events %v", writes, w.events())
	}
}

// TestLaterOnesOfPeople: what was made for pods is kept in step all the same, until it is deleted or its label is taken away.
func TestLaterOnesOfPeople(t *testing.T) {
	p := pod("web", 0, "a.example")
	w := newWorld(t, p)
	w.reconcile()
	later := &v1alpha1.TLSCertificate{ObjectMeta: objectMeta("later")}
	later.Spec.SecretName = "web-tls"
	w.create(later)
	p.Annotations = pod("web", 0, "b.example").Annotations
	w.update(p)
	w.reconcile()
	w.wantState("b.example of Pod/web")

	cert := w.certificate()
	delete(cert.Labels, MadeForPodsLabel)
	w.update(cert)
	p.Annotations = pod("web", 0, "c.example").Annotations
	w.update(p)
	w.reconcile()
	w.wantState("b.example of Pod/web")
}

func TestUsagesAndIssuerAreKeptInStep(t *testing.T) {
	p := pod("web", 0, "a.example")
	w := newWorld(t, p)
	w.reconcile()
	p.Annotations[declare.IssueTLSAnnotation] = "[{secretName: web-tls, ipAddresses: [192.0.2.1], uris: ['spiffe://a/b'], usages: [client auth], issuerRef: {name: le, kind: ClusterCertIssuer}}]"
	w.update(p)
	w.reconcile()
	want := v1alpha1.TLSCertificateSpec{
		SecretName: "web-tls", IPAddresses: []string{"192.0.2.1"}, URIs: []string{"spiffe://a/b"}, Usages: []string{"client auth"},
		IssuerRef: v1alpha1.IssuerReference{Name: "le", Kind: "ClusterCertIssuer"}, SecretDeletionPolicy: "Retain",
	}
	if diff := cmp.Diff(want, w.certificate().Spec); diff != "" {
		t.Errorf("spec (-want, +got):\n%s", diff)
	}
}

func TestSame(t *testing.T) {
	full := func() *v1alpha1.TLSCertificate {
		return &v1alpha1.TLSCertificate{Spec: v1alpha1.TLSCertificateSpec{
			SecretName: "web-tls", DNSNames: []string{"b.example", "a.example"}, IPAddresses: []string{"192.0.2.2", "192.0.2.1"},
			URIs: []string{"spiffe://b", "spiffe://a"}, Usages: []string{"server auth", "client auth"}, IssuerRef: v1alpha1.IssuerReference{Name: "internal"},
		}}
	}
	asked := declare.IssueRequest{
		SecretName: "web-tls", DNSNames: []string{"a.example", "b.example"}, IPAddresses: []string{"192.0.2.1", "192.0.2.2"},
		URIs: []string{"spiffe://a", "spiffe://b"}, Usages: []string{"client auth", "server auth"}, IssuerRef: declare.IssuerRef{Name: "internal", Kind: "CertIssuer"},
	}
	for name, tt := range map[string]struct {
		change func(*v1alpha1.TLSCertificateSpec)
		want   bool
	}{
		"another order":   {func(*v1alpha1.TLSCertificateSpec) {}, true},
		"what no pod has": {func(s *v1alpha1.TLSCertificateSpec) { s.Suspend = true }, true},
		"Secret":          {func(s *v1alpha1.TLSCertificateSpec) { s.SecretName = "other" }, false},
		"DNS names":       {func(s *v1alpha1.TLSCertificateSpec) { s.DNSNames = s.DNSNames[1:] }, false},
		"IP addresses":    {func(s *v1alpha1.TLSCertificateSpec) { s.IPAddresses = nil }, false},
		"URIs":            {func(s *v1alpha1.TLSCertificateSpec) { s.URIs = s.URIs[1:] }, false},
		"usages":          {func(s *v1alpha1.TLSCertificateSpec) { s.Usages = nil }, false},
		"issuer":          {func(s *v1alpha1.TLSCertificateSpec) { s.IssuerRef.Name = "le" }, false},
		"issuer's kind":   {func(s *v1alpha1.TLSCertificateSpec) { s.IssuerRef.Kind = "ClusterCertIssuer" }, false},
	} {
		cert := full()
		tt.change(&cert.Spec)
		if got := same(requestOf(cert), asked); got != tt.want {
			t.Errorf("%s: same = %v", name, got)
		}
	}
}

// TestDecideSettles: what is decided, once written, is what is decided again; nobody is both an owner and in conflict.
func TestDecideSettles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var workloads []*workload
		for i := range rapid.IntRange(1, 5).Draw(t, "workloads") {
			name := fmt.Sprintf("w%d", i)
			request := declare.IssueRequest{SecretName: "web-tls", IssuerRef: declare.IssuerRef{Name: "internal", Kind: "CertIssuer"}}
			request.DNSNames = []string{rapid.SampledFrom([]string{"a.example", "b.example"}).Draw(t, "name")}
			workloads = append(workloads, &workload{
				owner: metav1.OwnerReference{APIVersion: "apps/v1", Kind: "Deployment", Name: name, UID: types.UID(name)},
				asks:  []ask{{pod: pod(name, time.Duration(i), "x"), request: request}},
			})
		}
		var cert *v1alpha1.TLSCertificate
		if rapid.Bool().Draw(t, "exists") {
			cert = &v1alpha1.TLSCertificate{ObjectMeta: objectMeta("web-tls")}
			cert.Spec.SecretName, cert.Spec.DNSNames, cert.Spec.IssuerRef.Name = "web-tls", []string{"a.example"}, "internal"
			for _, uid := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"w0", "w1", "w2", "w3", "w4", "gone"}), 0, 3, rapid.ID).Draw(t, "owners") {
				cert.OwnerReferences = append(cert.OwnerReferences, metav1.OwnerReference{UID: types.UID(uid), Kind: "Deployment", Name: uid})
			}
		}
		p := decide(cert, workloads)
		if len(p.owners)+len(p.conflicts) != len(workloads) {
			t.Fatalf("%d owners and %d conflicts of %d workloads", len(p.owners), len(p.conflicts), len(workloads))
		}
		next := p.next(webTLS, cert)
		if next == nil {
			next = cert
		}
		for _, o := range p.owners {
			if !same(o.request(), requestOf(next)) || !owns(next, o) {
				t.Fatalf("owner %s: %+v does not get what it asks for from %+v", o.owner.Name, o.request(), next)
			}
		}
		for _, c := range p.conflicts {
			if same(c.request(), requestOf(next)) {
				t.Fatalf("%s is told of a conflict and gets what it asks for", c.owner.Name)
			}
		}
		again := decide(next, workloads)
		if again.next(webTLS, next) != nil {
			t.Fatalf("not settled: %+v", next)
		}
	})
}
