// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/pricing/catalog"
)

// readCSV reads <cloud>.csv with the columns
//
//	provider,region,instance_type,capacity_type,usd_per_hour
//
// where capacity_type is on-demand, spot or spot-est (derived from a discount),
// and <cloud>-shapes.csv with at least the columns
//
//	instance_type,vcpu,memory_gib,gpu_count,gpu_model
//
// and optionally allocatable_cpu_milli, allocatable_memory_mib and
// allocatable_pods. Other columns are ignored.
func (s source) readCSV(dir string) (*catalog.Cloud, error) {
	b := catalog.Builder{
		Head:     s.Head,
		OnDemand: map[catalog.Key]int64{},
		Spot:     map[catalog.Key]int64{},
		Shapes:   map[string]catalog.Shape{},
	}
	err := eachRow(filepath.Join(dir, s.prices), func(row record) error {
		table := b.OnDemand
		switch row["capacity_type"] {
		case "on-demand":
		case "spot", "spot-est":
			table = b.Spot
		default:
			return fmt.Errorf("unknown capacity type %q", row["capacity_type"])
		}
		key := catalog.Key{Region: row["region"], InstanceType: row["instance_type"]}
		if _, ok := table[key]; ok {
			return fmt.Errorf("second price for %s/%s", key.Region, key.InstanceType)
		}
		price, err := pricing.ParseMoney(row["usd_per_hour"])
		if err != nil {
			return fmt.Errorf("reading the price %q: %w", row["usd_per_hour"], err)
		}
		table[key] = int64(price)
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = eachRow(filepath.Join(dir, s.shapes), func(row record) error {
		shape := catalog.Shape{
			VCPUs:                row.int("vcpu", 1),
			MemoryMiB:            row.int("memory_gib", 1024),
			MilliGPUs:            row.int("gpu_count", 1000),
			GPUModel:             row["gpu_model"],
			AllocatableMilliCPU:  row.int("allocatable_cpu_milli", 1),
			AllocatableMemoryMiB: row.int("allocatable_memory_mib", 1),
			AllocatablePods:      row.int("allocatable_pods", 1),
		}
		if min(shape.VCPUs, shape.MemoryMiB, shape.MilliGPUs, shape.AllocatableMilliCPU, shape.AllocatableMemoryMiB, shape.AllocatablePods) < 0 {
			return fmt.Errorf("reading the size of %q: want numbers of at least 0", row["instance_type"])
		}
		if shape.VCPUs == 0 || shape.MemoryMiB == 0 {
			return nil // the source rounded half a GiB down to none
		}
		b.Shapes[row["instance_type"]] = shape
		return nil
	})
	if err != nil {
		return nil, err
	}
	return b.Build()
}

// record is a row by the names of its columns.
type record map[string]string

// int returns a column times a factor, rounded; 0 where it is empty, -1 where
// it is not a number.
func (r record) int(column string, factor float64) int32 {
	if r[column] == "" {
		return 0
	}
	v, err := strconv.ParseFloat(r[column], 64)
	if err != nil || v < 0 || v*factor > math.MaxInt32 {
		return -1
	}
	return int32(math.Round(v * factor))
}

func eachRow(path string, do func(record) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	for i, row := range rows[min(1, len(rows)):] {
		r := record{}
		for j, column := range rows[0] {
			r[column] = strings.TrimSpace(row[j])
		}
		if err := do(r); err != nil {
			return fmt.Errorf("%s: line %d: %w", path, i+2, err)
		}
	}
	return nil
}
