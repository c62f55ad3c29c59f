// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package placer

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/plugins/costscore"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// Verdict is what the profile thinks of one node for one pod.
type Verdict struct {
	// Node is its name.
	Node string
	// Plugin and Reason say which plugin ruled the node out, the first that
	// did, and why; "" if the node fits.
	Plugin, Reason string
	// Price and Cost are CostScore's, also for nodes that do not fit; zero if
	// the profile does not use it.
	Price pricing.Price
	Cost  costmodel.Cost
	// Scores are weighted; nil for a node that does not fit.
	Scores []fwk.PluginScore
	// Total is the sum of Scores: the highest wins.
	Total int64
}

// Explain runs the profile's filters on all nodes and its scores on all that
// fit. Unlike Place it leaves out no node because enough others were found. It
// returns nodes in the scheduler's own order.
func (p *Placer) Explain(ctx context.Context, pod *corev1.Pod) ([]Verdict, error) {
	// A placement takes the snapshot that everything below reads.
	if _, _, err := p.Place(ctx, pod); err != nil {
		return nil, err
	}
	nodes, err := p.framework.SnapshotSharedLister().NodeInfos().List()
	if err != nil {
		return nil, fmt.Errorf("listing nodes: %w", err)
	}
	if len(nodes) == 0 {
		return nil, nil
	}
	verdicts := make([]Verdict, len(nodes))
	for i, node := range nodes {
		verdicts[i].Node = node.Node().Name
		if p.costScore != nil {
			verdicts[i].Cost, verdicts[i].Price = p.costScore.Cost(pod, node)
		}
	}
	state := framework.NewCycleState()
	costscore.CompareAll(state)
	allowed, status, _ := p.framework.RunPreFilterPlugins(ctx, state, pod)
	if !status.IsSuccess() && !status.IsRejected() {
		return nil, fmt.Errorf("filtering nodes for pod %s: %w", klog.KObj(pod), status.AsError())
	}
	var fits []fwk.NodeInfo
	var at []int
	for i, node := range nodes {
		s := status
		switch {
		case !status.IsSuccess():
		case !allowed.AllNodes() && !allowed.NodeNames.Has(node.Node().Name):
			s = fwk.NewStatus(fwk.UnschedulableAndUnresolvable, "node(s) were ruled out before filtering")
		default:
			s = p.framework.RunFilterPlugins(ctx, state, pod, node)
		}
		if s.IsSuccess() {
			fits, at = append(fits, node), append(at, i)
			continue
		}
		verdicts[i].Plugin, verdicts[i].Reason = s.Plugin(), s.Message()
	}
	if len(fits) == 0 {
		return verdicts, nil
	}
	if s := p.framework.RunPreScorePlugins(ctx, state, pod, fits); !s.IsSuccess() {
		return nil, fmt.Errorf("scoring nodes for pod %s: %w", klog.KObj(pod), s.AsError())
	}
	scores, s := p.framework.RunScorePlugins(ctx, state, pod, fits)
	if !s.IsSuccess() {
		return nil, fmt.Errorf("scoring nodes for pod %s: %w", klog.KObj(pod), s.AsError())
	}
	for i := range scores {
		verdicts[at[i]].Scores, verdicts[at[i]].Total = scores[i].Scores, scores[i].TotalScore
	}
	return verdicts, nil
}
