// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package http01

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// ReplicasLease is the Lease, in the controller's namespace, in which the replicas tell where they answer. One object for
	// all: replicas are few, nothing is left behind by those that are gone, and no right to list or delete is needed.
	ReplicasLease = "tollgate-controller-http01"

	// heartbeat is the time between two signs of life, expiry the age of the last one at which a replica counts as gone.
	// One that ends in order takes its entry away itself.
	heartbeat = 10 * time.Second
	expiry    = 30 * time.Second
	// soon is when to look again while this replica is starting, or has nothing to answer. Nothing is asked of the API server for it.
	soon = time.Second
	// goodbye bounds the last write.
	goodbye = 3 * time.Second
	// maxTries bounds the attempts of one write: each fails only because another replica was faster.
	maxTries = 5
)

// Replicas tells others that this replica answers, and knows which others do. All of them run it.
type Replicas struct {
	// Reader reads from the API server itself.
	Reader client.Reader
	Writer client.Writer
	// Namespace of the controller.
	Namespace string
	// AdvertiseAddress is as for Objects. A replica without one only looks.
	AdvertiseAddress string
	// Port returns the port that this replica listens on; 0 while it does not.
	Port func() int32
	// Ready reports whether this replica knows the answers. Nil: always.
	Ready func() bool
	// Needed reports whether there are challenges to answer: while there are none, nothing is told. Nil: always.
	Needed func() bool
	Clock  clock.WithTicker

	own entry // as last written; used by Start alone

	mu   sync.Mutex
	seen map[entryKey]sighting
}

// sighting is what this replica knows of another. Clocks differ, so what counts is when this one saw a sign of life; the
// other's own time is believed at first sight alone.
type sighting struct {
	renewed time.Time // the sign of life, by the other's clock
	changed time.Time // when it was first seen, by this one's
	alive   time.Time // as of when the other is known to live, by this one's
}

// NeedLeaderElection implements manager.LeaderElectionRunnable: every replica answers.
func (*Replicas) NeedLeaderElection() bool { return false }

// Start gives signs of life until ctx ends, and then takes back what they said.
func (r *Replicas) Start(ctx context.Context) error {
	log := klog.LoggerWithName(klog.FromContext(ctx), "http01")
	for {
		if err := r.beat(ctx); err != nil && ctx.Err() == nil {
			log.Error(err, "Telling the other replicas where this one answers; trying again", "after", heartbeat)
		}
		wait := heartbeat
		if !r.answers() || !r.needed() {
			wait = soon
		}
		timer := r.Clock.NewTimer(wait)
		select {
		case <-timer.C():
		case <-ctx.Done():
			timer.Stop()
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
			defer cancel()
			if err := r.leave(last); err != nil {
				log.Error(err, "Telling the other replicas that this one has stopped", "expires", expiry)
			}
			return nil
		}
	}
}

// Live returns the replicas that answer now, as far as their signs of life tell. It reads the Lease.
func (r *Replicas) Live(ctx context.Context) ([]Replica, error) {
	_, entries, err := r.read(ctx)
	if err != nil {
		return nil, err
	}
	live, _ := r.judge(entries)
	return live, nil
}

func (r *Replicas) answers() bool { return r.Port() != 0 && (r.Ready == nil || r.Ready()) }

func (r *Replicas) needed() bool { return r.Needed == nil || r.Needed() }

// beat writes the entry of this replica, and drops those of the dead.
func (r *Replicas) beat(ctx context.Context) error {
	if !r.answers() || !r.needed() {
		return nil
	}
	addrs, err := ParseAddresses(r.AdvertiseAddress)
	if err != nil {
		return nil // the TLSCertificates that need it say so
	}
	r.own = newEntry(Replica{Addresses: addrs, Port: r.Port()}, r.Clock.Now())
	return r.write(ctx, func(entries []entry) []entry {
		_, dead := r.judge(entries)
		kept := slices.DeleteFunc(entries, func(e entry) bool { return e.entryKey == r.own.entryKey || slices.Contains(dead, e.entryKey) })
		return append(kept, r.own)
	})
}

// leave takes the entry of this replica away.
func (r *Replicas) leave(ctx context.Context) error {
	if r.own == (entry{}) {
		return nil
	}
	return r.write(ctx, func(entries []entry) []entry {
		return slices.DeleteFunc(entries, func(e entry) bool { return e.entryKey == r.own.entryKey })
	})
}

// read returns the Lease, nil if there is none, and its entries.
func (r *Replicas) read(ctx context.Context) (*coordinationv1.Lease, []entry, error) {
	lease := &coordinationv1.Lease{}
	err := r.Reader.Get(ctx, client.ObjectKey{Namespace: r.Namespace, Name: ReplicasLease}, lease)
	if apierrors.IsNotFound(err) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading which replicas answer from Lease %s/%s: %w", r.Namespace, ReplicasLease, err)
	}
	return lease, parseEntries(lease.Annotations[replicasAnnotation]), nil
}

// write replaces the entries by what change makes of them.
func (r *Replicas) write(ctx context.Context, change func([]entry) []entry) error {
	var err error
	for range maxTries {
		var lease *coordinationv1.Lease
		var entries []entry
		if lease, entries, err = r.read(ctx); err != nil {
			return err
		}
		var text string
		if text, err = formatEntries(change(entries)); err != nil {
			return err
		}
		if lease == nil {
			err = r.Writer.Create(ctx, &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
				Namespace: r.Namespace, Name: ReplicasLease, Annotations: map[string]string{replicasAnnotation: text},
			}})
		} else {
			metav1.SetMetaDataAnnotation(&lease.ObjectMeta, replicasAnnotation, text)
			err = r.Writer.Update(ctx, lease)
		}
		if err == nil {
			return nil
		}
		if !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err) {
			break
		}
	}
	return fmt.Errorf("writing Lease %s/%s: %w", r.Namespace, ReplicasLease, err)
}

// judge returns the replicas that live, and the keys of those that are gone for good.
func (r *Replicas) judge(entries []entry) (live []Replica, dead []entryKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Clock.Now()
	before := r.seen
	r.seen = make(map[entryKey]sighting, len(entries))
	for _, e := range entries {
		s, known := before[e.entryKey]
		switch {
		case !known && e.Renewed.Before(now):
			s = sighting{renewed: e.Renewed, changed: now, alive: e.Renewed}
		case !known || !s.renewed.Equal(e.Renewed):
			s = sighting{renewed: e.Renewed, changed: now, alive: now}
		}
		r.seen[e.entryKey] = s
		if replica, err := e.replica(); err == nil && now.Sub(s.alive) < expiry {
			live = append(live, replica)
		}
		if now.Sub(s.changed) >= expiry {
			dead = append(dead, e.entryKey)
		}
	}
	return live, dead
}
