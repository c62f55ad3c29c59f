// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlssecrets"
)

// Facts knows what is in the TLS Secrets of the cluster, by a watch. *tlssecrets.Source is one.
type Facts interface {
	Get(namespace, name string) (*tlsready.Facts, tlssecrets.State)
}

// lag is for how long a watch may be behind what this process itself has written.
const lag = time.Minute

// look is what a look with live reads found out about a TLSCertificate that needs nothing.
type look struct {
	uid        types.UID
	generation int64
	// secret, issuer and authority are the resourceVersions that were looked at: of the Secret, of the issuer, and of the state of
	// its CA, if it is one.
	secret, issuer, authority string
	at, until                 time.Time
	// version is the resourceVersion of the TLSCertificate after the look.
	version string
}

// looks remembers the last look at each TLSCertificate.
type looks struct {
	mu sync.Mutex
	by map[types.NamespacedName]look
}

func (l *looks) get(key types.NamespacedName) (look, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last, ok := l.by[key]
	return last, ok
}

func (l *looks) set(key types.NamespacedName, last look) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by == nil {
		l.by = map[types.NamespacedName]look{}
	}
	l.by[key] = last
}

func (l *looks) forget(key types.NamespacedName) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.by, key)
}

// ended notes the version of a TLSCertificate that a look has led to.
func (l *looks) ended(key types.NamespacedName, version string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if last, ok := l.by[key]; ok {
		last.version = version
		l.by[key] = last
	}
}

// settled reports, from what watches know alone, that nothing has to be done for a TLSCertificate, and for how long that holds.
// It repeats what an earlier look with live reads has found: the last one of this process, or the one that the status tells of. What
// that look saw must be as it was: the spec, the version of the Secret, the issuer, the CA that signs, and which CAs are published.
// Anything else is looked at with live reads, and so is anything in doubt.
func (r *Reconciler) settled(ctx context.Context, key types.NamespacedName) (after time.Duration, ok bool) {
	if r.Facts == nil || r.Cache == nil {
		return 0, false
	}
	cert := &v1alpha1.TLSCertificate{}
	// It is read, and never changed: no copy is needed.
	if r.Cache.Get(ctx, key, cert, client.UnsafeDisableDeepCopy) != nil || cert.DeletionTimestamp != nil || cert.Spec.Suspend || r.Orders.Running(key.Namespace, key.Name) {
		return 0, false
	}
	facts, state := r.Facts.Get(key.Namespace, cert.Spec.SecretName)
	if state == tlssecrets.NotSynced && r.patient() {
		return shortly, true // all are woken when the Secrets are listed
	}
	if state != tlssecrets.Found || facts.Owner != `TLSCertificate "`+cert.Name+`"` {
		return 0, false
	}
	issuer, _, err := r.issuer(ctx, cert)
	if err != nil || issuer == nil {
		return 0, false
	}
	now := r.Clock.Now()
	until, ok := untilOf(cert, facts, issuer)
	if ok && r.authorities.unchanged(ctx, r, issuer, facts.NotBefore) {
		r.looks.forget(key) // the status says the same
	} else if until, ok = r.remembered(ctx, cert, facts, issuer, now); !ok {
		return 0, false
	}
	if !now.Before(until) {
		return 0, false
	}
	verdict := tlsready.Evaluate(facts, cert.Namespace, requirement(cert), now)
	if !verdict.Ready {
		return 0, false
	}
	after = min(until.Sub(now), longest)
	if verdict.RecheckAt.After(now) {
		after = min(after, verdict.RecheckAt.Sub(now))
	}
	return after, true
}

// remembered returns until when nothing has to be done by the last look of this process: the watch may not have its status yet, or the
// status does not tell enough.
func (r *Reconciler) remembered(ctx context.Context, cert *v1alpha1.TLSCertificate, facts *tlsready.Facts, issuer v1alpha1.Issuer, now time.Time) (time.Time, bool) {
	last, ok := r.looks.get(client.ObjectKeyFromObject(cert))
	if !ok || last.version != cert.ResourceVersion && now.Sub(last.at) >= lag {
		return time.Time{}, false
	}
	return last.until, last.uid == cert.UID && last.generation == cert.Generation && last.secret == facts.ResourceVersion &&
		last.issuer == issuer.GetResourceVersion() && r.authorities.version(ctx, r, issuer) == last.authority
}

// patience is for how long after the start the first list of the TLS Secrets is waited for.
const patience = 30 * time.Second

// patient reports whether the TLS Secrets may still be being listed.
func (r *Reconciler) patient() bool {
	now := r.Clock.Now()
	begun := r.begun.Load()
	if begun == nil {
		r.begun.CompareAndSwap(nil, &now)
		begun = r.begun.Load()
	}
	return now.Sub(*begun) < patience
}

// untilOf returns until when nothing has to be done, if the status says that it speaks of the spec and of the Secret as they are.
func untilOf(cert *v1alpha1.TLSCertificate, facts *tlsready.Facts, issuer v1alpha1.Issuer) (time.Time, bool) {
	st := &cert.Status
	ready := meta.FindStatusCondition(st.Conditions, v1alpha1.ConditionReady)
	issuing := meta.FindStatusCondition(st.Conditions, v1alpha1.ConditionIssuing)
	switch {
	case ready == nil || ready.Status != metav1.ConditionTrue || ready.ObservedGeneration != cert.Generation,
		issuing == nil || issuing.Reason != v1alpha1.ReasonIdle || issuing.ObservedGeneration != cert.Generation,
		st.SecretRef == nil || st.SecretRef.Name != cert.Spec.SecretName || st.SecretRef.ResourceVersion != facts.ResourceVersion,
		st.FingerprintSHA256 != facts.FingerprintSHA256, st.ObservedGeneration != cert.Generation,
		st.NextAttemptTime != nil, st.RenewalTime == nil, ordering(cert):
		return time.Time{}, false
	}
	until := st.RenewalTime.Time
	if issuer.GetSpec().ACME == nil {
		return until, true
	}
	if st.ACME == nil || st.ACME.RenewalInfo == nil || st.ACME.RenewalInfo.NextCheck == nil {
		return time.Time{}, false // the CA was not asked when it wants it to be renewed
	}
	if next := st.ACME.RenewalInfo.NextCheck.Time; next.Before(until) {
		until = next
	}
	return until, true
}

// remember notes what a look with live reads found, if that was that nothing has to be done before a certain time.
func (r *Reconciler) remember(cert *v1alpha1.TLSCertificate, by origin, i inspection) {
	if i.facts == nil || !i.owned || i.foreign() || !i.verdict.Ready || i.need != "" || by.issuer == nil || cert.Spec.Suspend {
		return
	}
	now := r.Clock.Now()
	until := now.Add(365 * 24 * time.Hour)
	for _, at := range r.times(cert, i) {
		if at.After(now) && at.Before(until) {
			until = at
		}
	}
	r.looks.set(client.ObjectKeyFromObject(cert), look{
		uid: cert.UID, generation: cert.Generation, at: now, until: until,
		secret: i.facts.ResourceVersion, issuer: by.issuer.GetResourceVersion(), authority: by.authorityVersion,
	})
}
