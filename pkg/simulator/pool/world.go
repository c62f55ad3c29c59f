// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package pool

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/pkg/apis/config/hint"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// Values of World.ScaleUp: how the autoscaler chooses what it buys.
const (
	ScaleUpLeastWaste  = "least-waste"
	ScaleUpCheapestFit = "cheapest-fit"
	ScaleUpRandom      = "random"
)

// Values of World.Capacity: what is on sale, and how.
const (
	// CapacityOnDemand is the catalog at its list prices.
	CapacityOnDemand = "on-demand"
	// CapacityHalfSpot is a spot pool beside each on-demand pool, so that half of
	// the pools are spot, with a limited number of nodes each.
	CapacityHalfSpot = "half-spot"
	// CapacityPrepaid is on-demand with nodes paid in advance for 30% of the
	// mean demand.
	CapacityPrepaid = "prepaid"
	// CapacityNodeFee is on-demand plus NodeFee for every node.
	CapacityNodeFee = "node-fee"
)

// consolidationSuffix of the scale-up part of a name.
const consolidationSuffix = "-consolidation"

// World is what a policy is tried in, apart from the workload.
type World struct {
	// Cloud is one of Clouds.
	Cloud string
	// ScaleUp is one of the ScaleUp constants.
	ScaleUp string
	// Capacity is one of the Capacity constants.
	Capacity string
	// Consolidation says whether the autoscaler empties nodes in little use.
	Consolidation bool
}

// Name is <cloud>/<scale-up>[-consolidation]/<capacity>, such as
// "aws/least-waste-consolidation/half-spot".
func (w World) Name() string {
	scaleUp := w.ScaleUp
	if w.Consolidation {
		scaleUp += consolidationSuffix
	}
	return w.Cloud + "/" + scaleUp + "/" + w.Capacity
}

// All returns all worlds: by cloud, scale-up, consolidation, capacity.
func All() []World {
	var all []World
	for _, cloud := range Clouds() {
		for _, scaleUp := range []string{ScaleUpLeastWaste, ScaleUpCheapestFit, ScaleUpRandom} {
			for _, consolidation := range []bool{false, true} {
				for _, capacity := range []string{CapacityOnDemand, CapacityHalfSpot, CapacityPrepaid, CapacityNodeFee} {
					all = append(all, World{Cloud: cloud, ScaleUp: scaleUp, Capacity: capacity, Consolidation: consolidation})
				}
			}
		}
	}
	return all
}

// ParseWorld reads what Name writes.
func ParseWorld(name string) (World, error) {
	all := All()
	if i := slices.IndexFunc(all, func(w World) bool { return w.Name() == name }); i >= 0 {
		return all[i], nil
	}
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].Name()
	}
	msg := ""
	if nearest := hint.Nearest(name, names); nearest != "" {
		msg = fmt.Sprintf("did you mean %q? ", nearest)
	}
	return World{}, fmt.Errorf("reading world %q: there is none of that name; %swant <cloud>/<scale-up>/<capacity> with cloud %s, scale-up %s (each also with %s), capacity %s",
		name, msg, strings.Join(Clouds(), ", "),
		strings.Join([]string{ScaleUpLeastWaste, ScaleUpCheapestFit, ScaleUpRandom}, ", "), consolidationSuffix,
		strings.Join([]string{CapacityOnDemand, CapacityHalfSpot, CapacityPrepaid, CapacityNodeFee}, ", "))
}

// Workload returns the workload as it runs at the world's cloud: with its GPU
// models, see MapGPUModels, and its sizes of nodes, see Trim. Pods that need GPUs of
// which there are taints tolerate them.
func (w World) Workload(in *workload.Workload) (*workload.Workload, error) {
	mapped, err := MapGPUModels(in, w.Cloud)
	if err != nil {
		return nil, err
	}
	pools, err := Catalog(w.Cloud, "")
	if err != nil {
		return nil, err
	}
	return Trim(tolerateDedicated(mapped, pools), pools), nil
}
