// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"errors"
	"fmt"
	"math/bits"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// hundredPercent is the unit of Adjustment.MicroPercent.
const hundredPercent = 100_000_000

// Adjustment changes a price by a share of it or by an amount, in the form of
// priceAdjustment of Karpenter's NodeOverlay.
type Adjustment struct {
	// Selector matches the nodes whose price is changed; nil is every node.
	Selector labels.Selector
	// MicroPercent is added to 100%, in millionths of a percent: -10% is
	// -10,000,000. It is at least -100%.
	MicroPercent int64
	// Amount is added, in micro-dollars per hour; it may be negative.
	Amount Money
}

// ParseAdjustment reads a change of a price: "-10%", "+5%", or in dollars per
// hour "+0.05", "-0.02". The sign is needed: a price without one would be a
// fixed price. Numbers are as for ParseMoney; nothing below -100%.
func ParseAdjustment(s string) (Adjustment, error) {
	text := strings.TrimSpace(s)
	if text == "" {
		return Adjustment{}, errors.New("it is empty, want a change such as -10% or +0.05")
	}
	negative := text[0] == '-'
	if !negative && text[0] != '+' {
		return Adjustment{}, errors.New("it has no sign, want a change such as -10% or +0.05 (a fixed price belongs into prices)")
	}
	digits, percent := strings.CutSuffix(text[1:], "%")
	value, err := parseMicros(digits)
	switch {
	case errors.Is(err, errTooLarge):
		return Adjustment{}, fmt.Errorf("its number is above the maximum of %d", maxMicros/micro)
	case err != nil:
		return Adjustment{}, errors.New("it is not a signed decimal number such as -10% or +0.05")
	}
	if negative {
		value = -value
	}
	if !percent {
		return Adjustment{Amount: Money(value)}, nil
	}
	if value < -hundredPercent {
		return Adjustment{}, errors.New("it takes away more than 100%")
	}
	return Adjustment{MicroPercent: value}, nil
}

// Apply returns the changed price:
//
//	price x (100% + percent) + amount
//
// rounded half up to a micro-dollar, at least 0, at most MaxMoney.
func (a Adjustment) Apply(price Money) Money {
	price = min(max(0, price), MaxMoney)
	factor := uint64(max(0, hundredPercent+a.MicroPercent))
	hi, lo := bits.Mul64(uint64(price), factor)
	lo, carry := bits.Add64(lo, hundredPercent/2, 0)
	if hi += carry; hi >= hundredPercent {
		return MaxMoney
	}
	quotient, _ := bits.Div64(hi, lo, hundredPercent)
	if quotient > uint64(MaxMoney) {
		return MaxMoney
	}
	return add(Money(quotient), a.Amount)
}

// String returns the change as ParseAdjustment reads it.
func (a Adjustment) String() string {
	switch {
	case a.MicroPercent == 0:
		return signed(int64(a.Amount))
	case a.Amount == 0:
		return signed(a.MicroPercent) + "%"
	default:
		return signed(a.MicroPercent) + "% " + signed(int64(a.Amount))
	}
}

// signed writes millionths with their sign and as few decimals as possible.
func signed(micros int64) string {
	sign, v := "+", uint64(micros)
	if micros < 0 {
		sign, v = "-", -uint64(micros)
	}
	text := fmt.Sprintf("%s%d.%06d", sign, v/uint64(micro), v%uint64(micro))
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// add returns the sum, at least 0, at most MaxMoney.
func add(price, amount Money) Money {
	if amount > MaxMoney-price {
		return MaxMoney
	}
	return max(0, price+amount)
}

// adjust completes a price whose Base is known: adjustments, then node fee.
func (o *Options) adjust(node *corev1.Node, p *Price) {
	p.PerHour = p.Base
	if !p.Known() {
		return
	}
	var applied []string
	for i := range o.Adjustments {
		if a := &o.Adjustments[i]; matches(a.Selector, node) {
			p.PerHour = a.Apply(p.PerHour)
			applied = append(applied, a.String())
		}
	}
	if o.NodeFee != 0 {
		p.PerHour = add(p.PerHour, o.NodeFee)
		applied = append(applied, "node fee "+signed(int64(o.NodeFee)))
	}
	p.Adjusted = strings.Join(applied, ", ")
}
