// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
)

func newTestBook(o Options) (*Book, *clocktesting.FakePassiveClock) {
	c := clocktesting.NewFakePassiveClock(time.Unix(1_800_000_000, 0))
	return NewBook(o, c), c
}

func TestBookFollowsTheNodes(t *testing.T) {
	b, _ := newTestBook(Options{})
	first := makeNode().named("n").annotation(PriceAnnotation, "1").obj()
	second := makeNode().named("n").annotation(PriceAnnotation, "2").obj()
	stranger := makeNode().named("s").annotation(PriceAnnotation, "3").obj()
	wantPrice := func(node *corev1.Node, want Money) {
		t.Helper()
		if got := b.Price(node).PerHour; got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	if got := b.Set(first).PerHour; got != 1_000_000 {
		t.Errorf("got %v from Set", got)
	}
	wantPrice(first, 1_000_000)
	wantPrice(second, 2_000_000) // not set yet
	b.Set(second)
	wantPrice(first, 1_000_000) // an old snapshot
	wantPrice(second, 2_000_000)
	wantPrice(stranger, 3_000_000)
	if got := b.Len(); got != 1 {
		t.Errorf("got %d nodes, want the one that is set", got)
	}
	b.Delete("n")
	b.Delete("n")
	wantPrice(second, 2_000_000)
	if got := b.Len(); got != 0 {
		t.Errorf("got %d nodes after the deletion", got)
	}
}

func TestBookPricesAreSorted(t *testing.T) {
	b, _ := newTestBook(Options{})
	for _, name := range []string{"b", "c", "a", "d"} {
		b.Set(makeNode().named(name).annotation(PriceAnnotation, "1").obj())
	}
	b.Delete("d")
	var got []string
	for _, p := range b.Prices() {
		got = append(got, p.Node.Name+" "+p.Price.PerHour.String())
	}
	if diff := cmp.Diff([]string{"a $1.0000/h", "b $1.0000/h", "c $1.0000/h"}, got); diff != "" {
		t.Errorf("unexpected prices (-want, +got):\n%s", diff)
	}
}

// A cached price becomes stale when its time comes.
func TestBookPricesBecomeStale(t *testing.T) {
	b, c := newTestBook(Options{MaxAge: time.Hour, Rules: []Rule{{Selector: selector("rule"), PerHour: 500_000}}})
	start := c.Now()
	node := func(name string, age time.Duration) *nodeBuilder {
		return makeNode().named(name).annotation(PriceAnnotation, "1").annotation(AsOfAnnotation, start.Add(-age).Format(time.RFC3339))
	}
	old, young := node("old", 30*time.Minute).obj(), node("young", 10*time.Minute).label("rule", "").obj()
	ageless := makeNode().named("ageless").annotation(PriceAnnotation, "1").obj()
	var problems []string
	lookups := 0
	b.OnProblem = func(node *corev1.Node, p Price) { problems = append(problems, node.Name) }
	b.OnLookup = func(*corev1.Node, Price) { lookups++ }
	for _, n := range []*corev1.Node{young, old, ageless} {
		b.Set(n)
	}
	check := func(minutes int, wantOldStale bool, wantYoung Money) {
		t.Helper()
		c.SetTime(start.Add(time.Duration(minutes) * time.Minute))
		if got := b.Price(old); got.Stale != wantOldStale || got.PerHour != 1_000_000 {
			t.Errorf("after %d minutes got %+v, want stale: %t", minutes, got, wantOldStale)
		}
		if got := b.Price(young); got.Stale || got.PerHour != wantYoung {
			t.Errorf("after %d minutes got %+v, want %v", minutes, got, wantYoung)
		}
		if b.Price(ageless).Stale {
			t.Errorf("a price without age is stale after %d minutes", minutes)
		}
	}
	check(0, false, 1_000_000)
	check(29, false, 1_000_000)
	check(30, true, 1_000_000)
	check(49, true, 1_000_000)
	check(50, true, 500_000)
	check(5000, true, 500_000)
	if diff := cmp.Diff([]string{"young"}, problems); diff != "" {
		t.Errorf("unexpected problems (-want, +got):\n%s", diff)
	}
	if lookups != 5 {
		t.Errorf("got %d lookups, want one for each node and one for each price that became stale", lookups)
	}
	if !b.nextDue.IsZero() {
		t.Errorf("still waits for %v", b.nextDue)
	}
}

func TestBookTells(t *testing.T) {
	b, _ := newTestBook(Options{})
	var lookups, problems []string
	b.OnLookup = func(node *corev1.Node, p Price) { lookups = append(lookups, node.Name) }
	b.OnProblem = func(node *corev1.Node, p Price) {
		problems = append(problems, node.Name+": "+p.Problem[:strings.Index(p.Problem, ":")])
		b.Price(node) // may ask
	}
	set := func(value string) *corev1.Node {
		node := makeNode().named("n").annotation(PriceAnnotation, value).obj()
		b.Set(node)
		return node
	}
	set("abc")
	set("abc") // a kubelet replaces its Node object all the time, which is no reason to look again
	set("def")
	good := set("1")
	set("def")
	b.Set(good)
	b.Price(good)
	b.Price(good)
	want := []string{`n: annotation tollgate.dev/hourly-price is "abc"`, `n: annotation tollgate.dev/hourly-price is "def"`, `n: annotation tollgate.dev/hourly-price is "def"`}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Errorf("unexpected problems (-want, +got):\n%s", diff)
	}
	if len(lookups) != 5 {
		t.Errorf("got %d lookups, want one for every Set of another state", len(lookups))
	}
}

func TestBookIsSafeForConcurrentUse(t *testing.T) {
	b, c := newTestBook(Options{MaxAge: time.Hour, Prepaid: []PrepaidRule{{Selector: selector("odd"), Count: 5}}})
	nodes := make([]*corev1.Node, 50)
	for i := range nodes {
		n := makeNode().named(fmt.Sprintf("n%02d", i)).created(int64(i)).annotation(PriceAnnotation, fmt.Sprint(i+1)).
			annotation(AsOfAnnotation, c.Now().Add(time.Duration(i)*time.Second).Format(time.RFC3339)).capacity("cpu", "1")
		if i%2 == 1 {
			n.label("odd", "")
		}
		if i%10 == 9 {
			n.Annotations = nil
		}
		nodes[i] = n.obj()
		b.Set(nodes[i])
	}
	var wg sync.WaitGroup
	for worker := range 16 {
		wg.Go(func() {
			for round := range 100 {
				for i, n := range nodes {
					if round%10 == worker%10 {
						n = n.DeepCopy()
						b.Set(n)
					}
					if got := b.Price(n).PerHour; i%10 != 9 && got != Money(i+1)*Dollar {
						t.Errorf("got price %v of node %s", got, n.Name)
					}
					if round%50 == worker {
						b.Delete(n.Name)
					}
				}
				if worker == 0 {
					c.SetTime(c.Now().Add(time.Minute))
				}
				b.Prices()
			}
		})
	}
	wg.Wait()
	for _, n := range nodes {
		b.Set(n)
	}
	prepaid := 0
	for _, p := range b.Prices() {
		if p.Price.Prepaid {
			prepaid++
		}
	}
	if prepaid != 5 || len(b.slots.waiting) != 20 || b.Len() != 50 {
		t.Errorf("got %d prepaid nodes and %d that wait of %d, want 5, 20 and 50", prepaid, len(b.slots.waiting), b.Len())
	}
}

func TestBookAllocatesNothing(t *testing.T) {
	for _, o := range []Options{
		{Estimate: true, MaxAge: time.Hour},
		{Prepaid: []PrepaidRule{{Count: 1}}, NodeFee: 1, Adjustments: []Adjustment{{Amount: 1}}},
	} {
		b, _ := newTestBook(o)
		nodes := []*corev1.Node{
			makeNode().named("a").annotation(PriceAnnotation, "1").capacity("cpu", "1").obj(),
			makeNode().named("b").capacity("cpu", "1").obj(),
		}
		for _, n := range nodes {
			b.Set(n)
		}
		b.Prices()
		for _, n := range nodes {
			if got := testing.AllocsPerRun(100, func() { b.Price(n) }); got > 0 {
				t.Errorf("the price of %s allocates %v times", n.Name, got)
			}
		}
	}
}

// Another node of the same name has to wait like any other.
func TestBookTellsNodesByUID(t *testing.T) {
	b, _ := newTestBook(Options{Prepaid: []PrepaidRule{{Count: 1}}})
	node := func(name, uid string, second int64) *corev1.Node {
		n := makeNode().named(name).created(second).obj()
		n.UID = types.UID(uid)
		return n
	}
	first, second, again := node("a", "1", 1), node("b", "2", 2), node("a", "3", 3)
	prepaid := func() (names []string) {
		for _, p := range b.Prices() {
			if p.Price.Prepaid {
				names = append(names, p.Node.Name)
			}
		}
		return names
	}
	b.Set(first)
	b.Set(second)
	if got := prepaid(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("got %q prepaid, want a", got)
	}
	if update := first.DeepCopy(); !b.Price(update).Prepaid {
		t.Error("another state of a prepaid node is not prepaid")
	}
	if b.Price(again).Prepaid {
		t.Error("another node of the name of a prepaid one is prepaid")
	}
	b.Set(again)
	if got := prepaid(); !slices.Equal(got, []string{"b"}) {
		t.Errorf("got %q prepaid, want b", got)
	}
}

func BenchmarkBook(b *testing.B) {
	book, _ := newTestBook(Options{Estimate: true, MaxAge: time.Hour, Prepaid: []PrepaidRule{{Count: 100}}})
	nodes := make([]*corev1.Node, 15_000)
	for i := range nodes {
		nodes[i] = makeNode().named(fmt.Sprintf("n%d", i)).typed("us-east-1", "m5.large").obj()
		book.Set(nodes[i])
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		book.Price(nodes[i%len(nodes)])
	}
}
