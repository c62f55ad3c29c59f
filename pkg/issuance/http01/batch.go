// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// ErrNotYet says that what leads to the answers will be written in a moment, together with that of others.
var ErrNotYet = errors.New("what leads to the answers is about to be written")

const (
	// together is how long changes of a namespace are collected before they are written, unless nothing was for as long.
	together = 2 * time.Second
	// maxShared bounds the challenges that share the objects of one TLSCertificate: with some 300 bytes for each, an Ingress stays far
	// below what the API server takes (1.5 MiB). Others wait until some have ended.
	maxShared = 500
	// begun is for how long after the start a namespace is not written while issuances of an earlier process have not said what they
	// need: what leads the CA to them is there.
	begun = 10 * time.Second
	// forgotten is the age at which a challenge is dropped that no issuance Secret has: its TLSCertificate was deleted.
	forgotten = time.Minute
)

// wish is a TLSCertificate whose challenges have to be led here.
type wish struct {
	cert       *v1alpha1.TLSCertificate
	challenges []Challenge
	since      time.Time
	// done: they are. err is why they could not be.
	done bool
	err  error
	// alone: they are not shared, since somebody refused the shared objects.
	alone bool
}

// group are the wishes of a namespace. They share the objects of one of their TLSCertificates, the carrier.
type group struct {
	wishes  map[types.UID]*wish
	carrier *v1alpha1.TLSCertificate
	// stale are TLSCertificates whose own objects have to go; ended those that had a wish here and have none any more.
	stale map[types.UID]*v1alpha1.TLSCertificate
	ended map[types.UID]bool
	dirty bool
	// sought: objects of an earlier process were looked for.
	sought bool
	// next is when it may be written next, and written when it was last.
	next, written time.Time
}

// batch collects wishes, so that many issuances at a time write few objects. Without a Keeper that runs, each TLSCertificate has
// objects of its own, written at once.
type batch struct {
	mu     sync.Mutex
	on     bool
	clock  clock.PassiveClock
	orders Orders
	start  time.Time
	groups map[string]*group
	kick   chan struct{}
	wake   func(namespace, name string)
}

// OnPresented has wake called with each TLSCertificate whose challenges have come to be led here, after an ErrNotYet.
func (o *Objects) OnPresented(wake func(namespace, name string)) {
	o.batch.mu.Lock()
	defer o.batch.mu.Unlock()
	o.batch.wake = wake
}

// turn on or off.
func (b *batch) turn(on bool, orders Orders, clk clock.PassiveClock) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.on, b.orders, b.clock, b.start, b.groups, b.kick = on, orders, clk, clk.Now(), map[string]*group{}, make(chan struct{}, 1)
}

func (b *batch) group(namespace string) *group {
	if b.groups[namespace] == nil {
		b.groups[namespace] = &group{
			wishes: map[types.UID]*wish{}, stale: map[types.UID]*v1alpha1.TLSCertificate{}, ended: map[types.UID]bool{},
		}
	}
	return b.groups[namespace]
}

// changed says that a group has to be written.
func (b *batch) changed(g *group) {
	g.dirty = true
	select {
	case b.kick <- struct{}{}:
	default:
	}
}

// present notes a wish. ok is false if there is no batch. The error is ErrNotYet until the wish is fulfilled.
func (b *batch) present(cert *v1alpha1.TLSCertificate, challenges []Challenge) (err error, ok bool) { //nolint:revive // as a map's
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.on {
		return nil, false
	}
	g := b.group(cert.Namespace)
	w := g.wishes[cert.UID]
	if w == nil || !equality.Semantic.DeepEqual(w.challenges, challenges) {
		w = &wish{cert: bare(cert), challenges: slices.Clone(challenges), since: b.clock.Now(), alone: w != nil && w.alone}
		g.wishes[cert.UID] = w
		b.changed(g)
	}
	if w.done {
		if b.clock.Since(g.written) >= heartbeat { // somebody may have deleted or changed what leads here, and the names do not answer
			b.changed(g)
		}
		return nil, true
	}
	if err := w.err; err != nil { // told once, and tried again
		w.err = nil
		b.changed(g)
		return err, true
	}
	return ErrNotYet, true
}

// remove takes a wish back. Whoever had none may have objects of its own, of an earlier process.
func (b *batch) remove(cert *v1alpha1.TLSCertificate) (ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.on {
		return false
	}
	g := b.group(cert.Namespace)
	w := g.wishes[cert.UID]
	if w == nil && g.ended[cert.UID] {
		return true
	}
	if w == nil || w.alone {
		g.stale[cert.UID] = bare(cert)
	}
	delete(g.wishes, cert.UID)
	g.ended[cert.UID] = true
	b.changed(g)
	return true
}

// prune drops the wishes of TLSCertificates that have no issuance Secret, as far as a watch knows.
func (b *batch) prune() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, g := range b.groups {
		for uid, w := range g.wishes {
			if b.clock.Since(w.since) >= forgotten && !b.orders.Pending(uid) {
				delete(g.wishes, uid)
				if w.alone {
					g.stale[uid] = w.cert
				}
				b.changed(g)
			}
		}
	}
}

// carries reports whether others use the objects of a TLSCertificate.
func (b *batch) carries(namespace string, uid types.UID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	g := b.groups[namespace]
	return g != nil && (g.carrier != nil && g.carrier.UID == uid || g.wishes[uid] != nil)
}

// due returns when a group may be written; zero if it needs not be.
func (b *batch) due(namespace string, g *group, now time.Time) time.Time {
	if !g.dirty {
		return time.Time{}
	}
	if until := b.start.Add(begun); !g.sought && now.Before(until) && slices.ContainsFunc(b.orders.PendingIn(namespace), func(uid types.UID) bool {
		return g.wishes[uid] == nil && !g.ended[uid]
	}) {
		return until // or when they have said it
	}
	if g.next.Before(now) {
		return now
	}
	return g.next
}

// bare is what objects are made from.
func bare(cert *v1alpha1.TLSCertificate) *v1alpha1.TLSCertificate {
	return &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Namespace: cert.Namespace, Name: cert.Name, UID: cert.UID}}
}

// share writes what is wished for until ctx ends.
func (o *Objects) share(ctx context.Context, clk clock.Clock) {
	for {
		next := o.flushDue(ctx, clk.Now())
		var later <-chan time.Time
		if !next.IsZero() {
			later = clk.After(max(next.Sub(clk.Now()), time.Millisecond))
		}
		select {
		case <-ctx.Done():
			return
		case <-o.batch.kick:
		case <-later:
		}
	}
}

// flushDue writes the groups whose time has come, some at a time, and returns when that of the next comes; zero if there is none.
func (o *Objects) flushDue(ctx context.Context, now time.Time) (next time.Time) {
	const parallel = 4
	b := &o.batch
	b.mu.Lock()
	var due []string
	for namespace, g := range b.groups {
		if at := b.due(namespace, g, now); !at.IsZero() && !at.After(now) {
			due = append(due, namespace)
		}
	}
	b.mu.Unlock()
	slices.Sort(due)
	limit := make(chan struct{}, parallel)
	var wg sync.WaitGroup
	for _, namespace := range due {
		limit <- struct{}{}
		wg.Go(func() {
			defer func() { <-limit }()
			if err := o.flush(ctx, namespace); err != nil && ctx.Err() == nil {
				klog.FromContext(ctx).Error(err, "Leading http-01 challenges here; trying again", "namespace", namespace, "after", heartbeat)
			}
		})
	}
	wg.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	for namespace, g := range b.groups {
		if at := b.due(namespace, g, now); !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}
