// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

const (
	// PriceAnnotation on a node is its price in dollars per hour. It is always
	// read first.
	PriceAnnotation = "tollgate.dev/hourly-price"
	// AsOfSuffix makes the key of a price annotation that of its companion: the
	// time (RFC 3339) as of which the price is true.
	AsOfSuffix = "-as-of"
	// AsOfAnnotation is the companion of PriceAnnotation.
	AsOfAnnotation = PriceAnnotation + AsOfSuffix
)

// Options are the choices a user has about prices. Selectors match labels of
// nodes; a nil one matches every node.
type Options struct {
	// Annotations are further keys of node annotations with a price in dollars
	// per hour, read in this order after PriceAnnotation.
	Annotations []string
	// TrustAnnotations takes annotations as they are. Without it, one below a
	// tenth or above ten times what the first rule or the catalog says is
	// passed over, and so is one below a thirtieth of the estimate where
	// neither has a price, and a 0 that no rule says: whoever can write a Node
	// could else draw every pod to it.
	TrustAnnotations bool
	// Rules are fixed prices; the first one that matches counts.
	Rules []Rule
	// Estimate allows prices that are computed from the node's instance type
	// and resources. Without it, a node that has none of annotation, rule and
	// exact catalog entry gets the median unit prices of the nodes that have
	// (see Book), and is Unknown if there is none.
	Estimate bool
	// Adjustments change the price of the nodes that they match, one after
	// the other.
	Adjustments []Adjustment
	// NodeFee is added to every known price after the adjustments, in
	// micro-dollars per hour: what a managed service takes for a node.
	NodeFee Money
	// Prepaid says how many nodes are paid for whether they are used or not.
	Prepaid []PrepaidRule
	// MaxAge is the age at which a price becomes stale; 0 is never.
	MaxAge time.Duration
}

// Rule is a fixed price.
type Rule struct {
	// Selector matches the nodes that have the price.
	Selector labels.Selector
	// PerHour is in micro-dollars per hour. 0 is a price: the node is free.
	PerHour Money
}

// PrepaidRule is a number of nodes that are paid for in advance, such as
// reserved instances.
type PrepaidRule struct {
	// Selector matches the nodes that may take a slot.
	Selector labels.Selector
	// Count is how many nodes at once are prepaid.
	Count int
}

// matches takes a nil selector for one that matches everything.
func matches(selector labels.Selector, node *corev1.Node) bool {
	return selector == nil || selector.Matches(labels.Set(node.Labels))
}
