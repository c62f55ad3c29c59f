// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import "time"

// Source says where a price comes from.
type Source string

const (
	// SourceAnnotation is an annotation on the node.
	SourceAnnotation Source = "Annotation"
	// SourceCatalog is the embedded catalog, for exactly the node's region,
	// instance type and capacity type.
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
	// PerHour is the price. It is 0 if Source is Unknown, or if an annotation
	// says that the node is free.
	PerHour Money
	// Source says where PerHour comes from.
	Source Source
	// CapacityType is known independently of the price.
	CapacityType CapacityType
	// Detail is the annotation's key, the entry of the catalog as
	// "aws/us-east-1/m5.large", or "estimate"; for everything that is not
	// exact, with the reason in parentheses behind it.
	Detail string
	// AsOf is the day of the catalog data that PerHour rests on; else zero.
	AsOf time.Time
	// Problem says which annotations were passed over and why; "" if none.
	Problem string
}

// Known reports whether PerHour is a price.
func (p Price) Known() bool { return p.Source != SourceUnknown && p.Source != "" }
