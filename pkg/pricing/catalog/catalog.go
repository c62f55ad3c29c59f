// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package catalog holds list prices and shapes of the instance types of AWS,
// Azure and Google Cloud, embedded in the binary. It is data and lookups; what
// a node costs is decided by package pricing.
//
// All prices are for Linux, in US dollars without tax and without any
// discount, as integer micro-dollars per hour. NOTICE at the root of the
// repository names where the facts come from, decode.go documents the files,
// and hack/catalog writes them.
package catalog

import (
	"slices"
	"time"
)

// Names of the clouds that the catalog covers.
const (
	AWS   = "aws"
	Azure = "azure"
	GCP   = "gcp"
)

// Cloud is the catalog of one cloud. It is read-only once decoded, and safe
// for concurrent use.
type Cloud struct {
	// Name is one of AWS, Azure and GCP.
	Name string
	// ReferenceRegion is the region whose price stands in for a region that
	// the catalog does not have.
	ReferenceRegion string
	// OnDemandAsOf is the day the on-demand prices were collected (UTC).
	OnDemandAsOf time.Time
	// SpotAsOf is the day of the older of the data that spot prices rest on;
	// zero where the catalog has none.
	SpotAsOf time.Time
	// Sources lists where the facts come from, one "repository path commit
	// licence" per entry.
	Sources []string

	regions  []string // ascending
	types    []entry  // ascending by name, ASCII case ignored
	onDemand []uint32 // len(types) rows of len(regions); 0: not sold
	spot     []uint32 // as onDemand, or nil when there is no spot price at all
}

type entry struct {
	name  string
	shape Shape // zero when the sources know the price only
}

// Shape is the size of an instance type.
type Shape struct {
	// VCPUs is the number of hardware threads.
	VCPUs int32
	// MemoryMiB is the nominal memory.
	MemoryMiB int32
	// MilliGPUs is the number of GPUs in thousandths: some types have a part
	// of one.
	MilliGPUs int32
	// GPUModel is a short lower-case name such as "a10g"; "" without GPUs.
	GPUModel string
	// AllocatableMilliCPU, AllocatableMemoryMiB and AllocatablePods are what
	// is left for pods, where the sources say so (AWS); 0 elsewhere.
	AllocatableMilliCPU, AllocatableMemoryMiB, AllocatablePods int32
}

// Regions returns the regions that have a price, in ascending order. The
// caller must not change the slice.
func (c *Cloud) Regions() []string { return c.regions }

// HasRegion reports whether the catalog has any price in the region.
func (c *Cloud) HasRegion(region string) bool {
	_, ok := slices.BinarySearch(c.regions, region)
	return ok
}

// Types returns the names of all instance types, in ascending order.
func (c *Cloud) Types() []string {
	names := make([]string, len(c.types))
	for i := range c.types {
		names[i] = c.types[i].name
	}
	return names
}

// HasType reports whether the catalog knows the instance type in any region.
func (c *Cloud) HasType(instanceType string) bool {
	_, ok := c.typeIndex(instanceType)
	return ok
}

// Shape returns the size of an instance type, and false if it is not known.
func (c *Cloud) Shape(instanceType string) (Shape, bool) {
	i, ok := c.typeIndex(instanceType)
	if !ok || c.types[i].shape == (Shape{}) {
		return Shape{}, false
	}
	return c.types[i].shape, true
}

// OnDemand returns the on-demand price in micro-dollars per hour, and false if
// the catalog has none.
func (c *Cloud) OnDemand(region, instanceType string) (int64, bool) {
	return c.lookup(c.onDemand, region, instanceType)
}

// Spot returns the spot price in micro-dollars per hour, and false if the
// catalog has none. On AWS it is the on-demand price less the average discount
// of thirty days, on Google Cloud the list price.
func (c *Cloud) Spot(region, instanceType string) (int64, bool) {
	return c.lookup(c.spot, region, instanceType)
}

// Reference returns the on-demand price that stands in for regions without
// one, and the region it is from: ReferenceRegion if the type is sold there,
// else the first region by name that sells it.
func (c *Cloud) Reference(instanceType string) (region string, microDollars int64, ok bool) {
	i, ok := c.typeIndex(instanceType)
	if !ok {
		return "", 0, false
	}
	row := c.row(c.onDemand, i)
	if j, ok := slices.BinarySearch(c.regions, c.ReferenceRegion); ok && row[j] > 0 {
		return c.ReferenceRegion, int64(row[j]), true
	}
	for j, price := range row {
		if price > 0 {
			return c.regions[j], int64(price), true
		}
	}
	return "", 0, false
}

func (c *Cloud) lookup(prices []uint32, region, instanceType string) (int64, bool) {
	if prices == nil {
		return 0, false
	}
	j, ok := slices.BinarySearch(c.regions, region)
	if !ok {
		return 0, false
	}
	i, ok := c.typeIndex(instanceType)
	if !ok {
		return 0, false
	}
	price := c.row(prices, i)[j]
	return int64(price), price > 0
}

func (c *Cloud) row(prices []uint32, i int) []uint32 {
	n := len(c.regions)
	return prices[i*n : (i+1)*n]
}

// typeIndex ignores case, as Azure does in names of sizes.
func (c *Cloud) typeIndex(instanceType string) (int, bool) {
	return slices.BinarySearchFunc(c.types, instanceType, func(e entry, name string) int {
		return compareFold(e.name, name)
	})
}

// compareFold orders strings by their bytes with ASCII letters lowered. It does
// not allocate.
func compareFold(a, b string) int {
	for i := range min(len(a), len(b)) {
		x, y := lower(a[i]), lower(b[i])
		if x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}
