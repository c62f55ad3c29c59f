// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"fmt"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/pricing/catalog"
)

// Catalog returns on-demand pools at the list prices of a cloud: some forty of
// its instance types, with and without GPUs, in ascending order of size within
// each family. An empty region is the one that simulations use: us-east-1,
// eastus, us-central1. Types that the region does not sell are left out.
func Catalog(cloud, region string) ([]Pool, error) {
	families, err := onSale(cloud, region)
	if err != nil {
		return nil, err
	}
	var pools []Pool
	for _, f := range families {
		pools = append(pools, f...)
	}
	return pools, nil
}

// onSale returns the on-demand pools of each family.
func onSale(cloud, region string) ([][]Pool, error) {
	shop, err := shopOf(cloud)
	if err != nil {
		return nil, err
	}
	if region == "" {
		region = shop.region
	}
	c := catalog.For(cloud)
	if !c.HasRegion(region) {
		return nil, fmt.Errorf("finding region %q of %s: the catalog has none; choose one of %s", region, cloud, strings.Join(c.Regions(), ", "))
	}
	var families [][]Pool
	for _, f := range shop.families {
		var pools []Pool
		for _, instanceType := range f {
			if _, sold := c.OnDemand(region, instanceType); !sold {
				continue
			}
			p, err := shop.pool(region, instanceType, pricing.CapacityTypeOnDemand)
			if err != nil {
				return nil, err
			}
			pools = append(pools, p)
		}
		if len(pools) > 0 {
			families = append(families, pools)
		}
	}
	return families, nil
}

// pool returns the pool of one instance type at the price that CostScore will
// see, which for spot may be an estimate.
func (s *cloudShop) pool(region, instanceType string, capacity pricing.CapacityType) (Pool, error) {
	shape, ok := catalog.For(s.name).Shape(instanceType)
	if !ok {
		return Pool{}, fmt.Errorf("making pool %s: its size is not in the catalog of %s", instanceType, s.name)
	}
	p := Pool{
		Name:         poolName(instanceType, capacity),
		Template:     s.node(region, instanceType, capacity, shape),
		CapacityType: capacity,
	}
	price, err := listPrice(&p)
	if err != nil {
		return Pool{}, err
	}
	p.Price = price.PerHour
	return p, nil
}

// listPrice is the catalog's price of the template. It accepts estimates that
// rest on a price of the same type: that of another region, or on-demand times
// the usual ratio of spot.
func listPrice(p *Pool) (pricing.Price, error) {
	price := pricing.NewResolver(pricing.Options{Estimate: true}).Price(p.Template)
	if !price.Known() || price.AsOf.IsZero() {
		price = pricing.NewResolver(pricing.Options{}).Price(p.Template) // says what is missing
		return price, fmt.Errorf("pricing pool %s: %s; give it an hourlyPrice", p.Name, price.Detail)
	}
	return price, nil
}

// poolName is the instance type in the letters that names of nodes may have.
func poolName(instanceType string, capacity pricing.CapacityType) string {
	name := strings.ReplaceAll(strings.ToLower(instanceType), "_", "-")
	if capacity == pricing.CapacityTypeSpot {
		name += "-spot"
	}
	return name
}
