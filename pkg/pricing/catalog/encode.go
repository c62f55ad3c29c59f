// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Builder collects the facts of a cloud for Build.
type Builder struct {
	// Head carries name, reference region, dates and sources.
	Head Cloud
	// OnDemand and Spot are micro-dollars per hour by region and type.
	OnDemand, Spot map[Key]int64
	// Shapes by instance type. Shapes of types without a price are left out.
	Shapes map[string]Shape
}

// Key names a price.
type Key struct{ Region, InstanceType string }

// Build returns the catalog. It fails for a price that is not positive or not
// less than $4,294.97 per hour, which the compact form cannot hold, and for a
// spot price without an on-demand price.
func (b Builder) Build() (*Cloud, error) {
	c := b.Head
	names := map[string]bool{}
	regions := map[string]bool{}
	for key := range b.OnDemand {
		names[key.InstanceType], regions[key.Region] = true, true
	}
	for region := range regions {
		c.regions = append(c.regions, region)
	}
	slices.Sort(c.regions)
	for name := range names {
		c.types = append(c.types, entry{name: name, shape: b.Shapes[name]})
	}
	slices.SortFunc(c.types, func(x, y entry) int { return compareFold(x.name, y.name) })

	var err error
	if c.onDemand, err = c.table(b.OnDemand); err != nil {
		return nil, fmt.Errorf("building on-demand prices: %w", err)
	}
	if len(b.Spot) > 0 {
		if c.spot, err = c.table(b.Spot); err != nil {
			return nil, fmt.Errorf("building spot prices: %w", err)
		}
	}
	return &c, nil
}

func (c *Cloud) table(prices map[Key]int64) ([]uint32, error) {
	table := make([]uint32, len(c.types)*len(c.regions))
	for key, price := range prices {
		i, okType := c.typeIndex(key.InstanceType)
		j, okRegion := slices.BinarySearch(c.regions, key.Region)
		if !okType || !okRegion {
			return nil, fmt.Errorf("%s/%s has no on-demand price", key.Region, key.InstanceType)
		}
		if price <= 0 || price > math.MaxUint32 {
			return nil, fmt.Errorf("%s/%s costs %d micro-dollars, want 1 to %d", key.Region, key.InstanceType, price, uint32(math.MaxUint32))
		}
		c.row(table, i)[j] = uint32(price)
	}
	return table, nil
}

// Encode writes the catalog as a file. The same catalog gives the same bytes
// with the same version of Go, and the same text with any.
func (c *Cloud) Encode(w io.Writer) error {
	zw, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return fmt.Errorf("compressing: %w", err)
	}
	if _, err := zw.Write(c.text()); err != nil {
		return fmt.Errorf("compressing: %w", err)
	}
	if err := zw.Close(); err != nil {
		return fmt.Errorf("compressing: %w", err)
	}
	return nil
}

func (c *Cloud) text() []byte {
	var b bytes.Buffer
	fmt.Fprintln(&b, formatLine)
	fmt.Fprintln(&b, "cloud", c.Name)
	fmt.Fprintln(&b, "reference", c.ReferenceRegion)
	fmt.Fprintln(&b, "as-of on-demand", c.OnDemandAsOf.Format(dateLayout))
	if !c.SpotAsOf.IsZero() {
		fmt.Fprintln(&b, "as-of spot", c.SpotAsOf.Format(dateLayout))
	}
	for _, source := range c.Sources {
		fmt.Fprintln(&b, "source", source)
	}
	fmt.Fprintln(&b, "regions", strings.Join(c.regions, " "))
	for i, e := range c.types {
		fmt.Fprint(&b, "type ", e.name)
		if s := e.shape; s != (Shape{}) {
			model := s.GPUModel
			if model == "" {
				model = "-"
			}
			fmt.Fprint(&b, " ", s.VCPUs, " ", s.MemoryMiB, " ", s.MilliGPUs, " ", model, " ",
				s.AllocatableMilliCPU, " ", s.AllocatableMemoryMiB, " ", s.AllocatablePods)
		}
		fmt.Fprintln(&b)
		writePrices(&b, "on-demand", c.row(c.onDemand, i))
		if c.spot != nil {
			writePrices(&b, "spot", c.row(c.spot, i))
		}
	}
	return b.Bytes()
}

// writePrices leaves a spot line without any price out.
func writePrices(b *bytes.Buffer, key string, row []uint32) {
	if key == "spot" && !slices.ContainsFunc(row, func(p uint32) bool { return p > 0 }) {
		return
	}
	b.WriteString(key)
	for j, price := range row {
		b.WriteByte(" ,"[min(j, 1)])
		if price > 0 {
			b.WriteString(strconv.FormatUint(uint64(price), 10))
		}
	}
	b.WriteByte('\n')
}
