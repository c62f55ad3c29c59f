// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"fmt"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// NodeFee is what a node costs beside the cloud's price in the worlds that have
// a fee, such as an agent that is licensed by host: $0.03/h.
const NodeFee = 30 * pricing.Dollar / 1000

// Pools returns what is on sale in the world. The workload must be that of
// World.Workload; of how many copies of a trace it consists decides how much
// spot capacity there is.
func (w World) Pools(in *workload.Workload, copies int) ([]Pool, error) {
	families, err := onSale(w.Cloud, "")
	if err != nil {
		return nil, err
	}
	switch w.Capacity {
	case CapacityOnDemand, CapacityPrepaid, CapacityNodeFee:
	case CapacityHalfSpot:
		return halfSpot(w.Cloud, families, spotNodesPerCopy*max(1, copies))
	default:
		return nil, fmt.Errorf("making the pools of world %s: there is no capacity %q", w.Name(), w.Capacity)
	}
	var pools []Pool
	for _, f := range families {
		pools = append(pools, f...)
	}
	switch w.Capacity {
	case CapacityPrepaid:
		Prepay(pools, in, PrepaidPercent)
	case CapacityNodeFee:
		AddFee(pools, NodeFee)
	}
	return pools, nil
}

// AddFee adds a fee per hour to what each node is billed.
func AddFee(pools []Pool, fee pricing.Money) {
	for i := range pools {
		pools[i].Price += fee
	}
}

// spotNodesPerCopy is how many nodes each spot pool has at most, for each copy
// of the trace. A cloud has only so many of a type to spare: the cheapest type
// cannot hold everything. A trace of openb holds some seventeen pods at a time.
const spotNodesPerCopy = 4

// halfSpot puts a spot pool beside each on-demand pool: half of the pools are
// spot. An autoscaler that does not look at prices buys both alike.
func halfSpot(cloud string, families [][]Pool, maxNodes int) ([]Pool, error) {
	shop, err := shopOf(cloud)
	if err != nil {
		return nil, err
	}
	var pools []Pool
	for _, f := range families {
		for i := range f {
			labels := f[i].Template.Labels
			spot, err := shop.pool(labels[regionLabel], labels[instanceTypeLabel], pricing.CapacityTypeSpot)
			if err != nil {
				return nil, err
			}
			spot.MaxNodes = maxNodes
			pools = append(pools, f[i], spot)
		}
	}
	return pools, nil
}
