// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate-dev/tollgate/pkg/tlsready"
	"github.com/tollgate-dev/tollgate/pkg/tlsready/tlstest"
)

// fill remembers as many names of a namespace as it may have.
func (l *lookups) fill(namespace string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range maxPerNamespace {
		l.known.add(secretKey{namespace, fmt.Sprint(i)}, &lookup{state: NotFound})
	}
}

// TestLookupsAreFair has one namespace ask for two thousand names before another asks for
// one, which must not wait for them: not at first, and not when they are looked at again.
func TestLookupsAreFair(t *testing.T) {
	run(t, Options{}, nil, func(e *env) {
		for i := range maxPerNamespace {
			e.source.Get("greedy", fmt.Sprintf("missing-%d", i))
		}
		time.Sleep(5 * time.Second) // virtual; the burst is used up
		e.wantState("shop", "web-tls", Pending)
		time.Sleep(200 * time.Millisecond)
		e.wantState("shop", "web-tls", NotFound)
		e.wantState("greedy", "missing-1999", Pending)

		time.Sleep(3 * time.Minute)
		e.wantState("greedy", "missing-1999", NotFound)
		e.takeChanges()
		e.create(opaqueSecret("web-tls"))
		time.Sleep(maxBackoff + 2*time.Second)
		e.wantState("shop", "web-tls", OtherType)
	})
}

func TestLookupsAreBoundedPerNamespace(t *testing.T) {
	run(t, Options{}, nil, func(e *env) {
		l := e.source.lookups
		l.fill("shop")
		e.takeChanges()
		e.wantState("shop", "late", Pending)
		e.wantVerdict(declaration(named("late")), tlsready.LookupPending, `secret "shop/late" is not among the TLS Secrets and is not looked up yet: `+
			`this namespace asks for more than 2000 lookups, or the cluster for more than 20000; it follows when there is room; delete pods that wait for Secrets that nobody makes`)
		if n := e.remembered(); n != maxPerNamespace {
			t.Errorf("%d names are remembered, want %d", n, maxPerNamespace)
		}
		e.wantState("bank", "other", Pending)
		e.settle()
		e.wantState("bank", "other", NotFound)
		e.takeChanges()

		l.forget(secretKey{"shop", "never looked up"})
		if got := e.takeChanges(); len(got) != 0 {
			t.Errorf("changes %q though there is no room", got)
		}
		l.forget(secretKey{"shop", "0"})
		if diff := cmp.Diff([]string{"shop/"}, e.takeChanges()); diff != "" {
			t.Errorf("unexpected changes once there is room (-want, +got):\n%s", diff)
		}
		e.wantState("shop", "late", Pending)
		e.settle()
		e.wantState("shop", "late", NotFound)
	})
}

// TestLookupsAreBoundedInTotal fills the table from as few namespaces as can: they make room for others.
func TestLookupsAreBoundedInTotal(t *testing.T) {
	run(t, Options{}, nil, func(e *env) {
		l := e.source.lookups
		for i := range maxRemembered / maxPerNamespace {
			l.fill(fmt.Sprintf("greedy-%d", i))
		}
		newest := fmt.Sprint(maxPerNamespace - 1)
		e.wantState("greedy-0", newest, NotFound)
		e.wantState("shop", "late", Pending)
		e.wantState("bank", "late", Pending)
		e.settle()
		e.wantState("shop", "late", NotFound)
		e.wantState("bank", "late", NotFound)
		if n := e.remembered(); n != maxRemembered {
			t.Errorf("%d names are remembered, want %d", n, maxRemembered)
		}
		e.takeChanges()
		// Those that made room are turned away until there is room again.
		e.wantState("greedy-0", newest, Pending)
		e.wantState("greedy-1", newest, Pending)
		got := e.source.Evaluate("greedy-0", declaration(named(newest)), tlstest.Now)
		if !strings.Contains(got.Message, "is not looked up yet") {
			t.Errorf("message %q, want that there is no room", got.Message)
		}
		l.forget(secretKey{"greedy-3", "0"})
		if diff := cmp.Diff([]string{"greedy-0/", "greedy-1/"}, e.takeChanges()); diff != "" {
			t.Errorf("unexpected changes once there is room (-want, +got):\n%s", diff)
		}
		e.wantState("greedy-0", newest, Pending)
		e.settle()
		e.wantState("greedy-0", newest, NotFound)
	})
}

// TestFullTableIsShared adds and removes keys of some namespaces in any order, far beyond what there is room for.
func TestFullTableIsShared(t *testing.T) {
	known := newTable[secretKey, lookup]()
	wanted := map[string]int{"a": 3, "b": 8000, "c": 2000, "d": 1999, "e": 1500}
	for i := range 12 {
		wanted[fmt.Sprint("greedy-", i)] = maxPerNamespace
	}
	for namespace, n := range wanted {
		for i := range n {
			known.add(secretKey{namespace, fmt.Sprint(i)}, &lookup{})
		}
	}
	if len(known.entries) != maxRemembered {
		t.Fatalf("%d keys, want %d", len(known.entries), maxRemembered)
	}
	// Once all have asked again, nobody has more than one more than another that was turned away.
	for range 2 {
		for namespace, n := range wanted {
			for i := range n {
				if k := (secretKey{namespace, fmt.Sprint(i)}); known.entries[k] == nil {
					known.add(k, &lookup{})
				}
			}
		}
	}
	most, total := 0, 0
	for namespace, tenant := range known.namespaces {
		most, total = max(most, len(tenant.keys)), total+len(tenant.keys)
		for _, k := range tenant.keys {
			if known.entries[k] == nil || k.namespace != namespace {
				t.Fatalf("key %v of %s is not remembered", k, namespace)
			}
		}
	}
	for namespace, n := range wanted {
		if got := len(known.namespaces[namespace].keys); got < min(n, most-1) {
			t.Errorf("%s has %d keys of %d, while another has %d", namespace, got, n, most)
		}
	}
	if total != maxRemembered || len(known.entries) != total || len(known.fullest[0].keys) != most {
		t.Errorf("%d keys of namespaces, %d in all, the fullest has %d; want %d, and %d in the fullest", total, len(known.entries), len(known.fullest[0].keys), maxRemembered, most)
	}
	for k := range known.entries {
		known.remove(k)
	}
	if len(known.namespaces)+len(known.fullest)+len(known.entries) != 0 {
		t.Errorf("an empty table has %d namespaces and %d in the heap", len(known.namespaces), len(known.fullest))
	}
}

// TestTurnedAwayNamesEndWithTheOthers checks that what was remembered makes room by itself
// when nobody asks for it any more.
func TestTurnedAwayNamesEndWithTheOthers(t *testing.T) {
	run(t, Options{}, nil, func(e *env) {
		for i := range maxPerNamespace + 1 {
			e.source.Get("shop", fmt.Sprintf("missing-%d", i))
		}
		e.takeChanges()
		time.Sleep(retention + 10*time.Minute) // virtual
		if got := e.takeChanges(); !strings.Contains(strings.Join(got, " ")+" ", "shop/ ") {
			t.Errorf("the namespace was not woken when there was room")
		}
		time.Sleep(10 * time.Minute)
		if n := e.remembered(); n != 0 {
			t.Errorf("%d names are remembered after nobody asked for half an hour", n)
		}
		if n := len(e.source.lookups.known.namespaces); n != 0 {
			t.Errorf("%d namespaces are counted, want none", n)
		}
		got := e.source.Evaluate("shop", declaration(named("late")), tlstest.Now)
		if !strings.HasSuffix(got.Message, "is being looked up") {
			t.Errorf("message %q, want the lookup to be under way", got.Message)
		}
	})
}
