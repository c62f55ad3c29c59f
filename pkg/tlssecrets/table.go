// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"maps"
	"slices"
	"time"
)

// Limits of what is remembered.
const (
	// retention is how long a key is remembered after somebody asked for it last. The
	// scheduler asks again for a pod that waits at the latest after five and a half minutes.
	retention = 10 * time.Minute
	// maxRemembered bounds the keys of one table, maxPerNamespace those of one namespace, so
	// that no namespace alone keeps the others out.
	maxRemembered   = 20_000
	maxPerNamespace = 2_000
)

// table remembers a bounded number of keys, and which namespaces had one turned away. It
// has no lock of its own.
type table[K namespaced, V any] struct {
	entries      map[K]*V
	perNamespace map[string]int
	turnedAway   map[string]bool
}

func newTable[K namespaced, V any]() table[K, V] {
	return table[K, V]{entries: make(map[K]*V), perNamespace: make(map[string]int), turnedAway: make(map[string]bool)}
}

// add remembers a new key, and reports whether there is room for it.
func (t *table[K, V]) add(k K, v *V) bool {
	namespace := k.inNamespace()
	if len(t.entries) >= maxRemembered || t.perNamespace[namespace] >= maxPerNamespace {
		t.turnedAway[namespace] = true
		return false
	}
	t.entries[k] = v
	t.perNamespace[namespace]++
	return true
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
	delete(t.entries, k)
	if t.perNamespace[namespace]--; t.perNamespace[namespace] == 0 {
		delete(t.perNamespace, namespace)
	}
	return woken
}
