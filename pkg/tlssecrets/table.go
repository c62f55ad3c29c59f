// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"container/heap"
	"maps"
	"slices"
	"time"
)

// Limits of what is remembered.
const (
	// retention is how long a key is remembered after somebody asked for it last. The
	// scheduler asks again for a pod that waits at the latest after five and a half minutes.
	retention = 10 * time.Minute
	// maxRemembered bounds the keys of one table, maxPerNamespace those of one namespace. In a
	// full table the namespace with the most keys makes room for those that have fewer, so that
	// no number of namespaces keeps the others out.
	maxRemembered   = 20_000
	maxPerNamespace = 2_000
)

// table remembers a bounded number of keys, and which namespaces had one turned away. It
// has no lock of its own.
type table[K namespaced, V any] struct {
	entries    map[K]*V
	namespaces map[string]*tenant[K]
	fullest    tenants[K]
	turnedAway map[string]bool
}

// tenant is a namespace with its keys, the newest last.
type tenant[K namespaced] struct {
	namespace string
	keys      []K
	position  int // in the heap
}

func newTable[K namespaced, V any]() table[K, V] {
	return table[K, V]{entries: make(map[K]*V), namespaces: make(map[string]*tenant[K]), turnedAway: make(map[string]bool)}
}

// add remembers a new key, and reports whether there is room for it. If the table is full, the newest key of the namespace with
// the most is forgotten and returned, unless the key's own namespace would then have as many.
func (t *table[K, V]) add(k K, v *V) (evicted *K, ok bool) {
	namespace := k.inNamespace()
	own := t.namespaces[namespace]
	count := 0
	if own != nil {
		count = len(own.keys)
	}
	full := len(t.entries) >= maxRemembered
	if count >= maxPerNamespace || full && len(t.fullest[0].keys) <= count+1 {
		t.turnedAway[namespace] = true
		return nil, false
	}
	if full {
		most := t.fullest[0]
		newest := most.keys[len(most.keys)-1]
		t.drop(newest)
		t.turnedAway[most.namespace] = true
		evicted = &newest
	}
	t.entries[k] = v
	if own == nil {
		own = &tenant[K]{namespace: namespace}
		t.namespaces[namespace] = own
		heap.Push(&t.fullest, own)
	}
	own.keys = append(own.keys, k)
	heap.Fix(&t.fullest, own.position)
	return evicted, true
}

// remove forgets a key, which most often is not there. It returns the namespaces, in order,
// whose pods may try again because that made room for a key that was turned away.
func (t *table[K, V]) remove(k K) (woken []string) {
	if _, ok := t.entries[k]; !ok {
		return nil
	}
	namespace := k.inNamespace()
	if len(t.entries) >= maxRemembered {
		woken = slices.Sorted(maps.Keys(t.turnedAway))
	} else if t.turnedAway[namespace] {
		woken = []string{namespace}
	}
	for _, n := range woken {
		delete(t.turnedAway, n)
	}
	t.drop(k)
	return woken
}

// drop forgets a key that is there.
func (t *table[K, V]) drop(k K) {
	delete(t.entries, k)
	own := t.namespaces[k.inNamespace()]
	i := slices.Index(own.keys, k)
	own.keys = slices.Delete(own.keys, i, i+1)
	if len(own.keys) > 0 {
		heap.Fix(&t.fullest, own.position)
		return
	}
	heap.Remove(&t.fullest, own.position)
	delete(t.namespaces, own.namespace)
}

// tenants is a heap with the namespace that has the most keys first, of several the first by name.
type tenants[K namespaced] []*tenant[K]

func (h tenants[K]) Len() int { return len(h) }

func (h tenants[K]) Less(i, j int) bool {
	if a, b := len(h[i].keys), len(h[j].keys); a != b {
		return a > b
	}
	return h[i].namespace < h[j].namespace
}

func (h tenants[K]) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].position, h[j].position = i, j
}

// Push is heap.Interface's.
func (h *tenants[K]) Push(x any) {
	tenant := x.(*tenant[K])
	tenant.position = len(*h)
	*h = append(*h, tenant)
}

// Pop is heap.Interface's.
func (h *tenants[K]) Pop() any {
	last := len(*h) - 1
	tenant := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return tenant
}
