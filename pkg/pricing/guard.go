// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// guardFactor is how far an annotation may be from a price of a rule or of the
// catalog, in either direction, before it is taken for a mistake or an abuse. It
// has room for spot prices, discounts and old hardware.
const guardFactor = 10

// estimateGuardFactor is how far an annotation may be below an estimate. Those
// are made from the prices of three large clouds: small hosts ask down to a
// fifteenth of that, and old GPUs cost as little. There is no limit above: an
// estimate does not know of devices and licenses that make a node dear, and a
// dear node draws no pods.
const estimateGuardFactor = 30

// yardstick is what a price of an annotation is compared with.
type yardstick struct {
	price    Money
	name     string // what it is, such as "the catalog's price"
	estimate bool
}

// yardstickFor returns what the node costs without annotations: by the first
// rule that matches, else by the catalog's price of the type, here or in
// another region, else by an estimate, also with estimates off; nil if nothing
// is known, as of a virtual node.
func (r *Resolver) yardstickFor(node *corev1.Node, id identity, l *listing) *yardstick {
	var p Price
	if r.fromRule(node, &p) {
		return &yardstick{price: p.Base, name: "the price of " + p.Detail + ","}
	}
	if l.found {
		name := "the catalog's price"
		if l.attached {
			name = "the price of the machine with its GPUs,"
		}
		return &yardstick{price: l.perHour, name: name}
	}
	if id.virtual {
		return nil
	}
	if r.fromEstimate(node, id, l, &p); p.Known() {
		return &yardstick{price: p.Base, name: "the estimate", estimate: true}
	}
	return nil
}

// guard returns why a price of an annotation is not believed; nil if it is. A
// kubelet may annotate its own Node, and could else draw every pod to it.
//
// A node is free if a rule says so, and an annotation may make it dearer then.
func (y *yardstick) guard(perHour Money) error {
	const advice = "correct it, or set trustAnnotations if it is right"
	switch {
	case y == nil && perHour == 0:
		return errors.New("it is 0, and no rule of prices says that the node is free; " + advice)
	case y == nil:
		return nil
	case y.estimate && perHour*estimateGuardFactor < y.price:
		return fmt.Errorf("it is below a thirtieth of %s %s; %s", y.name, y.price, advice)
	case y.estimate:
		return nil
	case perHour*guardFactor < y.price:
		return fmt.Errorf("it is below a tenth of %s %s; %s", y.name, y.price, advice)
	case y.price > 0 && perHour > y.price*guardFactor:
		return fmt.Errorf("it is above ten times %s %s; %s", y.name, y.price, advice)
	}
	return nil
}
