// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"fmt"
	"math"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

const preScoreStateKey = "PreScore" + Name

// unknownCost is the raw score of a node without a known price. It is dearer
// than every encoded cost: such a node is neither free nor forbidden.
const unknownCost = math.MaxInt64

// preScoreState is what all nodes of one scheduling cycle share.
type preScoreState struct {
	request  costmodel.Request
	lifetime time.Duration // 0 if the strategy does not use it
	now      time.Time
	// lifetimeErr says why the pod's declared lifetime is not used.
	lifetimeErr error
}

// Clone implements fwk.StateData; the state is never written to again.
func (s *preScoreState) Clone() fwk.StateData {
	return s
}

func (pl *CostScore) newPreScoreState(pod *v1.Pod) *preScoreState {
	s := &preScoreState{request: costmodel.RequestOf(pod), now: pl.clock.Now()}
	if pl.lifetimes {
		s.lifetime, s.lifetimeErr = costmodel.LifetimeOf(pod)
	}
	return s
}

// readPreScoreState recomputes the state where a profile left PreScore out.
func (pl *CostScore) readPreScoreState(state fwk.CycleState, pod *v1.Pod) (*preScoreState, error) {
	data, err := state.Read(preScoreStateKey)
	if err != nil {
		return pl.newPreScoreState(pod), nil
	}
	s, ok := data.(*preScoreState)
	if !ok {
		return nil, fmt.Errorf("reading %q from cycleState: want *preScoreState, got %T", preScoreStateKey, data)
	}
	return s, nil
}

// Cost returns what the pod would cost on the node, and the price of the node,
// as a scheduling cycle at this time would compute them. A node whose price is
// not known has no cost.
func (pl *CostScore) Cost(pod *v1.Pod, nodeInfo fwk.NodeInfo) (costmodel.Cost, pricing.Price) {
	price := pl.nodes.price(nodeInfo.Node())
	if !price.Known() {
		return costmodel.Cost{}, price
	}
	return pl.cost(pl.newPreScoreState(pod), price, nodeInfo), price
}

// cost applies the strategy to one node. It allocates nothing as long as the
// node is the same as before.
func (pl *CostScore) cost(s *preScoreState, price pricing.Price, nodeInfo fwk.NodeInfo) costmodel.Cost {
	pods := pl.podFacts.of(nodeInfo)
	return pl.strategy(s.request, costmodel.Node{
		Price:       price.PerHour,
		Prepaid:     price.Prepaid,
		Allocatable: toRequest(nodeInfo.GetAllocatable()),
		DaemonSets:  pods.daemonSets,
		Requested:   toRequest(nodeInfo.GetRequested()),
		Age:         pods.age(s.now),
		Extension:   costmodel.Extension(s.lifetime, pods.busy(s.now)),
	})
}

// toRequest shares the map of r's extended resources: it is only read.
func toRequest(r fwk.Resource) costmodel.Request {
	return costmodel.Request{
		MilliCPU:         r.GetMilliCPU(),
		Memory:           r.GetMemory(),
		EphemeralStorage: r.GetEphemeralStorage(),
		Scalar:           r.GetScalarResources(),
	}
}

func logCost(logger klog.Logger, pod *v1.Pod, node *v1.Node, price pricing.Price, cost costmodel.Cost) {
	logger.Info("Computed the cost of a pod on a node",
		"pod", klog.KObj(pod), "node", klog.KObj(node),
		"dollarsPerHour", cost.Dollars, "prepaid", cost.Prepaid, "listDollarsPerHour", cost.List,
		"price", price.PerHour.String(), "priceSource", price.Source, "priceDetail", price.Detail,
		"share", cost.Share, "resource", cost.Resource, "ageFactor", cost.AgeFactor,
		"extension", cost.Extension, "unrequested", cost.Unrequested)
}
