// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package fairqueue

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/util/workqueue"
	"pgregory.net/rapid"

	_ "github.com/tollgate-dev/tollgate/test/seed"
)

type key struct{ namespace, name string }

func namespaceOf(k key) string { return k.namespace }

func TestTakesTurns(t *testing.T) {
	q := New(namespaceOf)
	for _, k := range []key{{"a", "1"}, {"a", "2"}, {"a", "3"}, {"b", "1"}, {"c", "1"}, {"c", "2"}} {
		q.Push(k)
	}
	var got []string
	for q.Len() > 0 {
		k := q.Pop()
		got = append(got, k.namespace+k.name)
		if k == (key{"a", "2"}) {
			q.Push(key{"d", "1"}) // behind all that wait
		}
	}
	want := []string{"a1", "b1", "c1", "a2", "c2", "a3", "d1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unexpected order (-want, +got):\n%s", diff)
	}
	if len(q.waiting) != 0 || len(q.turns) != 0 {
		t.Errorf("an empty queue keeps %d namespaces and %d turns", len(q.waiting), len(q.turns))
	}
}

// TestIsFair checks against any sequence that nothing is lost, that each namespace
// keeps its order, and that no namespace is served twice while another waits.
func TestIsFair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := New(namespaceOf)
		waiting := make(map[string][]key)
		servedSince := make(map[string][]string) // by waiting namespace: who was served since its turn
		for i := range rapid.IntRange(1, 60).Draw(t, "steps") {
			if q.Len() == 0 || rapid.Bool().Draw(t, "push") {
				k := key{rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "namespace"), fmt.Sprint(i)}
				if len(waiting[k.namespace]) == 0 {
					servedSince[k.namespace] = nil
				}
				waiting[k.namespace] = append(waiting[k.namespace], k)
				q.Push(k)
				continue
			}
			k := q.Pop()
			if waiting[k.namespace][0] != k {
				t.Fatalf("Pop() = %v, want %v first", k, waiting[k.namespace][0])
			}
			waiting[k.namespace] = waiting[k.namespace][1:]
			for n := range waiting {
				if n == k.namespace || len(waiting[n]) == 0 {
					continue
				}
				if slices.Contains(servedSince[n], k.namespace) {
					t.Fatalf("%q was served twice while %q waited", k.namespace, n)
				}
				servedSince[n] = append(servedSince[n], k.namespace)
			}
			servedSince[k.namespace] = nil
		}
		total := 0
		for _, keys := range waiting {
			total += len(keys)
		}
		if q.Len() != total {
			t.Fatalf("Len() = %d, want %d", q.Len(), total)
		}
	})
}

// TestInAWorkQueue checks the contract with client-go: a key that is worked on and
// comes again is served once more, one that waits is not doubled.
func TestInAWorkQueue(t *testing.T) {
	q := workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[key]{Queue: New(namespaceOf)})
	defer q.ShutDown()
	k := key{"shop", "web-tls"}
	q.Add(k)
	q.Add(k)
	if n := q.Len(); n != 1 {
		t.Errorf("%d keys wait, want 1", n)
	}
	got, _ := q.Get()
	q.Add(k)
	if got != k || q.Len() != 0 {
		t.Errorf("Get() = %v with %d waiting, want %v and none", got, q.Len(), k)
	}
	q.Done(k)
	if n := q.Len(); n != 1 {
		t.Errorf("%d keys wait after Done, want 1", n)
	}
}
