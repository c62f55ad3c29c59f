// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/acme"
	"github.com/tollgate-dev/tollgate/pkg/issuance/allow"
	"github.com/tollgate-dev/tollgate/pkg/issuance/ca"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
	"github.com/tollgate-dev/tollgate/pkg/issuance/target"
)

// issue obtains a certificate, or goes on obtaining it.
func (r *Reconciler) issue(ctx context.Context, cert *v1alpha1.TLSCertificate, i inspection) (time.Duration, error) {
	// A changed spec may be the cure; nothing else shortens the wait.
	if next := cert.Status.NextAttemptTime; next != nil && cert.Status.ObservedGeneration == cert.Generation {
		if wait := next.Sub(r.Clock.Now()); wait > 0 {
			return wait, nil
		}
	}
	issuer, why, err := r.issuer(ctx, cert)
	if err != nil {
		return 0, err
	}
	if why != "" {
		r.Executor.Release(client.ObjectKeyFromObject(cert))
		r.condition(cert, v1alpha1.ConditionIssuing, true, v1alpha1.ReasonWaitingForIssuer, why)
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
	if issuer.GetSpec().ACME != nil {
		return r.issueACME(ctx, cert, issuer)
	}
	return r.issueCA(ctx, cert, issuer, i)
}

// issuer reads the issuer; why says what keeps it from being used.
func (r *Reconciler) issuer(ctx context.Context, cert *v1alpha1.TLSCertificate) (issuer v1alpha1.Issuer, why string, err error) {
	name := client.ObjectKey{Namespace: cert.Namespace, Name: cert.Spec.IssuerRef.Name}
	issuer = &v1alpha1.CertIssuer{}
	if cert.Spec.IssuerRef.Kind == v1alpha1.KindClusterCertIssuer {
		issuer, name.Namespace = &v1alpha1.ClusterCertIssuer{}, ""
	}
	err = r.Reader.Get(ctx, name, issuer)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Sprintf("%s %s does not exist; create it, or correct spec.issuerRef", issuer.Kind(), name.Name), nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("reading %s %s: %w", issuer.Kind(), name.Name, err)
	}
	c := meta.FindStatusCondition(issuer.GetStatus().Conditions, v1alpha1.ConditionReady)
	switch {
	case c == nil || c.ObservedGeneration != issuer.GetGeneration():
		return nil, fmt.Sprintf("%s %s is being prepared", issuer.Kind(), name.Name), nil
	case c.Status != "True":
		return nil, fmt.Sprintf("%s %s is not ready: %s", issuer.Kind(), name.Name, c.Message), nil
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
	if err := r.Reader.Get(ctx, client.ObjectKey{Name: cert.Namespace}, ns); err != nil {
		return nil, fmt.Errorf("reading the labels of namespace %s: %w", cert.Namespace, err)
	}
	return allow.Check(cluster.Spec.Allow, labels.Set(ns.Labels), cert.Spec.DNSNames, cert.Spec.IPAddresses), nil
}

func (r *Reconciler) issueACME(ctx context.Context, cert *v1alpha1.TLSCertificate, issuer v1alpha1.Issuer) (time.Duration, error) {
	p, err := r.Executor.Run(ctx, acme.Request{
		Certificate:     cert,
		Issuer:          issuer,
		SecretNamespace: v1alpha1.SecretNamespace(issuer, r.Namespace),
		Notify: func(reason, action, message string) {
			r.event(cert, corev1.EventTypeNormal, reason, action, message)
		},
	})
	if p.ACME != nil && (p.ACME.OrderURL != "" || len(p.ACME.Authorizations) > 0) {
		cert.Status.ACME = p.ACME
	}
	if err != nil {
		return r.fail(cert, err)
	}
	cert.Status.ConnectionFailures = 0
	cert.Status.NextAttemptTime = nil
	if p.Issued != nil {
		cert.Status.ACME = nil
		return r.issued(cert, p.Issued)
	}
	r.condition(cert, v1alpha1.ConditionIssuing, true, p.Reason, p.Message)
	return p.After, nil
}

func (r *Reconciler) issueCA(ctx context.Context, cert *v1alpha1.TLSCertificate, issuer v1alpha1.Issuer, i inspection) (time.Duration, error) {
	pair, err := r.sign(ctx, cert, issuer)
	if errors.Is(err, ca.ErrExpiresTooSoon) && !i.verdict.Ready {
		r.condition(cert, v1alpha1.ConditionReady, false, v1alpha1.ReasonCAExpiresTooSoon, err.Error())
	}
	if err != nil {
		return r.fail(cert, err)
	}
	s, err := target.Write(ctx, r.Reader, r.Writer, cert, pair, r.Clock.Now())
	if err != nil {
		return r.fail(cert, err)
	}
	return r.issued(cert, s)
}

// sign makes a key and a certificate of the issuer's CA for it.
func (r *Reconciler) sign(ctx context.Context, cert *v1alpha1.TLSCertificate, issuer v1alpha1.Issuer) (target.Pair, error) {
	spec := issuer.GetSpec().CA
	refuse := func(err error) (target.Pair, error) { return target.Pair{}, &refusal{issuer: issuer, err: err} }
	name := client.ObjectKey{Namespace: v1alpha1.SecretNamespace(issuer, r.Namespace), Name: spec.SecretName}
	secret := &corev1.Secret{}
	if err := r.Reader.Get(ctx, name, secret); apierrors.IsNotFound(err) {
		return refuse(fmt.Errorf("reading the CA: Secret %s does not exist; restore it", name))
	} else if err != nil {
		return target.Pair{}, fmt.Errorf("reading the CA from Secret %s: %w", name, err)
	}
	now := r.Clock.Now()
	authority, err := ca.Load(secret, now)
	if err != nil {
		return refuse(fmt.Errorf("reading the CA from Secret %s: %w", name, err))
	}
	duration, err := leafDuration(cert, spec)
	if err != nil {
		return refuse(err)
	}
	algorithm := ""
	if cert.Spec.PrivateKey != nil {
		algorithm = cert.Spec.PrivateKey.Algorithm
	}
	key, err := pki.NewKey(algorithm)
	if err != nil {
		return refuse(err)
	}
	backdate := ca.DefaultBackdate
	if spec.Backdate != nil {
		backdate = spec.Backdate.Duration
	}
	leaf, err := authority.Sign(ca.Request{
		DNSNames: cert.Spec.DNSNames, IPAddresses: cert.Spec.IPAddresses,
		PublicKey: key.Public(), Duration: duration, Backdate: backdate,
	}, now)
	if err != nil {
		return refuse(err)
	}
	keyPEM, err := pki.EncodeKey(key)
	if err != nil {
		return refuse(err)
	}
	return target.Pair{ChainPEM: authority.Bundle(leaf), KeyPEM: keyPEM, RootPEM: authority.Root()}, nil
}

// leafDuration is spec.duration, or the default, within the issuer's limits.
func leafDuration(cert *v1alpha1.TLSCertificate, spec *v1alpha1.CAIssuer) (time.Duration, error) {
	most := ca.DefaultDuration
	if spec.MaxDuration != nil {
		most = spec.MaxDuration.Duration
	}
	if cert.Spec.Duration == nil {
		return max(min(ca.DefaultDuration, most), ca.MinDuration), nil
	}
	d := cert.Spec.Duration.Duration
	if d < ca.MinDuration || d > most {
		return 0, fmt.Errorf("checking spec.duration: %s is not between %s and the issuer's maxDuration %s; change it", d, ca.MinDuration, most)
	}
	return d, nil
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
	default:
		return 0, err
	}
	r.failed(cert, f)
	return cert.Status.NextAttemptTime.Sub(r.Clock.Now()), nil
}

// issued looks at the Secret just written. One that is not good enough counts as a failure: else the next look would
// issue again, and again.
func (r *Reconciler) issued(cert *v1alpha1.TLSCertificate, s *corev1.Secret) (time.Duration, error) {
	i := inspect(cert, s, r.Clock.Now())
	r.observe(cert, s, i)
	if i.need != "" {
		return r.fail(cert, &acme.Failure{Reason: v1alpha1.ReasonFailed, Message: "the certificate that was just issued is of no use: " + i.need})
	}
	r.idle(cert, "nothing has to be issued now")
	return r.next(i), nil
}
