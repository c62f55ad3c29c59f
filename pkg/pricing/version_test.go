// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"pgregory.net/rapid"
)

// What changes the price of another node changes the version, and nothing else
// does but where it takes more than the version to know.
func TestVersion(t *testing.T) {
	reserved := func(n *nodeBuilder) *nodeBuilder { return n.label("reserved", "yes") }
	priced := func(name, price string) *nodeBuilder {
		return makeNode().named(name).annotation(PriceAnnotation, price).capacity("cpu", "4", "memory", "16Gi")
	}
	unpriced := func(name string) *nodeBuilder { return makeNode().named(name).capacity("cpu", "4", "memory", "16Gi") }
	slots := Options{Estimate: true, Prepaid: []PrepaidRule{{Selector: selector("reserved=yes"), Count: 1}}}
	estimates, medians := Options{Estimate: true}, Options{}
	aging := Options{Estimate: true, MaxAge: time.Hour}
	start := time.Unix(1_800_000_000, 0)
	dated := func(name string) *nodeBuilder {
		return priced(name, "1").annotation(AsOfAnnotation, start.Add(-30*time.Minute).UTC().Format(time.RFC3339))
	}

	tests := map[string]struct {
		options Options
		nodes   []*nodeBuilder
		do      func(*Book, *clocktesting.FakePassiveClock)
		want    bool // a change
	}{
		"nothing":           {slots, []*nodeBuilder{priced("a", "1")}, func(*Book, *clocktesting.FakePassiveClock) {}, false},
		"a heartbeat":       {slots, []*nodeBuilder{reserved(priced("a", "1"))}, func(b *Book, _ *clocktesting.FakePassiveClock) { b.Set(reserved(priced("a", "1")).obj()) }, false},
		"a price":           {estimates, []*nodeBuilder{priced("a", "1"), unpriced("b")}, func(b *Book, _ *clocktesting.FakePassiveClock) { b.Set(priced("a", "2").obj()) }, false},
		"a node comes":      {estimates, []*nodeBuilder{priced("a", "1")}, func(b *Book, _ *clocktesting.FakePassiveClock) { b.Set(priced("b", "2").obj()) }, false},
		"a node goes":       {estimates, []*nodeBuilder{priced("a", "1"), unpriced("b")}, func(b *Book, _ *clocktesting.FakePassiveClock) { b.Delete("a") }, false},
		"a stranger goes":   {slots, []*nodeBuilder{priced("a", "1")}, func(b *Book, _ *clocktesting.FakePassiveClock) { b.Delete("b") }, false},
		"a question":        {slots, []*nodeBuilder{reserved(priced("a", "1"))}, func(b *Book, _ *clocktesting.FakePassiveClock) { b.Price(reserved(priced("b", "2")).obj()); b.Prices() }, false},
		"a slot is taken":   {slots, []*nodeBuilder{priced("a", "1")}, func(b *Book, _ *clocktesting.FakePassiveClock) { b.Set(reserved(priced("b", "2")).obj()) }, true},
		"no slot is left":   {slots, []*nodeBuilder{reserved(priced("a", "1"))}, func(b *Book, _ *clocktesting.FakePassiveClock) { b.Set(reserved(priced("b", "2")).obj()) }, false},
		"a slot is left":    {slots, []*nodeBuilder{reserved(priced("a", "1")), reserved(priced("b", "1").created(1))}, func(b *Book, _ *clocktesting.FakePassiveClock) { b.Delete("a") }, true},
		"one that waits":    {slots, []*nodeBuilder{reserved(priced("a", "1")), reserved(priced("b", "1").created(1))}, func(b *Book, _ *clocktesting.FakePassiveClock) { b.Delete("b") }, false},
		"a label goes":      {slots, []*nodeBuilder{reserved(priced("a", "1")), reserved(priced("b", "1").created(1))}, func(b *Book, _ *clocktesting.FakePassiveClock) { b.Set(priced("a", "1").obj()) }, true},
		"time":              {aging, []*nodeBuilder{dated("a")}, func(_ *Book, c *clocktesting.FakePassiveClock) { c.SetTime(start.Add(30*time.Minute - 1)) }, false},
		"a stale price":     {aging, []*nodeBuilder{dated("a")}, func(_ *Book, c *clocktesting.FakePassiveClock) { c.SetTime(start.Add(30 * time.Minute)) }, true},
		"no age that ends":  {estimates, []*nodeBuilder{dated("a")}, func(_ *Book, c *clocktesting.FakePassiveClock) { c.SetTime(start.Add(9999 * time.Hour)) }, false},
		"the median":        {medians, []*nodeBuilder{priced("a", "1"), unpriced("b")}, func(b *Book, _ *clocktesting.FakePassiveClock) { b.Set(priced("a", "2").obj()) }, true},
		"the median's last": {medians, []*nodeBuilder{priced("a", "1"), unpriced("b")}, func(b *Book, _ *clocktesting.FakePassiveClock) { b.Delete("a") }, true},
		"the median's next": {medians, []*nodeBuilder{priced("a", "1"), unpriced("b")}, func(b *Book, _ *clocktesting.FakePassiveClock) { b.Set(priced("c", "2").obj()) }, true},
		"the same median":   {medians, []*nodeBuilder{priced("a", "1"), unpriced("b")}, func(b *Book, _ *clocktesting.FakePassiveClock) { b.Set(priced("a", "1").label("x", "y").obj()) }, false},
		"no part of it":     {medians, []*nodeBuilder{priced("a", "1"), unpriced("b")}, func(b *Book, _ *clocktesting.FakePassiveClock) { b.Set(unpriced("c").obj()) }, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b, c := newTestBook(tt.options)
			for _, n := range tt.nodes {
				b.Set(n.obj())
			}
			before := b.Version()
			tt.do(b, c)
			after := b.Version()
			if (after != before) != tt.want {
				t.Errorf("got version %d after %d, want a change: %t", after, before, tt.want)
			}
			if again := b.Version(); again != after {
				t.Errorf("got version %d after %d without a change", again, after)
			}
			if got := testing.AllocsPerRun(10, func() { b.Version() }); got > 0 {
				t.Errorf("to ask for the version allocates %v times", got)
			}
		})
	}
}

// genBookNode draws a state of a node.
func genBookNode(t *rapid.T, name string, now time.Time) *corev1.Node {
	n := makeNode().named(name).created(rapid.Int64Range(0, 2).Draw(t, "created")).
		capacity("cpu", rapid.SampledFrom([]string{"2", "4"}).Draw(t, "cpu"), "memory", "16Gi")
	n.UID = types.UID(rapid.SampledFrom([]string{"1", "1", "1", "2"}).Draw(t, "UID"))
	if price := rapid.SampledFrom([]string{"", "0.10", "0.20", "0.40", "wrong"}).Draw(t, "price"); price != "" {
		n.annotation(PriceAnnotation, price)
		if age := rapid.SampledFrom([]time.Duration{-1, 10 * time.Minute, 50 * time.Minute, 2 * time.Hour}).Draw(t, "age"); age >= 0 {
			n.annotation(AsOfAnnotation, now.Add(-age).UTC().Format(time.RFC3339))
		}
	}
	if rapid.Bool().Draw(t, "reserved") {
		n.label("reserved", rapid.SampledFrom([]string{"a", "b"}).Draw(t, "by"))
	}
	if rapid.Bool().Draw(t, "rule") {
		n.label("rule", "yes")
	}
	return n.obj()
}

// As long as the version is the same, so are all prices: those of the nodes that
// did not change, and that of a new state which somebody asked for before the Book
// heard of it.
func TestPricesOfAVersion(t *testing.T) {
	same, changed := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		b, c := newTestBook(Options{
			Estimate: rapid.Bool().Draw(t, "estimate"), TrustAnnotations: true, MaxAge: time.Hour,
			Rules:   []Rule{{Selector: selector("rule=yes"), PerHour: 300_000}},
			Prepaid: []PrepaidRule{{Selector: selector("reserved=a"), Count: 1}, {Selector: selector("reserved"), Count: 2}},
		})
		nodes, known := map[string]*corev1.Node{}, map[*corev1.Node]Price{}
		version := b.Version()
		name := func() string { return fmt.Sprint("n", rapid.IntRange(0, 5).Draw(t, "name")) }
		t.Repeat(map[string]func(*rapid.T){
			"Set": func(t *rapid.T) {
				n := genBookNode(t, name(), c.Now())
				if rapid.Bool().Draw(t, "asked before") {
					before := b.Price(n)
					if v := b.Version(); v == version {
						known[n] = before
					}
				}
				nodes[n.Name] = n
				b.Set(n)
			},
			"SetAgain": func(t *rapid.T) {
				if n := nodes[name()]; n != nil {
					n = n.DeepCopy()
					nodes[n.Name] = n
					b.Set(n)
				}
			},
			"Delete": func(t *rapid.T) {
				n := name()
				delete(nodes, n)
				b.Delete(n)
			},
			"Pass": func(t *rapid.T) {
				c.SetTime(c.Now().Add(time.Duration(rapid.Int64Range(1, int64(20*time.Minute)).Draw(t, "time"))))
			},
			"": func(t *rapid.T) {
				if v := b.Version(); v != version {
					version, known = v, map[*corev1.Node]Price{}
					changed++
				} else {
					same++
				}
				for _, name := range slices.Sorted(maps.Keys(nodes)) {
					n := nodes[name]
					got := b.Price(n)
					if want, asked := known[n]; asked && got != want {
						t.Fatalf("node %s: got price %+v, but at the same version it was %+v", name, got, want)
					}
					known[n] = got
				}
				if v := b.Version(); v != version {
					t.Fatalf("got version %d after questions, want %d as before", v, version)
				}
			},
		})
	})
	if same < 100 || changed < 100 {
		t.Errorf("the version stayed %d times and changed %d times, want more for a test", same, changed)
	}
}
