// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podcertificates

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/declare"
)

const (
	createCert  = "create v1alpha1.TLSCertificate"
	updateCert  = "update v1alpha1.TLSCertificate"
	createEvent = "create v1.Event"
)

func TestOneTLSCertificateForAllPodsOfADeployment(t *testing.T) {
	d := deployment("web")
	rs := replicaSet("web-1", "1", d)
	w := newWorld(t, d, rs, pod("web-1-a", 0, "b.example, a.example", rs), pod("web-1-b", time.Second, "a.example, b.example", rs))
	if diff := cmp.Diff([]string{createCert}, w.reconcile()); diff != "" {
		t.Fatalf("writes (-want, +got):\n%s", diff)
	}
	cert := w.certificate()
	cert.TypeMeta, cert.ResourceVersion = metav1.TypeMeta{}, ""
	want := &v1alpha1.TLSCertificate{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: "web-tls",
			Labels:          map[string]string{"tollgate.dev/managed": "true", "tollgate.dev/made-for-pods": "true"},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "Deployment", Name: "web", UID: "uid-web"}},
		},
		Spec: v1alpha1.TLSCertificateSpec{
			SecretName: "web-tls", DNSNames: []string{"a.example", "b.example"}, SecretDeletionPolicy: "Retain",
			IssuerRef: v1alpha1.IssuerReference{Name: "internal", Kind: "CertIssuer"},
		},
	}
	if diff := cmp.Diff(want, cert); diff != "" {
		t.Errorf("TLSCertificate (-want, +got):\n%s", diff)
	}
	reads := w.reads
	if writes := w.reconcile(); len(writes) > 0 || w.reads != reads {
		t.Errorf("a second look wrote %v and read %d workloads", writes, w.reads-reads)
	}
}

func TestRolloutThatAddsAName(t *testing.T) {
	d := deployment("web")
	old, young := replicaSet("web-1", "1", d), replicaSet("web-2", "2", d)
	w := newWorld(t, d, old, young, pod("web-1-a", 0, "a.example", old))
	w.reconcile()
	w.wantState("a.example of Deployment/web")

	w.create(pod("web-2-a", time.Minute, "a.example, b.example", young))
	if diff := cmp.Diff([]string{updateCert}, w.reconcile()); diff != "" {
		t.Errorf("writes (-want, +got):\n%s", diff)
	}
	w.wantState("a.example,b.example of Deployment/web")

	// A pod of the old ReplicaSet is evicted and replaced in the middle of the rollout.
	w.create(pod("web-1-b", 2*time.Minute, "a.example", old))
	w.reconcile()
	w.wantState("a.example,b.example of Deployment/web")

	// A rollback gives the old ReplicaSet the next revision.
	old.Annotations[revisionAnnotation] = "3"
	w.update(old)
	w.reconcile()
	w.wantState("a.example of Deployment/web")
	if events := w.events(); len(events) > 0 {
		t.Errorf("events %v: a rollout is no conflict", events)
	}
}

func TestScaledToZero(t *testing.T) {
	d := deployment("web")
	rs := replicaSet("web-1", "1", d)
	p := pod("web-1-a", 0, "a.example", rs)
	w := newWorld(t, d, rs, p)
	w.reconcile()
	w.delete(p)
	if writes := w.reconcile(); len(writes) > 0 {
		t.Errorf("without pods: writes %v", writes)
	}
	w.wantState("a.example of Deployment/web")
}

func TestOnlyLivingPodsAsk(t *testing.T) {
	ended, deleted := pod("ended", time.Minute, "ended.example"), pod("deleted", time.Minute, "deleted.example")
	ended.Status.Phase = corev1.PodSucceeded
	deleted.DeletionTimestamp, deleted.Finalizers = &metav1.Time{Time: start}, []string{"example.com/wait"}
	w := newWorld(t, ended, deleted)
	if writes := w.reconcile(); len(writes) > 0 {
		t.Errorf("writes %v", writes)
	}
}

func TestWhatPeopleSetStays(t *testing.T) {
	p := pod("web", 0, "a.example")
	w := newWorld(t, p)
	w.reconcile()
	cert := w.certificate()
	cert.Spec.Suspend, cert.Spec.SecretDeletionPolicy = true, "Delete"
	cert.Spec.DNSNames = []string{"c.example"}
	cert.Labels["team"] = "shop"
	w.update(cert)
	w.reconcile()
	cert = w.certificate()
	if !cert.Spec.Suspend || cert.Spec.SecretDeletionPolicy != "Delete" || cert.Labels["team"] != "shop" {
		t.Errorf("what people set was undone: %+v", cert)
	}
	w.wantState("a.example of Pod/web")
}

func TestOthersAreLeftAlone(t *testing.T) {
	other := func(change func(*v1alpha1.TLSCertificate)) *v1alpha1.TLSCertificate {
		cert := &v1alpha1.TLSCertificate{ObjectMeta: objectMeta("web-tls"), Spec: v1alpha1.TLSCertificateSpec{
			SecretName: "web-tls", DNSNames: []string{"other.example"}, IssuerRef: v1alpha1.IssuerReference{Name: "internal"}}}
		change(cert)
		return cert
	}
	for name, tt := range map[string]struct {
		change func(*v1alpha1.TLSCertificate)
		kind   string
	}{
		"the same name":  {func(*v1alpha1.TLSCertificate) {}, "Warning"},
		"another name":   {func(c *v1alpha1.TLSCertificate) { c.Name = "web" }, "Warning"},
		"another Secret": {func(c *v1alpha1.TLSCertificate) { c.Spec.SecretName = "other-tls" }, "Warning"},
		"a copy, renamed": {func(c *v1alpha1.TLSCertificate) {
			c.Name, c.Labels = "copy", map[string]string{MadeForPodsLabel: "true"}
		}, "Warning"},
		"managed, not for pods": {func(c *v1alpha1.TLSCertificate) { c.Labels = map[string]string{v1alpha1.ManagedLabel: "true"} }, "Warning"},
		"asks for the same":     {func(c *v1alpha1.TLSCertificate) { c.Spec.DNSNames = []string{"a.example"} }, "Normal"},
	} {
		t.Run(name, func(t *testing.T) {
			cert := other(tt.change)
			w := newWorld(t, cert, pod("web", 0, "a.example"))
			if diff := cmp.Diff([]string{createEvent}, w.reconcile()); diff != "" {
				t.Fatalf("writes (-want, +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"web: " + tt.kind + " CertificateNotAdopted"}, w.events()); diff != "" {
				t.Errorf("events (-want, +got):\n%s", diff)
			}
			if note := w.eventList()[0].Note; !strings.Contains(note, `"`+cert.Name+`" was not made for pods and is left alone`) {
				t.Errorf("note: %s", note)
			}
			if writes := w.reconcile(); len(writes) > 0 {
				t.Errorf("a second look wrote %v", writes)
			}
			w.delete(cert)
			w.reconcile()
			w.wantState("a.example of Pod/web")
		})
	}
}

func TestRefusals(t *testing.T) {
	kind, resource := schema.GroupKind{Group: "tollgate.dev", Kind: "TLSCertificate"}, schema.GroupResource{Group: "tollgate.dev", Resource: "tlscertificates"}
	terminating := apierrors.NewForbidden(resource, "web-tls", errors.New("terminating"))
	terminating.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause}}
	for name, tt := range map[string]struct {
		err     error
		after   time.Duration
		events  []string
		retried bool
	}{
		"invalid":      {apierrors.NewInvalid(kind, "web-tls", nil), recheck, []string{"web: Warning IssueRequestRefused"}, false},
		"over quota":   {apierrors.NewForbidden(resource, "web-tls", errors.New("exceeded quota")), recheck, []string{"web: Warning IssueRequestRefused"}, false},
		"terminating":  {terminating, 0, nil, false},
		"exists":       {apierrors.NewAlreadyExists(resource, "web-tls"), 0, nil, false},
		"conflict":     {apierrors.NewConflict(resource, "web-tls", errors.New("changed")), retry, nil, false},
		"server error": {apierrors.NewInternalError(errors.New("etcd")), 0, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, pod("web", 0, "a.example"))
			w.fail[createCert] = tt.err
			result, err := w.try()
			if (err != nil) != tt.retried || result.RequeueAfter != tt.after {
				t.Errorf("Reconcile = %v, %v", result, err)
			}
			if diff := cmp.Diff(tt.events, w.events()); diff != "" {
				t.Errorf("events (-want, +got):\n%s", diff)
			}
		})
	}
}

func TestMalformed(t *testing.T) {
	p := pod("web", 0, "a.example")
	p.Annotations[declare.IssueTLSAnnotation] = "[{secretName: web-tls, dnsName: [a.example], issuerRef: {name: internal}}]"
	good := pod("good", 0, "a.example")
	w := newWorld(t, p, good)
	tell := func(name string) {
		t.Helper()
		if _, err := w.d.Reconcile(t.Context(), request("shop", name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"web", "web", "good", "gone"} {
		tell(name)
	}
	if diff := cmp.Diff([]string{createEvent}, w.writes); diff != "" {
		t.Errorf("writes (-want, +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"web: Warning InvalidIssueRequest"}, w.events()); diff != "" {
		t.Errorf("events (-want, +got):\n%s", diff)
	}
	if note := w.eventList()[0].Note; !strings.Contains(note, `annotation tollgate.dev/issue-tls: item 1: unknown field "dnsName" (did you mean "dnsNames"?)`) {
		t.Errorf("note: %s", note)
	}
	p.Annotations[declare.IssueTLSAnnotation] = "[]"
	w.update(p)
	tell("web")
	if got := w.events(); len(got) != 2 {
		t.Errorf("another fault: events %v, want one more", got)
	}
	w.reconcile()
	w.wantState("a.example of Pod/good")
}

func TestTheDeadAreNotTold(t *testing.T) {
	p := malformedPod()
	p.Status.Phase = corev1.PodSucceeded
	w := newWorld(t, p)
	if _, err := w.d.Reconcile(t.Context(), request("shop", "web")); err != nil || len(w.writes) > 0 {
		t.Errorf("Reconcile = %v, wrote %v", err, w.writes)
	}
}

// TestAnotherReplicaTellsTheSame: what is remembered does not outlive the process, the name of the Event does.
func TestAnotherReplicaTellsTheSame(t *testing.T) {
	w := newWorld(t, malformedPod())
	for range 2 {
		w.d.teller = &teller{client: w.client, clock: w.clock}
		if _, err := w.d.Reconcile(t.Context(), request("shop", "web")); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.events(); len(got) != 1 {
		t.Errorf("events %v", got)
	}
}

func TestATLSCertificateThatIsBeingDeletedIsLeftAlone(t *testing.T) {
	p := pod("web", 0, "a.example")
	w := newWorld(t, p)
	w.reconcile()
	cert := w.certificate()
	cert.Finalizers = []string{"example.com/wait"}
	w.update(cert)
	w.delete(cert)
	p.Annotations = pod("web", 0, "b.example").Annotations
	w.update(p)
	if writes := w.reconcile(); len(writes) > 0 {
		t.Errorf("writes %v", writes)
	}
}

func TestKindsAreThoseOfTheAPI(t *testing.T) {
	if !slices.Equal(declare.IssuerKinds, []string{v1alpha1.KindCertIssuer, v1alpha1.KindClusterCertIssuer}) {
		t.Errorf("declare.IssuerKinds are %v", declare.IssuerKinds)
	}
}
