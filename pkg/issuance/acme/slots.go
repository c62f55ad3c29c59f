// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// slots lets one TLSCertificate at a time have an order for the same names: a CA answers the same request of the same
// account with the same order, and only one key can be signed by it.
type slots struct {
	mu      sync.Mutex
	holders map[string]types.NamespacedName // key -> who holds it
	runs    map[types.NamespacedName]*run
}

// run is what this process remembers of a running issuance; nothing in it is needed to go on after a restart.
type run struct {
	key       string
	initiated map[string]bool
	// polls is how often the CA was waited for.
	polls int
	// led: this process has had the CA's requests led here.
	led bool
	// presented is when the TXT record of a value was made; propagated are those that need not be waited for any more.
	presented  map[string]time.Time
	propagated map[string]bool
}

// acquire gives holder the slot of key and takes from it any other. If somebody else has it, it returns nil and who.
func (s *slots) acquire(key string, holder types.NamespacedName) (*run, types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holders == nil {
		s.holders, s.runs = map[string]types.NamespacedName{}, map[types.NamespacedName]*run{}
	}
	if other, taken := s.holders[key]; taken && other != holder {
		return nil, other
	}
	r := s.runs[holder]
	if r != nil && r.key != key {
		delete(s.holders, r.key)
		r = nil
	}
	if r == nil {
		r = &run{key: key, initiated: map[string]bool{}, presented: map[string]time.Time{}, propagated: map[string]bool{}}
		s.runs[holder] = r
	}
	s.holders[key] = holder
	return r, holder
}

// release frees what holder has.
func (s *slots) release(holder types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.runs[holder]; r != nil {
		delete(s.holders, r.key)
		delete(s.runs, holder)
	}
}
