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
	"pgregory.net/rapid"
)

func TestMedian(t *testing.T) {
	fee := Options{NodeFee: 10_000, Adjustments: []Adjustment{{MicroPercent: -50_000_000}}}
	tests := []struct {
		name       string
		options    Options
		nodes      []*nodeBuilder // the price of the last one is wanted
		want       Money
		wantDetail string
	}{
		{
			name:  "nothing is priced",
			nodes: []*nodeBuilder{makeNode().capacity("cpu", "1"), makeNode().capacity("cpu", "1")},
		},
		{
			name:  "only free nodes",
			nodes: []*nodeBuilder{makeNode().capacity("cpu", "1").annotation(PriceAnnotation, "0"), makeNode().capacity("cpu", "1")},
		},
		{
			name:  "only nodes without resources",
			nodes: []*nodeBuilder{makeNode().annotation(PriceAnnotation, "1"), makeNode().capacity("cpu", "1")},
		},
		{
			name: "the median of three",
			nodes: []*nodeBuilder{
				makeNode().capacity("cpu", "1").annotation(PriceAnnotation, "9"),
				makeNode().capacity("cpu", "10").annotation(PriceAnnotation, "1"),
				makeNode().capacity("cpu", "2").annotation(PriceAnnotation, "1"),
				makeNode().capacity("cpu", "100"), // does not count
				makeNode().capacity("cpu", "4"),
			},
			want: 2_000_000, wantDetail: "median of 3 priced nodes",
		},
		{
			name: "of two, with what is missing; the catalog of another region is an estimate",
			nodes: []*nodeBuilder{
				makeNode().capacity("cpu", "1").annotation(PriceAnnotation, "1"),
				makeNode().capacity("cpu", "1").annotation(PriceAnnotation, "2"),
				makeNode().capacity("cpu", "2").provider("aws:///x").typed("eu-west-1", "m5.large"),
			},
			want: 3_000_000, wantDetail: "median of 2 priced nodes (region eu-west-1 is not in the catalog)",
		},
		{
			name:    "base prices count, and adjustments apply once",
			options: fee,
			nodes:   []*nodeBuilder{makeNode().capacity("cpu", "1").annotation(PriceAnnotation, "1"), makeNode().capacity("cpu", "2")},
			want:    1_010_000, wantDetail: "median of 1 priced nodes",
		},
		{
			name: "a spot node beside an on-demand one",
			nodes: []*nodeBuilder{
				makeNode().capacity("cpu", "1").annotation(PriceAnnotation, "1"),
				makeNode().capacity("cpu", "1").label("karpenter.sh/capacity-type", "spot"),
			},
			want: 347_000, wantDetail: "median of 1 priced nodes",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, _ := newTestBook(tt.options)
			var last *corev1.Node
			for i, n := range tt.nodes {
				last = n.named(fmt.Sprintf("n%d", i)).obj()
				b.Set(last)
			}
			got := b.Price(last)
			if got.PerHour != tt.want || got.Detail != tt.wantDetail {
				t.Errorf("got %d from %q, want %d from %q", got.PerHour, got.Detail, tt.want, tt.wantDetail)
			}
			if want := map[bool]Source{true: SourceEstimate, false: SourceUnknown}[tt.want > 0]; got.Source != want {
				t.Errorf("got source %s, want %s", got.Source, want)
			}
		})
	}
}

// The Book keeps the median while nodes come, change and go and prices get
// stale: as often as somebody asks, it is the one of a new Book.
func TestMedianFollowsTheNodes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := Options{MaxAge: time.Hour, Rules: []Rule{{Selector: selector("x=1"), PerHour: 70_000}}}
		b, c := newTestBook(o)
		start := c.Now()
		nodes := map[string]*corev1.Node{}
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				n := anyNode(t)
				n.Status.Capacity = resources([]string{"cpu", rapid.SampledFrom([]string{"0", "1", "8"}).Draw(t, "cpu")})
				n.Annotations = map[string]string{}
				if rapid.Bool().Draw(t, "priced") {
					n.Annotations[PriceAnnotation] = rapid.SampledFrom([]string{"0", "0.1", "2"}).Draw(t, "price")
					n.Annotations[AsOfAnnotation] = start.Add(time.Duration(rapid.IntRange(-90, 60).Draw(t, "asOf")) * time.Minute).Format(time.RFC3339)
				}
				nodes[n.Name] = n
				b.Set(n)
			},
			"delete": func(t *rapid.T) {
				name := anyNode(t).Name
				delete(nodes, name)
				b.Delete(name)
			},
			"time": func(t *rapid.T) {
				c.SetTime(c.Now().Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "minutes")) * time.Minute))
			},
			"ask": func(t *rapid.T) {
				fresh := NewBook(o, c)
				for _, n := range nodes {
					fresh.Set(n)
				}
				for _, name := range rapid.Permutation(slices.Sorted(maps.Keys(nodes))).Draw(t, "order") {
					if got, want := b.Price(nodes[name]), fresh.Price(nodes[name]); got != want {
						t.Fatalf("node %s: got %+v, want %+v", name, got, want)
					}
				}
			},
		})
	})
}

// All prices k times as high make every price k times as high.
func TestMedianScales(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.Int64Range(1, 100).Draw(t, "k")
		one, _ := newTestBook(Options{})
		many, _ := newTestBook(Options{})
		for i := range rapid.IntRange(1, 6).Draw(t, "nodes") {
			price := rapid.Int64Range(0, 5).Draw(t, "price")
			set := func(b *Book, price int64) {
				b.Set(makeNode().named(fmt.Sprint(i)).capacity("cpu", "3").annotation(PriceAnnotation, fmt.Sprint(price)).obj())
			}
			set(one, price)
			set(many, price*k)
		}
		node := makeNode().capacity("cpu", "7", "memory", "3Gi").obj()
		got, base := many.Price(node), one.Price(node)
		if off := int64(got.PerHour) - k*int64(base.PerHour); off > k || off < -k || got.Source != base.Source {
			t.Fatalf("got %+v, %d times as high as %+v", got, k, base)
		}
	})
}
