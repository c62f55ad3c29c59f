// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package ca

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

// world is what a rotation changes, and what has to hold at every moment.
type world struct {
	t      *rapid.T
	now    time.Time
	wanted *CA
	state  *State
	policy Policy
	// ready is the policy that the issuer was last found ready with: no leaf is signed for another.
	ready Policy
	life  time.Duration
	// published are the anchors by fingerprint, with the time since when they have been.
	published map[string]time.Time
	leaves    []leaf
	signed    map[string]bool
}

type leaf struct {
	anchor string
	ends   time.Time
}

func (w *world) selfSigned() *CA {
	ca, err := NewSelfSigned("test", w.life, 0, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	return ca
}

func anchorOf(ca *CA) string { return pki.Fingerprint(ca.anchor()) }

func (w *world) publish() {
	after := map[string]time.Time{}
	for _, c := range w.state.Anchors() {
		f := pki.Fingerprint(c)
		after[f] = w.now
		if since, ok := w.published[f]; ok {
			after[f] = since
		}
	}
	w.published = after
	w.check()
}

// check: the issuer of every live leaf is published.
func (w *world) check() {
	for _, l := range w.leaves {
		if _, ok := w.published[l.anchor]; !ok && w.now.Before(l.ends) {
			w.t.Fatalf("at %s the issuer of a leaf that lives until %s is not published", w.now, l.ends)
		}
	}
}

// look takes the steps that are due, or dies after some.
func (w *world) look(steps int) {
	for range steps {
		d := Decide(w.state, w.wanted, w.policy, w.now)
		switch d.Step {
		case Wait:
			w.publish()
			w.ready = w.policy
			return
		case Refuse:
			return // people put it there too late, or restored one that has ended
		case Publish:
			w.publish()
			if rapid.IntRange(0, 9).Draw(w.t, "dies after publishing") == 0 {
				return
			}
		case Replace:
			w.wanted = w.state.Next
			continue
		case Make:
			w.state = w.kept(w.state.Apply(d.Step, w.wanted, w.selfSigned(), w.policy, w.now))
			continue
		}
		w.state = w.kept(w.state.Apply(d.Step, w.wanted, nil, w.policy, w.now))
		w.check()
	}
}

// kept writes and reads the state.
func (w *world) kept(s *State) *State {
	data, err := s.Data()
	if err != nil {
		w.t.Fatal(err)
	}
	read, err := ReadState(&corev1.Secret{Type: StateSecretType, Data: data})
	if err != nil {
		w.t.Fatal(err)
	}
	return read
}

// sign signs a leaf as the certificate reconciler does, if it can.
func (w *world) sign(duration time.Duration) {
	signing := w.state.Signing
	if signing == nil || signing.check(w.now) != nil || w.ready != w.policy {
		return
	}
	ends := w.now.Add(min(duration, w.policy.Longest))
	if ends.After(signing.End()) {
		ends = signing.End()
	}
	f := anchorOf(signing)
	since, ok := w.published[f]
	if !ok {
		w.t.Fatalf("at %s a CA signs that is not published", w.now)
	}
	if w.signed == nil {
		w.signed = map[string]bool{}
	} else if !w.signed[f] && w.now.Sub(since) < w.policy.TrustPropagation {
		w.t.Fatalf("at %s a CA signs for the first time that was published at %s only", w.now, since)
	}
	w.signed[f] = true
	w.leaves = append(w.leaves, leaf{anchor: f, ends: ends})
}

func TestRotationProperties(t *testing.T) {
	hours := func(t *rapid.T, from, to int, what string) time.Duration {
		return time.Duration(rapid.IntRange(from, to).Draw(t, what)) * time.Hour
	}
	rapid.Check(t, func(t *rapid.T) {
		w := &world{
			t: t, now: now, state: &State{}, life: hours(t, 2, 2000, "CA's life"), published: map[string]time.Time{},
			policy: Policy{Renew: true, TrustPropagation: hours(t, 0, 30, "propagation"), Longest: hours(t, 1, 500, "longest leaf")},
		}
		w.wanted = w.selfSigned()
		w.look(100)
		w.sign(time.Hour)
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, int(w.life/4/time.Second)).Draw(t, "seconds")) * time.Second)
			switch rapid.IntRange(0, 9).Draw(t, "event") {
			case 0: // people put another CA into the Secret
				w.wanted = w.selfSigned()
			case 1: // the Secret is restored from a backup
				if w.state.Signing != nil && w.state.Signing.check(w.now) == nil {
					w.wanted = w.state.Signing
				}
			case 2: // spec.ca.maxDuration is changed
				w.policy.Longest = hours(t, 1, 500, "longest leaf")
			case 3: // the process dies
				w.look(rapid.IntRange(0, 4).Draw(t, "steps"))
			default:
				w.look(100)
			}
			w.sign(hours(t, 1, 500, "leaf"))
			w.check()
		}
	})
}

// TestRotationGoesOn has a CA renewed again and again without any leaf that cannot be signed, and old ones go.
func TestRotationGoesOn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{
			t: t, now: now, state: &State{}, life: time.Duration(rapid.IntRange(24, 2000).Draw(t, "CA's life")) * time.Hour,
			published: map[string]time.Time{},
			policy:    Policy{Renew: true, TrustPropagation: time.Duration(rapid.IntRange(0, 6).Draw(t, "propagation")) * time.Hour, Longest: 12 * time.Hour},
		}
		w.wanted = w.selfSigned()
		for end := now.Add(5 * w.life); w.now.Before(end); {
			if w.look(100); Decide(w.state, w.wanted, w.policy, w.now).Step != Wait {
				continue // it died
			}
			if err := w.state.Signing.check(w.now); err != nil {
				t.Fatalf("nothing can be signed at %s: %v", w.now, err)
			}
			w.sign(12 * time.Hour)
			if n := len(w.published); n > 3 {
				t.Fatalf("%d anchors are published", n)
			}
			w.now = Decide(w.state, w.wanted, w.policy, w.now).At
		}
		if len(w.signed) < 5 {
			t.Errorf("%d CAs signed in five lifetimes", len(w.signed))
		}
	})
}

func TestRenewAt(t *testing.T) {
	w := &world{now: now}
	for _, tt := range []struct{ life, propagation, want time.Duration }{
		{900 * time.Hour, time.Hour, 600 * time.Hour},
		{9 * time.Hour, 3 * time.Hour, 4 * time.Hour},
		{3 * time.Hour, time.Hour, time.Hour},
		{6 * time.Hour, 100 * time.Hour, 2 * time.Hour},
	} {
		w.life = tt.life
		if got := RenewAt(w.selfSigned(), tt.propagation).Sub(now); got != tt.want {
			t.Errorf("RenewAt of a CA of %s, propagation %s: after %s, want %s", tt.life, tt.propagation, got, tt.want)
		}
	}
}

func TestReadStateRefuses(t *testing.T) {
	w := &world{now: now, life: 48 * time.Hour}
	good := &State{Signing: w.selfSigned(), Next: w.selfSigned(), Longest: time.Hour, Old: []Old{{Anchor: w.selfSigned().anchor(), Until: now}}}
	for name, change := range map[string]func(*corev1.Secret){
		"another type":  func(s *corev1.Secret) { s.Type = corev1.SecretTypeTLS },
		"no state":      func(s *corev1.Secret) { delete(s.Data, stateKey) },
		"no duration":   func(s *corev1.Secret) { s.Data[stateKey] = []byte(`{"longest":"x"}`) },
		"no key":        func(s *corev1.Secret) { delete(s.Data, corev1.TLSPrivateKeyKey) },
		"another's key": func(s *corev1.Secret) { s.Data[nextKeyKey] = s.Data[corev1.TLSPrivateKeyKey] },
		"bad old CA":    func(s *corev1.Secret) { s.Data[stateKey] = []byte(`{"longest":"1h","old":[{"certificate":"x"}]}`) },
	} {
		data, err := good.Data()
		if err != nil {
			t.Fatal(err)
		}
		s := &corev1.Secret{Type: StateSecretType, Data: data}
		if _, err := ReadState(s); err != nil {
			t.Fatal(err)
		}
		change(s)
		if _, err := ReadState(s); err == nil {
			t.Errorf("%s: the state was read", name)
		}
	}
}

func TestAnchorsHaveNoRepetitions(t *testing.T) {
	w := &world{now: now, life: 48 * time.Hour}
	a, b := w.selfSigned(), w.selfSigned()
	s := &State{Signing: a, Next: b, Old: []Old{{Anchor: b.anchor()}, {Anchor: a.anchor()}}}
	var got []string
	for _, c := range s.Anchors() {
		got = append(got, fmt.Sprint(c.Equal(a.anchor()), c.Equal(b.anchor())))
	}
	if len(got) != 2 || got[0] != "true false" || got[1] != "false true" {
		t.Errorf("anchors: %v", got)
	}
}
