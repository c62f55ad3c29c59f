// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme"
	"github.com/tollgate-dev/tollgate/pkg/issuance/allow"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
	"github.com/tollgate-dev/tollgate/pkg/issuance/target"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// tooShort is what a certificate that was just issued has to last at least: one that ends sooner is gone before it is in use.
const tooShort = 10 * time.Second

// issue obtains a certificate, or goes on obtaining it.
func (r *Reconciler) issue(ctx context.Context, cert *v1alpha1.TLSCertificate, s *corev1.Secret, by origin, i inspection) (time.Duration, error) {
	// A changed spec may be the cure; nothing else shortens the wait.
	if next := cert.Status.NextAttemptTime; next != nil && cert.Status.ObservedGeneration == cert.Generation {
		if wait := next.Sub(r.Clock.Now()); wait > 0 {
			if again, err := r.permitted(ctx, cert, by); err != nil || !again {
				return wait, err
			}
		}
	}
	issuer := by.issuer
	if !by.ready {
		r.Executor.Release(client.ObjectKeyFromObject(cert))
		r.condition(cert, v1alpha1.ConditionIssuing, true, v1alpha1.ReasonWaitingForIssuer, by.why)
		return recheck, nil
	}
	denied, err := r.allowed(ctx, cert, issuer)
	if err != nil {
		return 0, err
	}
	if denied != nil {
		r.Executor.Release(client.ObjectKeyFromObject(cert))
		message := fmt.Sprintf("ClusterCertIssuer %s: %v", issuer.GetName(), denied)
		if !i.verdict.Ready {
			r.condition(cert, v1alpha1.ConditionReady, false, v1alpha1.ReasonNotAllowed, message)
		}
		r.condition(cert, v1alpha1.ConditionIssuing, false, v1alpha1.ReasonNotAllowed, message)
		return recheck, nil
	}
	if i.unowned {
		if s, err = target.Claim(ctx, r.Writer, cert, s, i.facts.FingerprintSHA256, i.facts.NotBefore); err != nil {
			return 0, err
		}
	}
	if issuer.GetSpec().ACME != nil {
		return r.issueACME(ctx, cert, s, by)
	}
	return r.issueCA(ctx, cert, s, by, i)
}

// permitted reports whether an attempt need not wait any longer, since the issuer was changed to permit more of them.
func (r *Reconciler) permitted(ctx context.Context, cert *v1alpha1.TLSCertificate, by origin) (bool, error) {
	g, ok := r.Executor.(Guard)
	c := meta.FindStatusCondition(cert.Status.Conditions, v1alpha1.ConditionIssuing)
	if !ok || c == nil || c.Reason != v1alpha1.ReasonRateLimited || by.issuer == nil || by.issuer.GetSpec().ACME == nil {
		return false, nil
	}
	return g.Permitted(ctx, cert, by.issuer, v1alpha1.SecretNamespace(by.issuer, r.Namespace), cert.Status.NextAttemptTime.Time)
}

// issuers reads issuers: from the cache if there is one, since every change of an issuer wakes its TLSCertificates.
func (r *Reconciler) issuers() client.Reader {
	if r.Cache != nil {
		return r.Cache
	}
	return r.Reader
}

// issuer reads the issuer; why says what keeps it from being used.
func (r *Reconciler) issuer(ctx context.Context, cert *v1alpha1.TLSCertificate) (issuer v1alpha1.Issuer, why string, err error) {
	name := client.ObjectKey{Namespace: cert.Namespace, Name: cert.Spec.IssuerRef.Name}
	issuer = &v1alpha1.CertIssuer{}
	if cert.Spec.IssuerRef.Kind == v1alpha1.KindClusterCertIssuer {
		issuer, name.Namespace = &v1alpha1.ClusterCertIssuer{}, ""
	}
	err = r.issuers().Get(ctx, name, issuer)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Sprintf("%s %s does not exist; create it, or correct spec.issuerRef", issuer.Kind(), name.Name), nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("reading %s %s: %w", issuer.Kind(), name.Name, err)
	}
	c := meta.FindStatusCondition(issuer.GetStatus().Conditions, v1alpha1.ConditionReady)
	switch {
	case c == nil || c.ObservedGeneration != issuer.GetGeneration():
		return issuer, fmt.Sprintf("%s %s is being prepared", issuer.Kind(), name.Name), nil
	case c.Status != "True":
		return issuer, fmt.Sprintf("%s %s is not ready: %s", issuer.Kind(), name.Name, c.Message), nil
	}
	return issuer, "", nil
}

// allowed returns what spec.allow of a ClusterCertIssuer says against the names, or nil.
func (r *Reconciler) allowed(ctx context.Context, cert *v1alpha1.TLSCertificate, issuer v1alpha1.Issuer) (denied, err error) {
	cluster, ok := issuer.(*v1alpha1.ClusterCertIssuer)
	if !ok {
		return nil, nil
	}
	ns := &corev1.Namespace{}
	if !slices.ContainsFunc(cluster.Spec.Allow, func(a v1alpha1.AllowRule) bool {
		return len(a.NamespaceSelector.MatchLabels)+len(a.NamespaceSelector.MatchExpressions) > 0
	}) { // no rule asks for labels
		return allow.Check(cluster.Spec.Allow, labels.Set{}, cert.Spec.DNSNames, cert.Spec.IPAddresses, cert.Spec.URIs), nil
	}
	if err := r.Reader.Get(ctx, client.ObjectKey{Name: cert.Namespace}, ns); err != nil {
		return nil, fmt.Errorf("reading the labels of namespace %s: %w", cert.Namespace, err)
	}
	return allow.Check(cluster.Spec.Allow, labels.Set(ns.Labels), cert.Spec.DNSNames, cert.Spec.IPAddresses, cert.Spec.URIs), nil
}

func (r *Reconciler) issueACME(ctx context.Context, cert *v1alpha1.TLSCertificate, s *corev1.Secret, by origin) (time.Duration, error) {
	if why := notForACME(cert); why != "" {
		r.Executor.Release(client.ObjectKeyFromObject(cert))
		return r.fail(cert, &refusal{issuer: by.issuer, err: errors.New(why)})
	}
	key := client.ObjectKeyFromObject(cert)
	resumes := r.progress.resumes(key)
	p, err := r.Executor.Run(ctx, acme.Request{
		Certificate:     cert,
		Issuer:          by.issuer,
		SecretNamespace: v1alpha1.SecretNamespace(by.issuer, r.Namespace),
		Secret:          s,
		Begun:           r.Orders.Running(cert.Namespace, cert.Name),
		Notify: func(reason, action, message string) {
			r.progress.note(key, note{reason: reason, action: action, message: message})
		},
		Warn: func(reason, action, message string) {
			r.event(cert, corev1.EventTypeWarning, reason, action, message)
		},
	})
	if p.ACME != nil && (p.ACME.OrderURL != "" || len(p.ACME.Authorizations) > 0) {
		if had := cert.Status.ACME; had != nil && p.ACME.RenewalInfo == nil {
			p.ACME.RenewalInfo = had.RenewalInfo
		}
		cert.Status.ACME = p.ACME
	}
	if err != nil {
		return r.fail(cert, err)
	}
	cert.Status.ConnectionFailures = 0
	cert.Status.NextAttemptTime = nil
	if p.Issued != nil {
		cert.Status.ACME = nil
		return r.issued(cert, p.Issued, by)
	}
	r.condition(cert, v1alpha1.ConditionIssuing, true, p.Reason, p.Message)
	if p.Told {
		r.progress.rest(key, resumes, r.Clock.Now().Add(p.After))
	}
	return p.After, nil
}

// notForACME says what of the spec no ACME server can do.
func notForACME(cert *v1alpha1.TLSCertificate) string {
	switch {
	case len(cert.Spec.URIs) > 0:
		return "checking spec.uris: ACME servers issue no certificates for URIs; use an issuer with spec.ca, or remove them"
	case cert.Spec.PrivateKey != nil && cert.Spec.PrivateKey.Algorithm == pki.Ed25519:
		return "checking spec.privateKey: public CAs take no Ed25519 keys; set ECDSA or RSA"
	}
	if _, err := pki.KeySpecFor(cert.Spec.PrivateKey); err != nil {
		return err.Error()
	}
	return ""
}

// refusal is a reason not to sign that trying again at once does not cure.
type refusal struct {
	issuer v1alpha1.Issuer
	err    error
}

func (e *refusal) Error() string {
	return fmt.Sprintf("%s %s: %v", e.issuer.Kind(), e.issuer.GetName(), e.err)
}
func (e *refusal) Unwrap() error { return e.err }

// fail sorts an error: what the issuer refused is counted and waits for the next attempt, the rest is tried again.
func (r *Reconciler) fail(cert *v1alpha1.TLSCertificate, err error) (time.Duration, error) {
	var f *acme.Failure
	var refused *refusal
	switch {
	case errors.As(err, &f):
	case errors.As(err, &refused):
		f = &acme.Failure{Reason: v1alpha1.ReasonFailed, Message: refused.Error()}
	case errors.Is(err, target.ErrOwnedByOther):
		return time.Second, nil // look at the Secret again: it has just appeared
	case apierrors.IsForbidden(err), apierrors.IsInvalid(err), apierrors.IsBadRequest(err):
		// A quota, an admission webhook or a missing permission: somebody has to change something, and it may not be the spec.
		f = &acme.Failure{Reason: v1alpha1.ReasonFailed, RetryAt: r.Clock.Now().Add(recheck),
			Message: fmt.Sprintf("the API server refuses what the issuance needs: %v", err)}
	default:
		return 0, err
	}
	r.failed(cert, f)
	return cert.Status.NextAttemptTime.Sub(r.Clock.Now()), nil
}

// issued looks at the Secret just written. One that is not good enough counts as a failure: else the next look would
// issue again, and again.
func (r *Reconciler) issued(cert *v1alpha1.TLSCertificate, s *corev1.Secret, by origin) (time.Duration, error) {
	by.rival = "" // the Secret is ours now
	i := inspect(cert, s, by, r.Clock.Now())
	r.observe(cert, s, i)
	if why := r.useless(i); why != "" {
		return r.fail(cert, &acme.Failure{Reason: v1alpha1.ReasonFailed, Message: "the certificate that was just issued is of no use: " + why})
	}
	r.idle(cert, "nothing has to be issued now")
	r.remember(cert, by, i)
	return r.next(cert, i), nil
}

// useless says why a certificate that was just issued counts as a failure.
func (r *Reconciler) useless(i inspection) string {
	switch end := i.facts.NotAfter; {
	case i.need != "":
		return i.need
	case !i.verdict.Ready && i.verdict.Reason == tlsready.ExpiresTooSoon, end.Sub(r.Clock.Now()) < tooShort:
		return fmt.Sprintf("it ends at %s already; ask whoever runs the CA", end.UTC().Format(time.RFC3339))
	}
	return ""
}
