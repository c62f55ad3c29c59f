// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cycle

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/noderesources"

	"github.com/tollgate-dev/tollgate/pkg/plugins/costscore"
	"github.com/tollgate-dev/tollgate/test/perf/fleet"
)

// Judged is what became of placements that were compared with all nodes, after the measurement.
type Judged struct {
	Placements int
	// Cheapest is how many of them are on a node on which no other one is cheaper.
	Cheapest int
	// Excess is the sum of what they cost above the cheapest node, in parts of its cost.
	Excess float64
}

// judge prices every node for every pod, on the snapshot of the cycle.
type judge struct {
	costScore *costscore.CostScore
	judged    Judged
	err       error
}

// newJudge has the prices of the nodes from a scheduler of its own, which places nothing.
func newJudge(ctx context.Context, f *fleet.Fleet, config []byte) (*judge, func(), error) {
	c, err := NewCluster(ctx, config)
	if err != nil {
		return nil, nil, err
	}
	if err := c.Load(&fleet.Fleet{Nodes: f.Nodes}); err != nil {
		c.Close()
		return nil, nil, err
	}
	if c.costScore == nil {
		c.Close()
		return nil, nil, errors.New("judging placements: the profile has no CostScore")
	}
	return &judge{costScore: c.costScore}, c.Close, nil
}

// tolerance is how much two costs may differ that were asked for one after the other: pods have become older meanwhile.
const tolerance = 1e-6

// judge compares the chosen node with all on which the pod's requests fit. The pods that are judged ask for nothing else.
func (j *judge) judge(pod *corev1.Pod, chosen string, lister fwk.SharedLister) {
	nodes, err := lister.NodeInfos().List()
	if err != nil {
		j.err = fmt.Errorf("judging a placement: %w", err)
		return
	}
	least, own := 0.0, 0.0
	for _, node := range nodes {
		if len(noderesources.Fits(pod, node, nil, noderesources.ResourceRequestsOptions{})) > 0 {
			continue
		}
		cost, price := j.costScore.Cost(pod, node)
		if !price.Known() {
			continue
		}
		if least == 0 || cost.Dollars < least {
			least = cost.Dollars
		}
		if node.Node().Name == chosen {
			own = cost.Dollars
		}
	}
	if own == 0 {
		j.err = fmt.Errorf("judging a placement: pod %s does not fit on node %s, or that has no price", pod.Name, chosen)
		return
	}
	j.judged.Placements++
	j.judged.Excess += own/least - 1
	if own <= least*(1+tolerance) {
		j.judged.Cheapest++
	}
}

// judgedPlacements is how many placements of each policy are judged at least.
const judgedPlacements = 60

// judge places some more pods and says how many of them are on the cheapest node.
func (r *runner) judge(ctx context.Context, j *judge) (Judged, error) {
	j.judged, j.err = Judged{}, nil
	r.cluster.judge = j
	defer func() { r.cluster.judge = nil }()
	for j.judged.Placements < judgedPlacements && j.err == nil {
		if _, err := r.round(ctx); err != nil {
			return Judged{}, err
		}
	}
	return j.judged, j.err
}
