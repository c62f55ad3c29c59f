// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"
)

func TestPrepaid(t *testing.T) {
	b, _ := newTestBook(Options{Prepaid: []PrepaidRule{
		{Selector: selector("type=m5"), Count: 2},
		{Selector: selector("type"), Count: 1},
		{Selector: selector("type"), Count: 0},
	}})
	node := func(name string, second int64, instanceType string) *corev1.Node {
		return makeNode().named(name).created(second).label("type", instanceType).annotation(PriceAnnotation, "1").obj()
	}
	check := func(step string, want ...string) {
		t.Helper()
		var got []string
		for _, p := range b.Prices() {
			if p.Price.PerHour != 1_000_000 {
				t.Errorf("%s: got %v for %s, want the list price", step, p.Price.PerHour, p.Node.Name)
			}
			if p.Price.Prepaid {
				got = append(got, p.Node.Name)
			}
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%s: unexpected prepaid nodes (-want, +got):\n%s", step, diff)
		}
	}
	check("empty")
	b.Set(node("d", 4, "m5"))
	b.Set(node("c", 3, "c5"))
	b.Set(node("b", 2, "m5"))
	b.Set(node("a", 2, "m5"))
	check("the oldest, then by name; a covered node takes no second slot", "a", "b", "c")
	b.Set(node("z", 1, "m5"))
	check("an older node that comes later evicts nobody", "a", "b", "c")
	b.Delete("a")
	check("a free slot goes to the oldest that waits", "b", "c", "z")
	b.Set(node("b", 2, "r5"))
	check("a node that no longer matches gives its slot away", "c", "d", "z")
	b.Delete("c")
	check("and takes that of another rule when there is one", "b", "d", "z")
}

// model is the dumbest thing that does what slots should do.
type model struct {
	rules  []PrepaidRule
	nodes  map[string]*corev1.Node
	holder map[string]int // node -> rule
}

func (m *model) settle() {
	for name, rule := range m.holder {
		if n := m.nodes[name]; n == nil || !matches(m.rules[rule].Selector, n) {
			delete(m.holder, name)
		}
	}
	for rule := range m.rules {
		queue := slices.SortedFunc(maps.Values(m.nodes), func(a, b *corev1.Node) int {
			return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
		})
		for _, n := range queue {
			held := 0
			for _, r := range m.holder {
				if r == rule {
					held++
				}
			}
			if _, has := m.holder[n.Name]; !has && held < m.rules[rule].Count && matches(m.rules[rule].Selector, n) {
				m.holder[n.Name] = rule
			}
		}
	}
}

// Releases happen at once, and grants when somebody asks.
func (m *model) set(n *corev1.Node) {
	m.nodes[n.Name] = n
	if rule, has := m.holder[n.Name]; has && !matches(m.rules[rule].Selector, n) {
		delete(m.holder, n.Name)
	}
}

func (m *model) remove(name string) {
	delete(m.nodes, name)
	delete(m.holder, name)
}

func anyRules(t *rapid.T) []PrepaidRule {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) PrepaidRule {
		return PrepaidRule{
			Selector: selector(rapid.SampledFrom([]string{"", "x=1", "x=2", "x in (1,2)", "y", "!y", "x,y"}).Draw(t, "selector")),
			Count:    rapid.IntRange(0, 3).Draw(t, "count"),
		}
	}), 1, 3).Draw(t, "rules")
}

func anyNode(t *rapid.T) *corev1.Node {
	n := makeNode().named(fmt.Sprintf("n%d", rapid.IntRange(0, 8).Draw(t, "name"))).created(rapid.Int64Range(0, 3).Draw(t, "created"))
	n.label("x", rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "x"))
	if rapid.Bool().Draw(t, "y") {
		n.label("y", "")
	}
	return n.obj()
}

func prepaidNames(b *Book) []string {
	var names []string
	for _, p := range b.Prices() {
		if p.Price.Prepaid {
			names = append(names, p.Node.Name)
		}
	}
	return names
}

func TestPrepaidAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := anyRules(t)
		b, _ := newTestBook(Options{Prepaid: rules})
		m := &model{rules: rules, nodes: map[string]*corev1.Node{}, holder: map[string]int{}}
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				n := anyNode(t)
				b.Set(n)
				m.set(n)
			},
			"delete": func(t *rapid.T) {
				name := anyNode(t).Name
				b.Delete(name)
				m.remove(name)
			},
			"ask": func(t *rapid.T) {
				m.settle()
				n := anyNode(t)
				if set := m.nodes[n.Name]; set != nil {
					n = set
				}
				_, want := m.holder[n.Name]
				if got := b.Price(n).Prepaid; got != want {
					t.Fatalf("node %s is prepaid: %t, want %t", n.Name, got, want)
				}
				if diff := gocmp.Diff(slices.Sorted(maps.Keys(m.holder)), prepaidNames(b)); diff != "" {
					t.Fatalf("unexpected prepaid nodes (-want, +got):\n%s", diff)
				}
			},
		})
		free := 0
		for i := range b.slots.free {
			if b.slots.free[i] < 0 {
				t.Fatalf("rule %d has %d slots left", i, b.slots.free[i])
			}
			free += rules[i].Count - b.slots.free[i]
		}
		if free != len(m.holder) {
			t.Fatalf("%d slots are taken, by %d nodes", free, len(m.holder))
		}
	})
}

// Whatever the order in which nodes are set before somebody asks, the prices
// are the same, and those of the same nodes set in the order of their names.
func TestOrderOfSetDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		byName := map[string]*corev1.Node{}
		for range rapid.IntRange(1, 12).Draw(t, "nodes") {
			n := anyNode(t)
			if rapid.Bool().Draw(t, "priced") {
				n.Annotations = map[string]string{PriceAnnotation: rapid.SampledFrom([]string{"0", "0.1", "2", "nonsense"}).Draw(t, "price")}
			}
			n.Status.Capacity = resources([]string{"cpu", rapid.SampledFrom([]string{"0", "1", "8"}).Draw(t, "cpu")})
			byName[n.Name] = n
		}
		o := Options{Prepaid: anyRules(t), Estimate: rapid.Bool().Draw(t, "estimate"), NodeFee: 1}
		prices := func(nodes []*corev1.Node) []NodePrice {
			b, _ := newTestBook(o)
			for _, n := range nodes {
				b.Set(n)
			}
			return b.Prices()
		}
		names := slices.Sorted(maps.Keys(byName))
		var ordered, shuffled []*corev1.Node
		for _, name := range names {
			ordered = append(ordered, byName[name])
		}
		for _, name := range rapid.Permutation(names).Draw(t, "order") {
			shuffled = append(shuffled, byName[name])
		}
		if diff := gocmp.Diff(prices(ordered), prices(shuffled)); diff != "" {
			t.Fatalf("unexpected prices (-want, +got):\n%s", diff)
		}
	})
}
