// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// moment is how long a step of an issuance may take without a word about it. Most take milliseconds, and each word is a write.
const moment = 2 * time.Second

// note is an event that is told of if the issuance lasts, or fails.
type note struct{ reason, action, message string }

// progress is what this process knows of a running issuance and has not told.
type progress struct {
	// step is the reason of condition Issuing, since when this process has seen it.
	step  string
	since time.Time
	// lasting: people have been told that the issuance runs, and are told what comes of it.
	lasting bool
	notes   []note
	// idle is until when looking at it is of no use, unless somebody tells otherwise.
	idle time.Time
	// resumed counts how often somebody told.
	resumed int
}

// maxNotes bounds what is kept of one issuance. There is one for each name.
const maxNotes = 20

type progresses struct {
	mu sync.Mutex
	by map[types.NamespacedName]*progress
}

func (p *progresses) of(key types.NamespacedName) *progress {
	if p.by == nil {
		p.by = map[types.NamespacedName]*progress{}
	}
	if p.by[key] == nil {
		p.by[key] = &progress{}
	}
	return p.by[key]
}

func (p *progresses) forget(key types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.by, key)
}

func (p *progresses) note(key types.NamespacedName, n note) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if of := p.of(key); len(of.notes) < maxNotes {
		of.notes = append(of.notes, n)
	}
}

// takes returns since when the issuance is at a step.
func (p *progresses) takes(key types.NamespacedName, step string, now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	of := p.of(key)
	if of.step != step {
		of.step, of.since = step, now
	}
	return of.since
}

// resumes returns how often somebody has told that the issuance can go on.
func (p *progresses) resumes(key types.NamespacedName) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.of(key).resumed
}

// rest says that until a time there is nothing to do for the issuance, unless somebody has told otherwise since resumes, or does.
func (p *progresses) rest(key types.NamespacedName, resumes int, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if of := p.of(key); of.resumed == resumes {
		of.idle = until
	}
}

// resume tells that the issuance can go on.
func (p *progresses) resume(key types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if of := p.by[key]; of != nil {
		of.idle = time.Time{}
		of.resumed++
	}
}

// rests returns for how long there is nothing to do.
func (p *progresses) rests(key types.NamespacedName, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if of := p.by[key]; of != nil && of.idle.After(now) {
		return of.idle.Sub(now)
	}
	return 0
}

// lasts says that the issuance lasts, and returns what was noted of it.
func (p *progresses) lasts(key types.NamespacedName) []note {
	p.mu.Lock()
	defer p.mu.Unlock()
	of := p.of(key)
	notes := of.notes
	of.lasting, of.notes = true, nil
	return notes
}

func (p *progresses) lasting(key types.NamespacedName) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.by[key] != nil && p.by[key].lasting
}

// tell writes the status, unless it would only say at which step an issuance is that will be at another in a moment.
func (r *Reconciler) tell(ctx context.Context, before, cert *v1alpha1.TLSCertificate, after time.Duration, failure error) error {
	key := client.ObjectKeyFromObject(cert)
	issuing := meta.FindStatusCondition(cert.Status.Conditions, v1alpha1.ConditionIssuing)
	running := issuing != nil && issuing.Status == "True"
	if !running {
		r.progress.forget(key)
	}
	if equality.Semantic.DeepEqual(before.Status, cert.Status) {
		return nil
	}
	if running && failure == nil {
		now := r.Clock.Now()
		since := r.progress.takes(key, issuing.Reason, now)
		if after > 0 && after <= 2*moment && now.Sub(since) < moment && onlyTheStep(before, cert) {
			return nil
		}
		r.reveal(cert)
	}
	// Conditions are replaced as a whole, whatever the version: what has come of an issuance must not be lost to a conflict. Condition
	// Deadlock, which another writes, may be; the detector sees to it that it comes back.
	if err := r.Writer.Status().Patch(ctx, cert, client.MergeFrom(before)); err != nil {
		return client.IgnoreNotFound(fmt.Errorf("writing the status: %w", err))
	}
	return nil
}

// reveal tells what was noted.
func (r *Reconciler) reveal(cert *v1alpha1.TLSCertificate) {
	for _, n := range r.progress.lasts(client.ObjectKeyFromObject(cert)) {
		r.event(cert, corev1.EventTypeNormal, n.reason, n.action, n.message)
	}
}

// onlyTheStep reports whether two statuses differ in nothing but how far an issuance has come. That of a TLSCertificate that is new says
// nothing yet.
func onlyTheStep(before, cert *v1alpha1.TLSCertificate) bool {
	was, is := before.DeepCopy(), cert.DeepCopy()
	if meta.FindStatusCondition(was.Status.Conditions, v1alpha1.ConditionReady) == nil {
		meta.RemoveStatusCondition(&is.Status.Conditions, v1alpha1.ConditionReady)
	}
	for _, c := range []*v1alpha1.TLSCertificate{was, is} {
		meta.RemoveStatusCondition(&c.Status.Conditions, v1alpha1.ConditionIssuing)
		c.Status.ObservedGeneration = 0
		forgetOrder(c)
	}
	return equality.Semantic.DeepEqual(was.Status, is.Status)
}
