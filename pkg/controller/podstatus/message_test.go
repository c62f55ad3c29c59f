// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

func TestNote(t *testing.T) {
	looked := []string{"cert-manager Certificates", "Ingresses"}
	cert := []v1alpha1.TLSCertificate{*newCert()}
	const clause = `cert-manager Certificate "web" is issuing it (attempt 2)`
	tests := map[string]struct {
		maker  maker
		exists bool
		want   string
	}{
		"nobody":               {want: `nothing in namespace "shop" is configured to create it (looked for TLSCertificates)`},
		"nobody of many kinds": {maker: maker{looked: looked}, want: `nothing in namespace "shop" is configured to create it (looked for TLSCertificates, cert-manager Certificates, Ingresses)`},
		"producer":             {maker: maker{clause: clause, looked: looked}, want: clause},
		"producer and owner":   {maker: maker{clause: clause, owner: `Job "make-cert"`}, exists: true, want: clause},
		"TLSCertificate first": {maker: maker{certs: cert, clause: clause}, want: `TLSCertificate "web" is about to issue it`},
		"owner": {maker: maker{owner: `cert-manager Certificate "web"`}, exists: true,
			want: `its metadata names cert-manager Certificate "web" as its maker: see why that does not repair it, since nothing else was found that would (looked for TLSCertificates)`},
		"made by hand": {maker: maker{looked: looked}, exists: true,
			want: `nobody is known to repair it (looked for TLSCertificates, cert-manager Certificates, Ingresses, and its metadata names no owner): whoever made it has to replace it`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.maker.note("shop", tt.exists); got != tt.want {
				t.Errorf("note:\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestProgress(t *testing.T) {
	ready := func(status metav1.ConditionStatus, reason, message string) metav1.Condition {
		return metav1.Condition{Type: v1alpha1.ConditionReady, Status: status, Reason: reason, Message: message}
	}
	idle := issuing(metav1.ConditionFalse, v1alpha1.ReasonIdle, "")
	valid := ready(metav1.ConditionTrue, v1alpha1.ReasonIssued, "valid until 2026-12-20T10:00:00Z, renews at 2026-12-10T10:00:00Z")
	suspended := newCert()
	suspended.Spec.Suspend = true
	again := newCert(issuing(metav1.ConditionTrue, v1alpha1.ReasonValidating, "www.example.com"))
	again.Status.FailedAttempts = 2
	next := metav1.NewTime(start.Add(time.Hour))
	often := newCert(issuing(metav1.ConditionFalse, v1alpha1.ReasonRateLimited, "too many certificates"))
	often.Status.FailedAttempts, often.Status.NextAttemptTime = 3, &next
	told := newCert(issuing(metav1.ConditionFalse, v1alpha1.ReasonServerUnreachable, "connection refused; next attempt at 2026-11-20T11:00:00Z"))
	told.Status.NextAttemptTime = &next
	tests := map[string]struct {
		cert   *v1alpha1.TLSCertificate
		exists bool
		want   string
	}{
		"new":           {cert: newCert(), want: `is about to issue it`},
		"idle":          {cert: newCert(idle), want: `is about to issue it`},
		"idle, deleted": {cert: newCert(idle, valid), want: `is about to issue it`},
		"idle, content": {cert: newCert(idle, valid), exists: true,
			want: `finds nothing to issue (Issued: valid until 2026-12-20T10:00:00Z, renews at 2026-12-10T10:00:00Z): change its spec or what the pod asks for`},
		"expired": {cert: newCert(idle, ready(metav1.ConditionFalse, "Expired", "")), exists: true, want: `is about to issue it`},
		"waiting for the issuer": {cert: newCert(issuing(metav1.ConditionFalse, v1alpha1.ReasonWaitingForIssuer, "CertIssuer ca does not exist")),
			want: `waits for its issuer to issue it (WaitingForIssuer: CertIssuer ca does not exist)`},
		"validating": {cert: newCert(issuing(metav1.ConditionTrue, v1alpha1.ReasonValidating, "www.example.com")),
			want: `is issuing it (Validating: www.example.com)`},
		"validating again":   {cert: again, want: `is issuing it (attempt 3, Validating: www.example.com)`},
		"failed":             {cert: told, want: `failed to issue it (ServerUnreachable: connection refused; next attempt at 2026-11-20T11:00:00Z)`},
		"failed often":       {cert: often, want: `failed to issue it 3 times in a row (RateLimited: too many certificates; next attempt at 2026-11-20T11:00:00Z)`},
		"failed, no message": {cert: newCert(issuing(metav1.ConditionFalse, v1alpha1.ReasonFailed, "")), want: `failed to issue it (Failed)`},
		"not allowed": {cert: newCert(idle, ready(metav1.ConditionFalse, v1alpha1.ReasonNotAllowed, "issuer letsencrypt does not allow shop")),
			want: `cannot issue it (NotAllowed: issuer letsencrypt does not allow shop)`},
		"suspended": {cert: suspended, want: `would issue it but is suspended; set spec.suspend to false`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got, want := progress([]v1alpha1.TLSCertificate{*tt.cert}, tt.exists), `TLSCertificate "web" `+tt.want; got != want {
				t.Errorf("progress:\n got %s\nwant %s", got, want)
			}
		})
	}
}

// Two TLSCertificates on one Secret: the oldest is named, whatever their order.
func TestTwoCertificates(t *testing.T) {
	older, newer := newCert(), newCert()
	older.Name, newer.Name = "zz", "aa"
	older.CreationTimestamp, newer.CreationTimestamp = metav1.NewTime(start), metav1.NewTime(start.Add(time.Hour))
	w := newWorld(t, newPod(), newer, older)
	w.reconcile()
	expectCondition(t, w, "False", "SecretNotFound",
		`secret "shop/web-tls" does not exist; TLSCertificate "zz" (the oldest of 2 that name this Secret) is about to issue it`)
}

// fakeProducers is a producer of one Secret.
type fakeProducers struct {
	clause    string
	unsettled bool
}

func (p *fakeProducers) Of(string, string) (string, bool) { return p.clause, p.clause != "" }
func (p *fakeProducers) Settled() bool                    { return !p.unsettled }
func (p *fakeProducers) Looked() []string                 { return []string{"Ingresses"} }
func (p *fakeProducers) OnChange(func(string, string))    {}

func TestWhoMakesTheSecret(t *testing.T) {
	w := newWorld(t, newPod())
	p := &fakeProducers{clause: `Ingress "web" asks for it`}
	w.r.producers = p
	const missing = `secret "shop/web-tls" does not exist; `
	w.reconcile()
	expectCondition(t, w, "False", "SecretNotFound", missing+p.clause)

	p.clause = ""
	w.tick(messagePace)
	expectCondition(t, w, "False", "SecretNotFound", missing+`nothing in namespace "shop" is configured to create it (looked for TLSCertificates, Ingresses)`)

	// It exists and can never serve: who repairs it?
	w.secrets.put("web-tls", "42", start)
	w.secrets.facts["web-tls"].Fault = &tlsready.Fault{Reason: tlsready.KeyMismatch, Message: "tls.key does not match"}
	w.tick(messagePace)
	expectCondition(t, w, "False", "KeyMismatch",
		`tls.key does not match; nobody is known to repair it (looked for TLSCertificates, Ingresses, and its metadata names no owner): whoever made it has to replace it`)

	w.secrets.facts["web-tls"].Owner = `Job "make-cert"`
	w.tick(messagePace)
	expectCondition(t, w, "False", "KeyMismatch",
		`tls.key does not match; its metadata names Job "make-cert" as its maker: see why that does not repair it, since nothing else was found that would (looked for TLSCertificates, Ingresses)`)

	// What passes by itself needs nobody.
	w.secrets.put("web-tls", "43", w.clock.Now().Add(time.Minute))
	w.tick(messagePace)
	if c := w.condition("tollgate.dev/TLSReady"); c.Reason != "NotYetValid" || len(c.Message) > 200 {
		t.Errorf("condition = %s: %s", c.Reason, c.Message)
	}
}

// Nobody is said to make a Secret before all who may were listed.
func TestProducersAreWaitedFor(t *testing.T) {
	w := newWorld(t, newPod())
	p := &fakeProducers{unsettled: true}
	w.r.producers = p
	if got := w.reconcile().RequeueAfter; got != patience {
		t.Errorf("RequeueAfter = %v, want %v", got, patience)
	}
	expect(t, "writes", w.took())
	p.clause = `Ingress "web" asks for it`
	w.reconcile()
	expectCondition(t, w, "False", "SecretNotFound", `secret "shop/web-tls" does not exist; Ingress "web" asks for it`)
}
