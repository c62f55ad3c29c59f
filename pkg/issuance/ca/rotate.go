// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package ca

import (
	"slices"
	"time"
)

// DefaultTrustPropagation is how long a new CA is published before it signs.
const DefaultTrustPropagation = time.Hour

// inFlight is added to the life of an old CA's last leaf: one may be signed with it while another CA takes over.
const inFlight = time.Hour

// Step is what a rotation does next.
type Step string

// Steps. Each is one write; a process that ends between two of them goes on from what is written.
const (
	// Accept takes the CA in the CA's Secret as the next.
	Accept Step = "Accept"
	// Refuse says that the CA's Secret holds a CA that cannot sign; Decision.Err says why.
	Refuse Step = "Refuse"
	// Make makes the next CA.
	Make Step = "Make"
	// Drop forgets the next CA, which is not in the CA's Secret any more and has signed nothing.
	Drop Step = "Drop"
	// Publish publishes all anchors, and then notes when.
	Publish Step = "Publish"
	// Replace writes the next CA to the CA's Secret.
	Replace Step = "Replace"
	// Switch has the next CA sign, and the one before it stay published.
	Switch Step = "Switch"
	// Remember notes that leaves may live longer.
	Remember Step = "Remember"
	// Retire forgets old CAs whose last leaf has expired.
	Retire Step = "Retire"
	// Wait does nothing until Decision.At (zero: until something changes).
	Wait Step = "Wait"
)

// Policy is what the issuer's spec says of rotation.
type Policy struct {
	// Renew makes a new CA when two thirds of the life of the old one have passed.
	Renew bool
	// TrustPropagation is how long a CA is published before it signs.
	TrustPropagation time.Duration
	// Longest that a leaf may live.
	Longest time.Duration
}

// Decision is a step.
type Decision struct {
	Step Step
	// At is when a Wait ends.
	At time.Time
	// Err is why a CA is refused.
	Err error
}

// RenewAt is when the successor of a CA is made: after two thirds of its life, or earlier where the successor could not sign
// before leaves of MinDuration are impossible, but never in the first third.
func RenewAt(ca *CA, trustPropagation time.Duration) time.Time {
	c := ca.Certificate()
	third := c.NotAfter.Sub(c.NotBefore) / 3
	at := c.NotBefore.Add(2 * third)
	if latest := ca.End().Add(-trustPropagation - 2*MinDuration); latest.Before(at) {
		at = latest
	}
	if earliest := c.NotBefore.Add(third); at.Before(earliest) {
		at = earliest
	}
	return at
}

// SignsFrom is when the next CA takes over; zero if there is none or it is not published.
func (s *State) SignsFrom(p Policy) time.Time {
	if s.Next == nil || s.NextPublished.IsZero() {
		return time.Time{}
	}
	if s.Signing == nil {
		return s.NextPublished // nobody trusts another CA yet, and nothing is signed
	}
	return s.NextPublished.Add(p.TrustPropagation)
}

// Decide is pure. wanted is the CA in the CA's Secret.
func Decide(s *State, wanted *CA, p Policy, now time.Time) Decision {
	switch {
	case same(wanted, s.Next):
	case same(wanted, s.Signing):
		if s.Next != nil && !s.NextMade {
			return Decision{Step: Drop}
		}
	default:
		if err := wanted.check(now); err != nil {
			return Decision{Step: Refuse, Err: err}
		}
		return Decision{Step: Accept}
	}
	if p.Longest > s.Longest {
		return Decision{Step: Remember}
	}
	if slices.ContainsFunc(s.Old, func(o Old) bool { return !now.Before(o.Until) }) {
		return Decision{Step: Retire}
	}
	w := waiting{now: now}
	for _, o := range s.Old {
		w.until(o.Until)
	}
	switch from := s.SignsFrom(p); {
	case s.Next != nil && from.IsZero():
		return Decision{Step: Publish}
	case s.Next != nil && now.Before(from):
		w.until(from)
	case s.Next != nil && !same(wanted, s.Next):
		return Decision{Step: Replace}
	case s.Next != nil:
		return Decision{Step: Switch}
	case p.Renew:
		at := RenewAt(s.Signing, p.TrustPropagation)
		if !now.Before(at) {
			return Decision{Step: Make}
		}
		w.until(at)
	}
	return Decision{Step: Wait, At: w.at}
}

// Apply returns the state after a step; made is the CA of a Make. Steps that do not change the state return it as it is.
func (s *State) Apply(step Step, wanted, made *CA, p Policy, now time.Time) *State {
	after := *s
	after.Old = slices.Clone(s.Old)
	switch step {
	case Accept, Make, Drop, Switch, Retire:
		if s.Signing != nil {
			after.Changed = now.UTC()
		}
	}
	switch step {
	case Accept:
		after.Next, after.NextMade, after.NextPublished = wanted, false, time.Time{}
		after.Longest = max(s.Longest, p.Longest)
	case Make:
		after.Next, after.NextMade, after.NextPublished = made, true, time.Time{}
	case Drop:
		after.Next, after.NextMade, after.NextPublished = nil, false, time.Time{}
	case Publish:
		after.NextPublished = now.UTC()
	case Remember:
		after.Longest = p.Longest
	case Retire:
		after.Old = slices.DeleteFunc(after.Old, func(o Old) bool { return !now.Before(o.Until) })
	case Switch:
		if s.Signing != nil {
			after.retain(s.Signing, now.UTC().Add(s.Longest+inFlight))
		}
		after.Signing, after.SignsSince, after.Longest = s.Next, now.UTC(), p.Longest
		after.Next, after.NextMade, after.NextPublished = nil, false, time.Time{}
	}
	return &after
}

// retain keeps a CA published until its last leaf has expired.
func (s *State) retain(ca *CA, until time.Time) {
	if end := ca.End(); end.Before(until) {
		until = end
	}
	for i := range s.Old {
		if s.Old[i].Anchor.Equal(ca.anchor()) {
			if until.After(s.Old[i].Until) {
				s.Old[i].Until = until
			}
			return
		}
	}
	s.Old = append(s.Old, Old{Anchor: ca.anchor(), Until: until})
}

func same(a, b *CA) bool {
	return a != nil && b != nil && a.Certificate().Equal(b.Certificate()) && a.anchor().Equal(b.anchor())
}

// waiting finds the earliest of the times to come.
type waiting struct{ now, at time.Time }

func (w *waiting) until(t time.Time) {
	if t.After(w.now) && (w.at.IsZero() || t.Before(w.at)) {
		w.at = t
	}
}
