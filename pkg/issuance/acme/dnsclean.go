// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

const (
	// cleanUpFor is for how long the removal of a TXT record is tried. A value that is left behind is of use to nobody: it
	// answers one challenge of an order that has ended.
	cleanUpFor = 24 * time.Hour
	// sweepEvery is how often records are looked for that should be gone.
	sweepEvery = 5 * time.Minute
)

// releaseDNS gives up the TXT records of the issuance, and tries once to remove them. A DNS that does not answer keeps
// no certificate waiting: Sweep tries again.
func (t *task) releaseDNS(ctx context.Context) error {
	if t.journal == nil || len(t.journal.entries) == 0 {
		return nil
	}
	t.record.DNS = nil
	clear(t.run.presented)
	clear(t.run.propagated)
	if err := t.releaseAll(ctx, t.journal, t.warn); err != nil {
		return err
	}
	return t.effect("txt removed")
}

// cleanupDNS does the same for all journals that a TLSCertificate may have.
func (e *Executor) cleanupDNS(ctx context.Context, cert *v1alpha1.TLSCertificate, namespaces ...string) error {
	done := map[string]bool{"": true}
	for _, ns := range namespaces {
		if done[ns] {
			continue
		}
		done[ns] = true
		j, err := readJournal(ctx, e.Reader, ns, cert)
		if err != nil {
			return err
		}
		if err := e.releaseAll(ctx, j, e.warner(j)); err != nil {
			return err
		}
	}
	return nil
}

// releaseAll writes down that no record is needed before it removes any, so that none is forgotten.
func (e *Executor) releaseAll(ctx context.Context, j *journal, warn func(reason, action, message string)) error {
	if j.release(e.Clock.Now(), func(dnsEntry) bool { return false }) {
		if err := j.save(ctx, e.Writer); err != nil {
			return err
		}
	}
	return e.remove(ctx, j, warn)
}

// remove tries to remove the released records whose time has come. Its errors are the API server's alone.
func (e *Executor) remove(ctx context.Context, j *journal, warn func(reason, action, message string)) error {
	now := e.Clock.Now()
	var left []dnsEntry
	changed := false
	limited, cancel := context.WithTimeout(ctx, dnsTimeout)
	defer cancel()
	for _, x := range j.entries {
		if x.Released.IsZero() || now.Before(x.Next) || j.needs(x.FQDN, x.Value) {
			left = append(left, x)
			continue
		}
		final, err := e.cleanUp(limited, j, x)
		changed = true
		if err == nil {
			continue
		}
		klog.FromContext(ctx).Info("Removing a TXT record failed", "fqdn", x.FQDN, "certificate", j.certificate.String(), "err", err)
		until := x.Released.Add(cleanUpFor)
		if final || !now.Before(until) {
			warn(TXTRecordLeft, "CleanUp", fmt.Sprintf(
				"TXT record %s with value %s was not removed, and is not tried again: %s; remove it from the DNS", x.FQDN, x.Value, bound(err.Error())))
			continue
		}
		if x.Attempts == 0 {
			warn(TXTRecordLeft, "CleanUp", fmt.Sprintf("TXT record %s could not be removed, tried again until %s: %s",
				x.FQDN, until.UTC().Format(time.RFC3339), bound(err.Error())))
		}
		x.Attempts++
		x.Next = now.Add(backoff(x.Attempts)).UTC()
		left = append(left, x)
	}
	if !changed {
		return nil
	}
	j.entries = left
	return j.save(ctx, e.Writer)
}

// backoff returns when to try again after n attempts: 1, 2, 4 ... minutes, at most an hour.
func backoff(n int) time.Duration {
	return min(time.Minute<<min(max(n-1, 0), 6), time.Hour)
}

// cleanUp removes one record. final says that trying again is of no use.
func (e *Executor) cleanUp(ctx context.Context, j *journal, x dnsEntry) (final bool, err error) {
	ns := j.secret.Namespace
	key, err := e.accountKey(ctx, client.ObjectKey{Namespace: ns, Name: x.AccountSecret})
	if err != nil {
		return apierrors.IsNotFound(err), err
	}
	if !j.sealed(x, key) {
		return true, errors.New("it was not written down with the issuer's account key")
	}
	// The issuer may be gone; its kind and place are what matters for what its solvers may do.
	var issuer v1alpha1.Issuer = &v1alpha1.CertIssuer{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: x.IssuerName}}
	if x.IssuerKind == v1alpha1.KindClusterCertIssuer {
		if ns != e.Namespace { // who may write here could else have a ClusterCertIssuer's rights
			return true, errors.New("the Secrets of ClusterCertIssuers are not in this namespace")
		}
		issuer = &v1alpha1.ClusterCertIssuer{ObjectMeta: metav1.ObjectMeta{Name: x.IssuerName}}
	}
	s, err := e.solver(x, issuer, ns)
	if err != nil {
		return false, err
	}
	return false, s.CleanUp(ctx, x.record())
}

// accountKey reads an account key and makes none.
func (e *Executor) accountKey(ctx context.Context, name client.ObjectKey) (crypto.Signer, error) {
	s := &corev1.Secret{}
	if err := e.Reader.Get(ctx, name, s); err != nil {
		return nil, fmt.Errorf("reading the account key: %w", err)
	}
	return pki.ParseKey(s.Data[corev1.TLSPrivateKeyKey])
}

// Start sweeps until ctx ends. It is a runnable of the manager, for the leader alone.
func (e *Executor) Start(ctx context.Context) error {
	wait.UntilWithContext(ctx, func(ctx context.Context) {
		if err := e.Sweep(ctx); err != nil {
			klog.FromContext(ctx).Error(err, "Removing TXT records that nobody needs")
		}
	}, sweepEvery)
	return nil
}

// Sweep removes the TXT records of TLSCertificates and issuances that are gone, and those whose removal failed before.
func (e *Executor) Sweep(ctx context.Context) error {
	var list corev1.SecretList
	if err := e.Reader.List(ctx, &list, client.MatchingLabels{dns01Label: "true"}); err != nil {
		return fmt.Errorf("listing the TXT records: %w", err)
	}
	var errs []error
	for i := range list.Items {
		if list.Items[i].Type == DNS01SecretType {
			errs = append(errs, e.sweep(ctx, &list.Items[i]))
		}
	}
	return errors.Join(errs...)
}

func (e *Executor) sweep(ctx context.Context, s *corev1.Secret) error {
	j, err := parseJournal(s)
	if err != nil {
		return err
	}
	cert := &v1alpha1.TLSCertificate{}
	err = e.Reader.Get(ctx, j.certificate, cert)
	switch {
	case apierrors.IsNotFound(err), err == nil && cert.UID != j.uid:
		return ignoreChanged(e.releaseAll(ctx, j, e.warner(j)))
	case err != nil:
		return fmt.Errorf("reading TLSCertificate %s: %w", j.certificate, err)
	}
	// A record is written down after the issuance Secret is, and released before that is deleted.
	var records corev1.SecretList
	err = e.Reader.List(ctx, &records, client.InNamespace(cert.Namespace), client.MatchingLabels{v1alpha1.IssuanceLabel: string(cert.UID)})
	switch {
	case err != nil:
		return fmt.Errorf("listing issuance Secrets: %w", err)
	case len(records.Items) == 0:
		return ignoreChanged(e.releaseAll(ctx, j, e.warner(j)))
	}
	return ignoreChanged(e.remove(ctx, j, e.warner(j)))
}

// ignoreChanged: the journal of a running issuance changes at the same time; the next sweep sees it.
func ignoreChanged(err error) error {
	if apierrors.IsConflict(err) {
		return nil
	}
	return err
}

// warner tells of a journal by events on its TLSCertificate, which may be gone.
func (e *Executor) warner(j *journal) func(reason, action, message string) {
	return func(reason, action, message string) {
		if e.Recorder == nil {
			return
		}
		cert := &v1alpha1.TLSCertificate{
			TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "TLSCertificate"},
			ObjectMeta: metav1.ObjectMeta{Namespace: j.certificate.Namespace, Name: j.certificate.Name, UID: j.uid},
		}
		e.Recorder.Eventf(cert, nil, corev1.EventTypeWarning, reason, action, "%s", boundTo(message, maxNote))
	}
}
