// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	clocktesting "k8s.io/utils/clock/testing"
)

func TestAnnotationGuard(t *testing.T) {
	const (
		tooLow  = "is below a tenth of the catalog's price $0.0960/h"
		tooHigh = "is above ten times the catalog's price $0.0960/h"
	)
	exact := func() *nodeBuilder { return makeNode().typed("us-east-1", "m5.large") } // 96,000
	typeless := func() *nodeBuilder { return makeNode().capacity("cpu", "2") }        // 66,000
	ruled := func(rack string) *nodeBuilder { return makeNode().label("rack", rack) }
	withGPUs := func() *nodeBuilder {
		return makeNode().provider("gce://p/z/n").typed("us-central1", "n1-standard-8").capacity("cpu", "8", "nvidia.com/gpu", "4")
	}
	rules := []Rule{{Selector: selector("rack=a"), PerHour: 450_000}, {Selector: selector("rack=free"), PerHour: 0}}
	tests := []struct {
		name        string
		node        *nodeBuilder
		trust       bool
		want        Money
		wantSource  Source
		wantProblem string
	}{
		{"a tenth", exact().annotation(PriceAnnotation, "0.0096"), false, 9_600, SourceAnnotation, ""},
		{"below a tenth", exact().annotation(PriceAnnotation, "0.009599"), false, 96_000, SourceCatalog, tooLow},
		{"below a tenth, trusted", exact().annotation(PriceAnnotation, "0.009599"), true, 9_599, SourceAnnotation, ""},
		{"0", exact().annotation(PriceAnnotation, "0"), false, 96_000, SourceCatalog, tooLow},
		{"0, trusted", exact().annotation(PriceAnnotation, "0"), true, 0, SourceAnnotation, ""},
		{"ten times", exact().annotation(PriceAnnotation, "0.96"), false, 960_000, SourceAnnotation, ""},
		{"above ten times", exact().annotation(PriceAnnotation, "0.960001"), false, 96_000, SourceCatalog, tooHigh},
		{"the next annotation", exact().annotation(PriceAnnotation, "0").annotation("hightower.com/cost", "0.2"), false, 200_000, SourceAnnotation, tooLow},
		{"the catalog of another region", makeNode().provider("aws:///x").typed("eu-west-1", "m5.large").annotation(PriceAnnotation, "0"), false, 96_000, SourceEstimate, tooLow},
		{
			"a spot price", exact().label("karpenter.sh/capacity-type", "spot").annotation(PriceAnnotation, "0.4"),
			false, 32_640, SourceCatalog, "is above ten times the catalog's price $0.0326/h",
		},
		{"a thirtieth of an estimate", typeless().annotation(PriceAnnotation, "0.0022"), false, 2_200, SourceAnnotation, ""},
		{"below a thirtieth of an estimate", typeless().annotation(PriceAnnotation, "0.002199"), false, 66_000, SourceEstimate, "is below a thirtieth of the estimate $0.0660/h"},
		{"below a thirtieth of an estimate, trusted", typeless().annotation(PriceAnnotation, "0.002199"), true, 2_199, SourceAnnotation, ""},
		{"0 and an estimate", typeless().annotation(PriceAnnotation, "0"), false, 66_000, SourceEstimate, "is below a thirtieth of the estimate $0.0660/h"},
		{"far above an estimate, which may not know all", typeless().annotation(PriceAnnotation, "100"), false, 100_000_000, SourceAnnotation, ""},
		{"an estimate by the family", makeNode().provider("aws:///x").typed("us-east-1", "m5.huge").capacity("cpu", "2", "memory", "8Gi").annotation(PriceAnnotation, "0.001"), false, 96_000, SourceEstimate, "is below a thirtieth of the estimate $0.0960/h"},
		{"a type and family that no catalog has", makeNode().provider("aws:///x").typed("us-east-1", "zz9.large").capacity("cpu", "2").annotation(PriceAnnotation, "0.0001"), false, 66_000, SourceEstimate, "is below a thirtieth of the estimate $0.0660/h"},
		{"a type of no cloud", makeNode().typed("home", "shed").capacity("cpu", "2").annotation(PriceAnnotation, "0"), false, 66_000, SourceEstimate, "is below a thirtieth of the estimate $0.0660/h"},
		{"0 and nothing known", makeNode().annotation(PriceAnnotation, "0"), false, 0, SourceUnknown, "it is 0, and no rule of prices says that the node is free"},
		{"0 and nothing known, trusted", makeNode().annotation(PriceAnnotation, "0"), true, 0, SourceAnnotation, ""},
		{"nothing known", makeNode().annotation(PriceAnnotation, "0.000001"), false, 1, SourceAnnotation, ""},
		{"the price of a rule", ruled("a").annotation(PriceAnnotation, "0.045"), false, 45_000, SourceAnnotation, ""},
		{"below a tenth of a rule", ruled("a").annotation(PriceAnnotation, "0.044"), false, 450_000, SourceRule, "is below a tenth of the price of prices[0], $0.4500/h"},
		{"above ten times a rule", ruled("a").annotation(PriceAnnotation, "4.6"), false, 450_000, SourceRule, "is above ten times the price of prices[0], $0.4500/h"},
		{"below a tenth of a rule, trusted", ruled("a").annotation(PriceAnnotation, "0"), true, 0, SourceAnnotation, ""},
		{"above ten times a rule, trusted", ruled("a").annotation(PriceAnnotation, "1000000"), true, 1_000_000_000_000, SourceAnnotation, ""},
		{"no number, trusted", ruled("a").annotation(PriceAnnotation, "free"), true, 450_000, SourceRule, "it is not a plain decimal number"},
		{"a rule counts before the catalog", exact().label("rack", "a").annotation(PriceAnnotation, "0.01"), false, 450_000, SourceRule, "is below a tenth of the price of prices[0], $0.4500/h"},
		{"0, as a rule says", ruled("free").annotation(PriceAnnotation, "0"), false, 0, SourceAnnotation, ""},
		{"a virtual node, whatever its size", makeNode().label("type", "virtual-kubelet").capacity("cpu", "1000").annotation(PriceAnnotation, "0.05"), false, 50_000, SourceAnnotation, ""},
		{"a virtual node that is free", makeNode().label("type", "virtual-kubelet").annotation(PriceAnnotation, "0"), false, 0, SourceUnknown, "no rule of prices says that the node is free"},
		{"a virtual node and a rule", ruled("a").label("type", "virtual-kubelet").annotation(PriceAnnotation, "0.01"), false, 450_000, SourceRule, "is below a tenth of the price of prices[0], $0.4500/h"},
		{"the license of Windows", exact().label(corev1.LabelOSStable, "windows").annotation(PriceAnnotation, "0.96"), false, 960_000, SourceAnnotation, ""},
		{"far more than the license of Windows", exact().label(corev1.LabelOSStable, "windows").annotation(PriceAnnotation, "0.97"), false, 96_000, SourceEstimate, tooHigh},
		{"four V100, attached", withGPUs().annotation(PriceAnnotation, "10.30"), false, 10_300_000, SourceAnnotation, ""},
		{"far below the price of attached GPUs", withGPUs().annotation(PriceAnnotation, "0.3"), false, 3_528_198, SourceEstimate, "is below a tenth of the price of the machine with its GPUs, $3.5282/h"},
		{"dearer than a rule of 0", ruled("free").annotation(PriceAnnotation, "7"), false, 7_000_000, SourceAnnotation, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := NewResolver(Options{Annotations: []string{"hightower.com/cost"}, TrustAnnotations: tt.trust, Rules: rules, Estimate: true})
			got := r.Price(tt.node.obj())
			if got.PerHour != tt.want || got.Source != tt.wantSource {
				t.Errorf("got %d from %s, want %d from %s", got.PerHour, got.Source, tt.want, tt.wantSource)
			}
			if !strings.Contains(got.Problem, tt.wantProblem) || (tt.wantProblem == "") != (got.Problem == "") {
				t.Errorf("got problem %q, want %q", got.Problem, tt.wantProblem)
			}
		})
	}
}

// With estimates off there is no estimate to take instead, but one to compare with.
func TestAnnotationGuardWithoutEstimates(t *testing.T) {
	b, _ := newTestBook(Options{})
	b.Set(makeNode().named("sound").capacity("cpu", "4").annotation(PriceAnnotation, "0.4").obj())
	free := b.Set(makeNode().named("free").capacity("cpu", "2").annotation(PriceAnnotation, "0").obj())
	if free.PerHour != 200_000 || free.Source != SourceEstimate || !strings.Contains(free.Problem, "a thirtieth") {
		t.Errorf("got %+v, want the median price of the sound node's cores", free)
	}
}

func TestRules(t *testing.T) {
	r := NewResolver(Options{Estimate: true, Rules: []Rule{
		{Selector: selector("rack=a"), PerHour: 450_000},
		{Selector: selector("rack in (a, b)"), PerHour: 0},
	}})
	tests := []struct {
		name       string
		node       *nodeBuilder
		want       Money
		wantDetail string
	}{
		{"first that matches", makeNode().label("rack", "a"), 450_000, "prices[0]"},
		{"free, and not unknown", makeNode().label("rack", "b"), 0, "prices[1]"},
		{"before the catalog", makeNode().typed("us-east-1", "m5.large").label("rack", "a"), 450_000, "prices[0]"},
		{"behind an annotation", makeNode().label("rack", "a").annotation(PriceAnnotation, "4"), 4_000_000, PriceAnnotation},
		{"none matches", makeNode().typed("us-east-1", "m5.large").label("rack", "c"), 96_000, "aws/us-east-1/m5.large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := r.Price(tt.node.obj())
			if got.PerHour != tt.want || got.Detail != tt.wantDetail || !got.Known() {
				t.Errorf("got %d from %s (%s), want %d from %s", got.PerHour, got.Detail, got.Source, tt.want, tt.wantDetail)
			}
		})
	}
}

func TestStaleness(t *testing.T) {
	const day = 24 * time.Hour
	now := awsDay.Add(100 * day)
	at := func(age time.Duration) string { return now.Add(-age).Format(time.RFC3339) }
	priced := func(price, asOf string) *nodeBuilder {
		return makeNode().annotation(PriceAnnotation, price).annotation(AsOfAnnotation, asOf)
	}
	tests := []struct {
		name        string
		node        *nodeBuilder
		maxAge      time.Duration
		rule        bool
		want        Money
		wantStale   bool
		wantStaleIn time.Duration // of now; 0 for never
		wantProblem string
	}{
		{name: "no maximum", node: priced("1", at(99*day)), want: 1_000_000},
		{name: "fresh", node: priced("1", at(2*day)), maxAge: 3 * day, want: 1_000_000, wantStaleIn: day},
		{name: "stale at its maximum, and nothing better", node: priced("1", at(3*day)), maxAge: 3 * day, want: 1_000_000, wantStale: true},
		{
			name: "stale, and a rule", node: priced("1", at(4*day)), maxAge: 3 * day, rule: true, want: 2_000_000,
			wantProblem: "annotation tollgate.dev/hourly-price is of " + at(4*day) + ": it is older than 72h",
		},
		{
			name: "stale, and the catalog", node: priced("0.2", at(102*day)).typed("us-east-1", "m5.large"), maxAge: 101 * day, want: 96_000, wantStaleIn: day,
			wantProblem: "it is older than 2424h",
		},
		{
			name: "stale, and only an estimate", node: priced("0.2", at(4*day)).provider("aws:///x").typed("eu-west-1", "m5.large"), maxAge: 3 * day,
			want: 200_000, wantStale: true, wantStaleIn: -day,
		},
		{
			name: "stale, and a fresh one behind it", node: priced("1", at(4*day)).annotation("hightower.com/cost", "3"), maxAge: 3 * day, rule: true, want: 3_000_000,
			wantProblem: "annotation tollgate.dev/hourly-price is of",
		},
		{
			name: "two stale ones", node: priced("1", at(4*day)).annotation("hightower.com/cost", "3").annotation("hightower.com/cost-as-of", at(5*day)), maxAge: 3 * day,
			want: 1_000_000, wantStale: true, wantStaleIn: -day,
		},
		{
			name: "an age that cannot be read", node: priced("1", "yesterday"), maxAge: day, rule: true, want: 1_000_000,
			wantProblem: `annotation tollgate.dev/hourly-price-as-of is "yesterday": it is not a time such as`,
		},
		{
			name: "an age before all ages", node: priced("1", "0001-01-01T00:00:00Z"), maxAge: day, want: 1_000_000,
			wantProblem: "it is not between 1970 and 9999",
		},
		{
			name: "in the future", node: priced("1", at(-2*day)), maxAge: day, rule: true, want: 1_000_000, wantStaleIn: 3 * day,
			wantProblem: `annotation tollgate.dev/hourly-price-as-of is "` + at(-2*day) + `": it is in the future`,
		},
		{name: "the clock of another machine", node: priced("1", at(-clockSkew)), maxAge: day, want: 1_000_000, wantStaleIn: day + clockSkew},
		{name: "the companion of another", node: makeNode().annotation("hightower.com/cost", "1").annotation(AsOfAnnotation, at(9*day)), maxAge: day, want: 1_000_000},
		{name: "the catalog", node: makeNode().typed("us-east-1", "m5.large"), maxAge: 99 * day, want: 96_000, wantStale: true, wantStaleIn: -day},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{Annotations: []string{"hightower.com/cost"}, Estimate: true, MaxAge: tt.maxAge}
			if tt.rule {
				o.Rules = []Rule{{PerHour: 2_000_000}}
			}
			got := NewBook(o, clocktesting.NewFakePassiveClock(now)).Set(tt.node.obj())
			if got.PerHour != tt.want || got.Stale != tt.wantStale {
				t.Errorf("got %d (stale: %t), want %d (%t)", got.PerHour, got.Stale, tt.want, tt.wantStale)
			}
			wantStaleAt := now.Add(tt.wantStaleIn)
			if tt.wantStaleIn == 0 && !tt.wantStale {
				wantStaleAt = time.Time{}
			}
			if !got.StaleAt.Equal(wantStaleAt) {
				t.Errorf("got stale at %v, want %v", got.StaleAt, wantStaleAt)
			}
			if !strings.Contains(got.Problem, tt.wantProblem) || (tt.wantProblem == "") != (got.Problem == "") {
				t.Errorf("got problem %q, want %q", got.Problem, tt.wantProblem)
			}
		})
	}
}

// TestFuturePrice: what is said about a price of the future ends when it begins.
func TestFuturePrice(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(awsDay)
	b := NewBook(Options{}, clock)
	told := 0
	b.OnProblem = func(*corev1.Node, Price) { told++ }
	node := makeNode().named("a").annotation(PriceAnnotation, "1").annotation(AsOfAnnotation, awsDay.Add(time.Hour).Format(time.RFC3339)).obj()
	if got := b.Set(node); got.PerHour != Dollar || got.Problem == "" || told != 1 {
		t.Errorf("got %+v, told %d times", got, told)
	}
	clock.SetTime(awsDay.Add(time.Hour))
	if got := b.Price(node); got.PerHour != Dollar || got.Problem != "" || told != 1 {
		t.Errorf("an hour later: got %+v, told %d times", got, told)
	}
}

func FuzzParseAsOf(f *testing.F) {
	for _, s := range []string{"2026-01-31T15:04:05Z", "2026-01-31T15:04:05+14:00", " 2026-01-31t15:04:05.5Z", "", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "2026-02-30T00:00:00Z", "1e9"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parseAsOf(s)
		if err != nil {
			if !got.IsZero() {
				t.Errorf("%q is refused and read as %v", s, got)
			}
			return
		}
		again, err := parseAsOf(got.Format(time.RFC3339Nano))
		if got.IsZero() || err != nil || !again.Equal(got) {
			t.Errorf("%q is read as %v, and that as %v, %v", s, got, again, err)
		}
	})
}
