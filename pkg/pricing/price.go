// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import "time"

// Source says where a price comes from.
type Source string

const (
	// SourceAnnotation is an annotation on the node.
	SourceAnnotation Source = "Annotation"
	// SourceRule is a fixed price of the options for nodes with certain labels.
	SourceRule Source = "Rule"
	// SourceCatalog is the embedded catalog, for exactly the node's region,
	// instance type and capacity type, and a node that runs Linux and has nothing
	// attached.
	SourceCatalog Source = "Catalog"
	// SourceEstimate is anything computed; Price.Detail says from what.
	SourceEstimate Source = "Estimate"
	// SourceUnknown means that nothing is known about the price.
	SourceUnknown Source = "Unknown"
)

// CapacityType says how a node is bought.
type CapacityType string

const (
	// CapacityTypeOnDemand is kept until it is given back. Reserved capacity
	// counts as on-demand: its list price is the on-demand price.
	CapacityTypeOnDemand CapacityType = "on-demand"
	// CapacityTypeSpot is cheaper and may be taken away by the cloud.
	CapacityTypeSpot CapacityType = "spot"
	// CapacityTypeUnknown is a node that does not say. It is priced as on-demand.
	CapacityTypeUnknown CapacityType = "unknown"
)

// Price is what a node costs, and how that is known.
type Price struct {
	// PerHour is the price in micro-dollars per hour, after adjustments and
	// node fee, also of a prepaid node. It is 0 if Source is Unknown, or if
	// the node is free.
	PerHour Money
	// Base is the price before adjustments and node fee.
	Base Money
	// Source says where Base comes from.
	Source Source
	// CapacityType is known independently of the price.
	CapacityType CapacityType
	// Detail is the annotation's key, the number of the rule as "prices[0]",
	// the entry of the catalog as "aws/us-east-1/m5.large", or "estimate"; for
	// everything that is not exact, with the reason in parentheses behind it.
	Detail string
	// Adjusted lists what was done to Base, in order, such as
	// "-10%, +0.05, node fee +0.03"; "" if nothing.
	Adjusted string
	// Prepaid says that the node is paid for whether it is used or not. It is
	// known independently of the price.
	Prepaid bool
	// AsOf is when Base was true: the day of the catalog data that it rests
	// on, or the time that the annotation's companion gives; zero if not known.
	AsOf time.Time
	// Stale says that the price is older than Options.MaxAge.
	Stale bool
	// StaleAt is when the price becomes stale, or became it; zero if never.
	StaleAt time.Time
	// Problem says which annotations were passed over and why; "" if none.
	Problem string
}

// Known reports whether PerHour is a price.
func (p Price) Known() bool { return p.Source != SourceUnknown && p.Source != "" }

// addProblem appends a sentence to those there are.
func (p *Price) addProblem(text string) {
	if p.Problem != "" {
		p.Problem += "; "
	}
	p.Problem += text
}
