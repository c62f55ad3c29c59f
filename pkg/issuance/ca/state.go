// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package ca

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/issuance/pki"
)

// StateSecretType is the type of the Secret that keeps a State.
const StateSecretType corev1.SecretType = "tollgate.dev/ca-state"

// Keys of the Secret that keeps a State, beside tls.crt and tls.key, which are the CA that signs.
const (
	nextCertKey = "next.crt"
	nextKeyKey  = "next.key"
	stateKey    = "state.json"
)

// State is who signs for a CA issuer, who will, and who did. It is kept in a Secret of its own: the one that spec.ca.secretName
// names says who shall sign, and belongs to people; when they replace the CA in it, the old one goes on signing from here until
// the new one is trusted.
type State struct {
	// Signing signs; nil until the first CA is published.
	Signing *CA
	// SignsSince is when it took over.
	SignsSince time.Time
	// Next is published and will sign; nil unless a rotation runs.
	Next *CA
	// NextMade says that the controller made Next, rather than took it from the CA's Secret.
	NextMade bool
	// NextPublished is when Next was published; zero if it is not yet.
	NextPublished time.Time
	// Old signed once and are published while leaves of theirs may live.
	Old []Old
	// Longest is the longest that a leaf of Signing may live.
	Longest time.Duration
	// Changed is when Signing, or what has to be published, last became another; zero if the first CA signs and there was never
	// another beside it.
	Changed time.Time
}

// doubt is how much later than Changed a leaf has to be valid from: one that was signed with the state of before is written that
// soon.
const doubt = time.Minute

// UnchangedFor returns from when on a leaf has to be valid at least so that it was certainly signed by the CA that signs now, and
// written with the anchors that are published now. Leaves are dated back, so that some for which it holds are not told.
func (s *State) UnchangedFor() time.Time {
	if s.Changed.IsZero() && s.Next == nil && len(s.Old) == 0 {
		return s.Signing.Certificate().NotBefore
	}
	last := s.Changed
	for _, at := range []time.Time{s.SignsSince, s.NextPublished} {
		if at.After(last) {
			last = at
		}
	}
	return last.Add(doubt)
}

// Old is a CA that signs no more.
type Old struct {
	// Anchor is what clients trust.
	Anchor *x509.Certificate
	// Until is when its last leaf has expired.
	Until time.Time
}

// Anchors returns what has to be published, without repetitions: the anchors of who signs, who will, and who did.
func (s *State) Anchors() []*x509.Certificate {
	var out []*x509.Certificate
	add := func(c *x509.Certificate) {
		for _, have := range out {
			if have.Equal(c) {
				return
			}
		}
		out = append(out, c)
	}
	for _, ca := range []*CA{s.Signing, s.Next} {
		if ca != nil {
			add(ca.anchor())
		}
	}
	for _, old := range s.Old {
		add(old.Anchor)
	}
	return out
}

// Bundle returns Anchors as PEM.
func (s *State) Bundle() []byte { return pki.EncodeChain(s.Anchors()...) }

// record is the part of a State that is neither a certificate nor a key of tls.crt, tls.key, next.crt and next.key.
type record struct {
	SignsSince    time.Time   `json:"signsSince,omitzero"`
	NextMade      bool        `json:"nextMade,omitempty"`
	NextPublished time.Time   `json:"nextPublished,omitzero"`
	Changed       time.Time   `json:"changed,omitzero"`
	Longest       string      `json:"longest"`
	Old           []oldRecord `json:"old,omitempty"`
}

type oldRecord struct {
	Certificate string    `json:"certificate"`
	Until       time.Time `json:"until"`
}

// Data returns the State as the data of a Secret of StateSecretType.
func (s *State) Data() (map[string][]byte, error) {
	data := map[string][]byte{}
	for _, part := range []struct {
		ca        *CA
		cert, key string
	}{{s.Signing, corev1.TLSCertKey, corev1.TLSPrivateKeyKey}, {s.Next, nextCertKey, nextKeyKey}} {
		if part.ca == nil {
			continue
		}
		key, err := pki.EncodeKey(part.ca.key)
		if err != nil {
			return nil, err
		}
		data[part.cert], data[part.key] = pki.EncodeChain(part.ca.Chain...), key
	}
	r := record{
		SignsSince: s.SignsSince.UTC(), NextMade: s.NextMade, NextPublished: s.NextPublished.UTC(), Longest: s.Longest.String(),
		Changed: s.Changed.UTC(),
	}
	for _, old := range s.Old {
		r.Old = append(r.Old, oldRecord{Certificate: string(pki.EncodeChain(old.Anchor)), Until: old.Until.UTC()})
	}
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", stateKey, err)
	}
	data[stateKey] = text
	return data, nil
}

// ReadState reads what Data wrote. It does not look at validity.
func ReadState(secret *corev1.Secret) (*State, error) {
	if secret.Type != StateSecretType {
		return nil, fmt.Errorf("reading the state of the CA: Secret %s has type %q, want %q; rename or delete it", secret.Name, secret.Type, StateSecretType)
	}
	var r record
	decoder := json.NewDecoder(bytes.NewReader(secret.Data[stateKey]))
	if err := decoder.Decode(&r); err != nil {
		return nil, fmt.Errorf("reading %s of Secret %s: %w", stateKey, secret.Name, err)
	}
	longest, err := time.ParseDuration(r.Longest)
	if err != nil {
		return nil, fmt.Errorf("reading %s of Secret %s: %w", stateKey, secret.Name, err)
	}
	s := &State{SignsSince: r.SignsSince, NextMade: r.NextMade, NextPublished: r.NextPublished, Longest: longest, Changed: r.Changed}
	for _, part := range []struct {
		ca        **CA
		cert, key string
	}{{&s.Signing, corev1.TLSCertKey, corev1.TLSPrivateKeyKey}, {&s.Next, nextCertKey, nextKeyKey}} {
		if len(secret.Data[part.cert]) == 0 {
			continue
		}
		if *part.ca, err = parse(secret.Data[part.cert], secret.Data[part.key]); err != nil {
			return nil, fmt.Errorf("reading %s of Secret %s: %w", part.cert, secret.Name, err)
		}
	}
	for _, old := range r.Old {
		chain, err := pki.ParseChain([]byte(old.Certificate))
		if err != nil {
			return nil, fmt.Errorf("reading %s of Secret %s: %w", stateKey, secret.Name, err)
		}
		s.Old = append(s.Old, Old{Anchor: chain[0], Until: old.Until})
	}
	return s, nil
}
