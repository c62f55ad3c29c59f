// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	_ "github.com/tollgate-dev/tollgate/test/seed"
)

func TestParseAdjustment(t *testing.T) {
	accepted := map[string]Adjustment{
		"-10%":        {MicroPercent: -10_000_000},
		"+5%":         {MicroPercent: 5_000_000},
		" +0.5% ":     {MicroPercent: 500_000},
		"-100%":       {MicroPercent: -100_000_000},
		"+250%":       {MicroPercent: 250_000_000},
		"+.5%":        {MicroPercent: 500_000},
		"+0.05":       {Amount: 50_000},
		"-0.02":       {Amount: -20_000},
		"-5":          {Amount: -5_000_000},
		"+0.0000005":  {Amount: 1},
		"-0":          {},
		"+0%":         {},
		"-1000000":    {Amount: -MaxMoney},
		"+1000000.0%": {MicroPercent: 1_000_000_000_000},
	}
	for in, want := range accepted {
		if got, err := ParseAdjustment(in); err != nil || got != want {
			t.Errorf("ParseAdjustment(%q) = %+v, %v, want %+v", in, got, err, want)
		}
	}
	refused := map[string]string{
		"":           "it is empty",
		"0.05":       "it has no sign",
		"10%":        "it has no sign",
		"+":          "not a signed decimal number",
		"-%":         "not a signed decimal number",
		"+$1":        "not a signed decimal number",
		"+1 %":       "not a signed decimal number",
		"--1":        "not a signed decimal number",
		"+1e3":       "not a signed decimal number",
		"-10%%":      "not a signed decimal number",
		"-100.0001%": "takes away more than 100%",
		"+1000001":   "above the maximum of 1000000",
	}
	for in, want := range refused {
		if got, err := ParseAdjustment(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseAdjustment(%q) = %+v, %v, want an error with %q", in, got, err, want)
		}
	}
}

func TestAdjust(t *testing.T) {
	adjustment := func(s, nodes string) Adjustment {
		a, err := ParseAdjustment(s)
		if err != nil {
			t.Fatal(err)
		}
		if nodes != "" {
			a.Selector = selector(nodes)
		}
		return a
	}
	tests := []struct {
		name         string
		options      Options
		price        string // annotation; "" for a node of unknown price
		want         Money
		wantAdjusted string
	}{
		{name: "nothing", price: "1", want: 1_000_000},
		{name: "fee", options: Options{NodeFee: 30_000}, price: "1", want: 1_030_000, wantAdjusted: "node fee +0.03"},
		{
			name:    "in order, then the fee",
			options: Options{Adjustments: []Adjustment{adjustment("-10%", ""), adjustment("+0.05", "team=ml")}, NodeFee: 100_000},
			price:   "1", want: 1_050_000, wantAdjusted: "-10%, +0.05, node fee +0.1",
		},
		{
			name:    "the other order",
			options: Options{Adjustments: []Adjustment{adjustment("+0.05", "team=ml"), adjustment("-10%", "")}},
			price:   "1", want: 945_000, wantAdjusted: "+0.05, -10%",
		},
		{
			name:    "only what matches",
			options: Options{Adjustments: []Adjustment{adjustment("-50%", "team!=ml"), adjustment("-10%", "team")}},
			price:   "1", want: 900_000, wantAdjusted: "-10%",
		},
		{
			name:    "never below 0, at no step",
			options: Options{Adjustments: []Adjustment{adjustment("-2", ""), adjustment("+0.5", "")}},
			price:   "1", want: 500_000, wantAdjusted: "-2, +0.5",
		},
		{
			name:    "never above the maximum",
			options: Options{Adjustments: []Adjustment{adjustment("+1000000%", ""), adjustment("+1", "")}, NodeFee: 1},
			price:   "1000000", want: MaxMoney, wantAdjusted: "+1000000%, +1, node fee +0.000001",
		},
		{
			name:    "not to what is unknown",
			options: Options{Adjustments: []Adjustment{adjustment("+1", "")}, NodeFee: 30_000},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			node := makeNode().label("team", "ml")
			if tt.price != "" {
				node.annotation(PriceAnnotation, tt.price)
			}
			got := NewResolver(tt.options).Price(node.obj())
			if got.PerHour != tt.want || got.Adjusted != tt.wantAdjusted {
				t.Errorf("got %d (%q), want %d (%q)", got.PerHour, got.Adjusted, tt.want, tt.wantAdjusted)
			}
			if base, _ := ParseMoney(tt.price); got.Base != base {
				t.Errorf("got base %d, want %d", got.Base, base)
			}
		})
	}
}

func anyAdjustment(t *rapid.T) Adjustment {
	if rapid.Bool().Draw(t, "percent") {
		return Adjustment{MicroPercent: rapid.Int64Range(-hundredPercent, maxMicros).Draw(t, "microPercent")}
	}
	return Adjustment{Amount: Money(rapid.Int64Range(-maxMicros, maxMicros).Draw(t, "amount"))}
}

// The exact value, rounded half up and limited at every step.
func TestAdjustmentsInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := Options{NodeFee: Money(rapid.Int64Range(0, maxMicros).Draw(t, "fee"))}
		for range rapid.IntRange(0, 4).Draw(t, "adjustments") {
			o.Adjustments = append(o.Adjustments, anyAdjustment(t))
		}
		p := Price{Base: Money(rapid.Int64Range(0, maxMicros).Draw(t, "base")), Source: SourceRule}
		want := big.NewInt(int64(p.Base))
		limit := func() {
			if want.Sign() < 0 {
				want.SetInt64(0)
			}
			if want.Cmp(big.NewInt(maxMicros)) > 0 {
				want.SetInt64(maxMicros)
			}
		}
		for _, a := range o.Adjustments {
			want.Mul(want, big.NewInt(hundredPercent+a.MicroPercent))
			want.Add(want, big.NewInt(hundredPercent/2)).Div(want, big.NewInt(hundredPercent))
			limit()
			want.Add(want, big.NewInt(int64(a.Amount)))
			limit()
		}
		want.Add(want, big.NewInt(int64(o.NodeFee)))
		limit()
		if o.adjust(makeNode().obj(), &p); int64(p.PerHour) != want.Int64() {
			t.Fatalf("got %d, want %d", p.PerHour, want)
		}
	})
}

// Adjustments of percents keep the order of prices, and the ratio between them.
func TestPercentScales(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Adjustment{MicroPercent: rapid.Int64Range(-hundredPercent, hundredPercent).Draw(t, "microPercent")}
		p := Money(rapid.Int64Range(0, 1_000_000).Draw(t, "price"))
		k := Money(rapid.Int64Range(1, 1000).Draw(t, "k"))
		one, many := a.Apply(p), a.Apply(p*k)
		if off := many - one*k; off > k/2+1 || off < -k/2-1 {
			t.Fatalf("%v of %d is %d, of %d times that %d", a, p, one, k, many)
		}
		if a.Apply(p+1) < one {
			t.Fatalf("%v of %d is above that of %d", a, p, p+1)
		}
	})
}

func FuzzParseAdjustment(f *testing.F) {
	for _, s := range []string{"-10%", "+5%", "+0.05", "-0.02", "", "+", "%", "-100.1%", "+1e9", "+.", "\x00", "+９%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAdjustment(s)
		if err != nil {
			return
		}
		if again, err := ParseAdjustment(a.String()); err != nil || again != a {
			t.Errorf("%q is read as %+v, which is written %q and read as %+v, %v", s, a, a.String(), again, err)
		}
		if a.MicroPercent < -hundredPercent || a.MicroPercent != 0 && a.Amount != 0 || a.Amount < -MaxMoney || a.Amount > MaxMoney {
			t.Errorf("%q is read as %+v", s, a)
		}
		for _, p := range []Money{0, 1, 96_000, MaxMoney} {
			if got := a.Apply(p); got < 0 || got > MaxMoney {
				t.Errorf("%q of %d is %d", s, p, got)
			}
		}
	})
}
