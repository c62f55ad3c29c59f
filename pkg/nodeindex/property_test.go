// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package nodeindex

import (
	"testing"

	"pgregory.net/rapid"
)

// wantBest compares the answers of an index with those of the model.
func wantBest(t *rapid.T, x *Index, m model, q *Query) {
	t.Helper()
	want, _ := m.best(q)
	if got, complete := x.Cheapest(q); got != want || !complete {
		g, _ := m.get(got)
		w, _ := m.get(want)
		t.Fatalf("got node %q, complete: %t, want %q:\n%+v\n%+v", got, complete, want, g, w)
	}
}

// After each change the index is the same as the model, and gives the same answers.
func TestIndexAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		classes := rapid.SampledFrom([]int{1, 2, 9, 30}).Draw(t, "classes")
		x, m := &Index{}, genModel(t, "nodes", classes, 0, 25)
		m.fill(x)
		anyNode := genNode(classes, 30)
		t.Repeat(map[string]func(*rapid.T){
			"Put": func(t *rapid.T) {
				e := anyNode.Draw(t, "node")
				before, known := m.get(e.node.Name)
				m.remove(e.node.Name)
				first := len(m.classes()[e.key]) == 0 && (!known || before != e)
				m.put(e.key, e.node)
				asked := 0
				x.Put(e.key, e.node, func() Sample {
					asked++
					return sampleOf(e.key)
				})
				if want := map[bool]int{true: 1}[first]; asked != want {
					t.Fatalf("asked for a sample %d times, want %d", asked, want)
				}
			},
			"PutAgain": func(t *rapid.T) {
				if len(m) == 0 {
					t.Skip("no nodes")
				}
				e := rapid.SampledFrom(m).Draw(t, "node")
				x.Put(e.key, e.node, func() Sample { panic("asked for a sample of a class that is known") })
			},
			"PutInAnotherClass": func(t *rapid.T) {
				if len(m) == 0 {
					t.Skip("no nodes")
				}
				e := rapid.SampledFrom(m).Draw(t, "node")
				e.key = classOf(rapid.IntRange(0, classes-1).Draw(t, "class"))
				m.put(e.key, e.node)
				x.Put(e.key, e.node, func() Sample { return sampleOf(e.key) })
			},
			"Remove": func(t *rapid.T) {
				e := anyNode.Draw(t, "node")
				m.remove(e.node.Name)
				x.Remove(e.node.Name)
			},
			"Cheapest": func(t *rapid.T) { wantBest(t, x, m, genQuery(t, m)) },
			"":         func(t *rapid.T) { check(t, x, m) },
		})
	})
}

// The same with classes of several blocks.
func TestManyNodesAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		classes := rapid.SampledFrom([]int{1, 3, 20}).Draw(t, "classes")
		m := genModel(t, "nodes", classes, 2*blockSize, 6*blockSize)
		x := &Index{}
		m.fill(x)
		for range 20 {
			wantBest(t, x, m, genQuery(t, m))
		}
		check(t, x, m)
		// Most go, so that blocks become small and go too.
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(m)-1), len(m), 2*len(m)).Draw(t, "removed") {
			if i < len(m) {
				x.Remove(m[i].node.Name)
				m.remove(m[i].node.Name)
				if len(m)%5 == 0 {
					check(t, x, m)
				}
			}
		}
		for range 5 {
			wantBest(t, x, m, genQuery(t, m))
		}
		for len(m) > 0 {
			x.Remove(m[0].node.Name)
			m.remove(m[0].node.Name)
		}
		check(t, x, m)
		wantBest(t, x, m, genQuery(t, m))
	})
}

// Neither the order in which nodes came nor what there was before matters.
func TestOrderOfPutDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		classes := rapid.SampledFrom([]int{1, 4, 30}).Draw(t, "classes")
		m := genModel(t, "nodes", classes, 1, 3*blockSize)
		first, second := &Index{}, &Index{}
		m.fill(first)
		// The second has had other nodes, and these in other classes and places.
		former := genModel(t, "former", classes, 0, 4*blockSize)
		former.fill(second)
		shuffled := rapid.Permutation(m).Draw(t, "order")
		shuffled.fill(second)
		for i := len(m); i < len(former); i++ {
			second.Remove(former[i].node.Name)
		}
		check(t, second, m)
		for range 10 {
			q := genQuery(t, m)
			a, _ := first.Cheapest(q)
			if b, _ := second.Cheapest(q); a != b {
				t.Fatalf("got node %q from one index and %q from the other of the same nodes", a, b)
			}
		}
	})
}

// A search gives up when Match says so, and not else. It asks about no node twice.
func TestGiveUp(t *testing.T) {
	gaveUp, complete := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		m := genModel(t, "nodes", rapid.SampledFrom([]int{1, 3, 9}).Draw(t, "classes"), 1, 2*blockSize)
		x := &Index{}
		m.fill(x)
		for range 10 {
			q := genQuery(t, m)
			q.Need = Room{Pods: 1}
			part := rapid.Uint64Range(1, 12).Draw(t, "part that matches")
			salt := rapid.Uint64().Draw(t, "match salt")
			matches := func(name string) bool { return hash(salt, name)%part == 0 }
			q.Match = func(name string) Verdict { return verdict(matches(name)) }
			want, refused := m.best(q)
			limit := rapid.IntRange(1, max(1, refused)).Draw(t, "most")
			asked, left := map[string]int{}, limit
			q.Match = func(name string) Verdict {
				asked[name]++
				if !matches(name) {
					left--
				}
				if left < 0 {
					return GiveUp
				}
				return verdict(matches(name))
			}
			got, ok := x.Cheapest(q)
			met := 0
			for name, times := range asked {
				if times > 1 {
					t.Fatalf("asked %d times whether node %s matches", times, name)
				}
				if !matches(name) {
					met++
				}
			}
			switch {
			case ok && got != want:
				t.Fatalf("got node %q, want %q", got, want)
			case !ok && got != "":
				t.Fatalf("gave up, but found %q", got)
			case ok != (met <= limit):
				t.Fatalf("complete: %t after %d refused nodes of at most %d", ok, met, limit)
			case !ok && met > limit+1:
				t.Fatalf("asked on after %d refused nodes of at most %d", met, limit)
			}
			if ok {
				complete++
			} else {
				gaveUp++
			}
		}
	})
	if gaveUp < 10 || complete < 10 {
		t.Errorf("only %d searches gave up and %d did not", gaveUp, complete)
	}
}
