// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package nodeindex

import (
	"cmp"
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"
)

// entry is a node as the model has it.
type entry struct {
	key  Class
	node Node
}

// model is what an Index has to hold, looked at one by one.
type model []entry

func (m *model) put(key Class, n Node) {
	m.remove(n.Name)
	*m = append(*m, entry{key, n})
}

func (m *model) remove(name string) {
	*m = slices.DeleteFunc(*m, func(e entry) bool { return e.node.Name == name })
}

func (m model) get(name string) (entry, bool) {
	i := slices.IndexFunc(m, func(e entry) bool { return e.node.Name == name })
	if i < 0 {
		return entry{}, false
	}
	return m[i], true
}

func (m model) classes() map[Class][]Node {
	all := map[Class][]Node{}
	for _, e := range m {
		all[e.key] = append(all[e.key], e.node)
	}
	return all
}

// fits is the rule of NodeResourcesFit.
func fits(need, free Room) bool {
	for _, r := range [][2]int64{{need.MilliCPU, free.MilliCPU}, {need.Memory, free.Memory}, {need.EphemeralStorage, free.EphemeralStorage}} {
		if r[0] > 0 && r[0] > r[1] {
			return false
		}
	}
	return need.Pods <= free.Pods
}

// byClass orders the nodes of a class, as the documentation of Cheapest has it.
func byClass(a, b Node) int {
	switch {
	case a.Oldest != b.Oldest:
		return cmp.Compare(a.Oldest, b.Oldest)
	case a.Packing != b.Packing:
		return -cmp.Compare(a.Packing, b.Packing)
	case a.Created != b.Created:
		return cmp.Compare(a.Created, b.Created)
	}
	return cmp.Compare(a.Name, b.Name)
}

// best returns what Cheapest has to return without a limit, and how many nodes
// Match refuses.
func (m model) best(q *Query) (name string, refused int) {
	type champion struct {
		node         Node
		cost, packed int64
	}
	var champions []champion
	for key, nodes := range m.classes() {
		sample := sampleOf(key)
		if !q.Admits(&key, &sample) {
			continue
		}
		var mine []champion
		for _, n := range nodes {
			if !fits(q.Need, n.Free) {
				continue
			}
			if q.Match != nil && q.Match(n.Name) != Matched {
				refused++
				continue
			}
			c := champion{node: n, cost: q.Cost(&key, &sample, n.Oldest)}
			if q.Packed != nil {
				c.packed = q.Packed(n.Name)
			}
			mine = append(mine, c)
		}
		if len(mine) > 0 {
			champions = append(champions, slices.MinFunc(mine, func(a, b champion) int {
				return cmp.Or(cmp.Compare(a.cost, b.cost), -cmp.Compare(a.packed, b.packed), byClass(a.node, b.node))
			}))
		}
	}
	if len(champions) == 0 {
		return "", refused
	}
	return slices.MinFunc(champions, func(a, b champion) int {
		return cmp.Or(cmp.Compare(a.cost, b.cost), -cmp.Compare(a.packed, b.packed),
			cmp.Compare(a.node.Created, b.node.Created), cmp.Compare(a.node.Name, b.node.Name))
	}).node.Name, refused
}

// sampleOf returns a sample that tells the class that it is of.
func sampleOf(key Class) Sample {
	return Sample{Node: &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: key.Taints + key.Extended}}}
}

// check compares an index with the model, all that it keeps included.
func check(t rapid.TB, x *Index, m model) {
	t.Helper()
	classes := m.classes()
	if x.Len() != len(m) || x.Classes() != len(classes) {
		t.Fatalf("got %d nodes in %d classes, want %d in %d", x.Len(), x.Classes(), len(m), len(classes))
	}
	if len(x.byKey) != len(x.classes) || len(x.members) != len(m) {
		t.Fatalf("got %d classes by key and %d members, want %d and %d", len(x.byKey), len(x.members), len(x.classes), len(m))
	}
	for _, c := range x.classes {
		if x.byKey[c.key] != c {
			t.Fatalf("class %+v is not found by its key", c.key)
		}
		if want := sampleOf(c.key).Node.Name; c.sample.Node.Name != want {
			t.Fatalf("class %+v has the sample of %q, want %q", c.key, c.sample.Node.Name, want)
		}
		checkClass(t, x, c, classes[c.key])
	}
}

func checkClass(t rapid.TB, x *Index, c *class, want []Node) {
	t.Helper()
	var got []Node
	for i, b := range c.blocks {
		if len(b.nodes) == 0 || len(b.nodes) > blockSize {
			t.Fatalf("block %d of %d has %d nodes, want 1 to %d", i, len(c.blocks), len(b.nodes), blockSize)
		}
		if i > 0 && len(b.nodes)+len(c.blocks[i-1].nodes) <= blockSize/2 {
			t.Fatalf("blocks %d and %d have %d and %d nodes, which is one block", i-1, i, len(c.blocks[i-1].nodes), len(b.nodes))
		}
		most := Room{math.MinInt64, math.MinInt64, math.MinInt64, math.MinInt64}
		for _, n := range b.nodes {
			if m := x.members[n.Name]; m.node != n || m.class != c {
				t.Fatalf("node %s is kept twice", n.Name)
			}
			most = Room{max(most.MilliCPU, n.Free.MilliCPU), max(most.Memory, n.Free.Memory),
				max(most.EphemeralStorage, n.Free.EphemeralStorage), max(most.Pods, n.Free.Pods)}
			got = append(got, *n)
		}
		if b.most != most {
			t.Fatalf("block %d says %+v is the most that is free, want %+v", i, b.most, most)
		}
	}
	slices.SortFunc(want, byClass)
	if !slices.Equal(got, want) {
		t.Fatalf("got nodes in the order %v, want %v", names(got), names(want))
	}
}

func names(nodes []Node) []string {
	var all []string
	for _, n := range nodes {
		all = append(all, n.Name)
	}
	return all
}

// fill puts all of the model into an index, in its order.
func (m model) fill(x *Index) {
	for _, e := range m {
		x.Put(e.key, e.node, func() Sample { return sampleOf(e.key) })
	}
}
