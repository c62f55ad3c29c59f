// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"compress/gzip"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The format of a catalog file: gzip without name and time around lines of
// fields separated by one space. The order of lines is fixed, so that the same
// facts give the same text.
//
//	tollgate-catalog 1
//	cloud NAME
//	reference REGION                  stands in for regions without a price
//	as-of on-demand YYYY-MM-DD
//	as-of spot YYYY-MM-DD             only if there are spot prices
//	source REPOSITORY PATH COMMIT LICENCE            one or more
//	regions REGION...                 ascending
//	type NAME [VCPUS MEMORY_MIB MILLI_GPUS GPU_MODEL ALLOCATABLE_MILLI_CPU ALLOCATABLE_MEMORY_MIB ALLOCATABLE_PODS]
//	on-demand PRICE,PRICE,...         follows each type: micro-dollars per hour in the order of regions, empty: not sold
//	spot PRICE,PRICE,...              follows on-demand where there is any
//
// Types ascend by name with ASCII case ignored. GPU_MODEL is "-" without GPUs.
const (
	formatLine = "tollgate-catalog 1"
	dateLayout = time.DateOnly
)

// Decode reads one catalog file. An error names the line and what is wrong
// with it.
func Decode(r io.Reader) (*Cloud, error) {
	zr, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("decompressing: %w", err)
	}
	text, err := io.ReadAll(zr)
	if err != nil {
		return nil, fmt.Errorf("decompressing: %w", err)
	}
	return decodeText(string(text))
}

func decodeText(text string) (*Cloud, error) {
	d := decoder{cloud: &Cloud{}}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSuffix(line, "\n")
		if number == 1 {
			if line != formatLine {
				return nil, fmt.Errorf("line 1: want %q, got %.40q", formatLine, line)
			}
			continue
		}
		if err := d.line(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	return d.finish()
}

type decoder struct {
	cloud *Cloud
	spot  bool // the current type has a spot line already
}

func (d *decoder) line(line string) error {
	key, rest, _ := strings.Cut(line, " ")
	c := d.cloud
	switch key {
	case "cloud":
		c.Name = strings.Clone(rest)
	case "reference":
		c.ReferenceRegion = strings.Clone(rest)
	case "as-of":
		return d.asOf(rest)
	case "source":
		c.Sources = append(c.Sources, strings.Clone(rest))
	case "regions":
		if len(c.regions) > 0 || len(c.types) > 0 {
			return fmt.Errorf("regions must be listed once, before the first type")
		}
		for region := range strings.SplitSeq(rest, " ") {
			c.regions = append(c.regions, strings.Clone(region))
		}
		if !slices.IsSorted(c.regions) {
			return fmt.Errorf("regions are not in ascending order")
		}
	case "type":
		return d.entry(strings.Split(rest, " "))
	case "on-demand":
		if len(c.onDemand) != (len(c.types)-1)*len(c.regions) {
			return fmt.Errorf("on-demand prices without a type of their own")
		}
		var err error
		c.onDemand, err = appendPrices(c.onDemand, rest, len(c.regions))
		return err
	case "spot":
		if d.spot || len(c.types) == 0 {
			return fmt.Errorf("spot prices without a type of their own")
		}
		d.spot = true
		// Types before this one may have had none.
		c.spot = append(c.spot, make([]uint32, (len(c.types)-1)*len(c.regions)-len(c.spot))...)
		var err error
		c.spot, err = appendPrices(c.spot, rest, len(c.regions))
		return err
	default:
		return fmt.Errorf("unknown key %.40q", key)
	}
	return nil
}

func (d *decoder) asOf(rest string) error {
	capacity, date, _ := strings.Cut(rest, " ")
	t, err := time.Parse(dateLayout, date)
	if err != nil {
		return fmt.Errorf("reading the date: %w", err)
	}
	switch capacity {
	case "on-demand":
		d.cloud.OnDemandAsOf = t
	case "spot":
		d.cloud.SpotAsOf = t
	default:
		return fmt.Errorf("unknown capacity type %.40q", capacity)
	}
	return nil
}

func (d *decoder) entry(fields []string) error {
	c := d.cloud
	if len(c.onDemand) != len(c.types)*len(c.regions) {
		return fmt.Errorf("the type before has no on-demand prices")
	}
	e := entry{name: strings.Clone(fields[0])}
	if n := len(c.types); n > 0 && compareFold(c.types[n-1].name, e.name) >= 0 {
		return fmt.Errorf("type %q is not in ascending order", e.name)
	}
	switch len(fields) {
	case 1:
	case 8:
		for i, to := range []*int32{
			1: &e.shape.VCPUs, 2: &e.shape.MemoryMiB, 3: &e.shape.MilliGPUs,
			5: &e.shape.AllocatableMilliCPU, 6: &e.shape.AllocatableMemoryMiB, 7: &e.shape.AllocatablePods,
		} {
			if to == nil {
				continue // the name and the GPU model
			}
			v, err := strconv.ParseUint(fields[i], 10, 31)
			if err != nil {
				return fmt.Errorf("reading the shape of %q: %w", e.name, err)
			}
			*to = int32(v)
		}
		if fields[4] != "-" {
			e.shape.GPUModel = strings.Clone(fields[4])
		}
	default:
		return fmt.Errorf("type %q has %d fields, want 1 or 8", e.name, len(fields))
	}
	c.types = append(c.types, e)
	d.spot = false
	return nil
}

func (d *decoder) finish() (*Cloud, error) {
	c := d.cloud
	if c.Name == "" || len(c.regions) == 0 || len(c.types) == 0 {
		return nil, fmt.Errorf("cloud, regions or types are missing: the file is cut short")
	}
	size := len(c.types) * len(c.regions)
	if len(c.onDemand) != size {
		return nil, fmt.Errorf("the last type has no on-demand prices: the file is cut short")
	}
	if c.spot != nil {
		c.spot = append(c.spot, make([]uint32, size-len(c.spot))...)
	}
	c.types, c.onDemand, c.spot = slices.Clip(c.types), clone(c.onDemand), clone(c.spot)
	return c, nil
}

// clone returns an exact-size copy: append leaves up to a quarter unused.
func clone(s []uint32) []uint32 {
	if s == nil {
		return nil
	}
	c := make([]uint32, len(s))
	copy(c, s)
	return c
}

func appendPrices(prices []uint32, list string, want int) ([]uint32, error) {
	n := 0
	for field := range strings.SplitSeq(list, ",") {
		n++
		if field == "" {
			prices = append(prices, 0)
			continue
		}
		v, err := strconv.ParseUint(field, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("reading a price: %w", err)
		}
		prices = append(prices, uint32(v))
	}
	if n != want {
		return nil, fmt.Errorf("%d prices for %d regions", n, want)
	}
	return prices, nil
}
