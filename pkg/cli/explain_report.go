// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tollgate-dev/tollgate/pkg/simulator/placer"
)

// ExplainReport is the JSON of kubectl tollgate explain.
type ExplainReport struct {
	// Schema is ExplainSchema.
	Schema string `json:"schema"`
	// Currency is the ISO 4217 code of all amounts.
	Currency string `json:"currency"`
	// Time is when the report was made.
	Time time.Time `json:"time"`
	// Profile is the scheduler profile that was asked.
	Profile string `json:"profile"`
	// Pod is the pod in question.
	Pod ExplainPod `json:"pod"`
	// Outcome says it in words. Its text may change.
	Outcome string `json:"outcome"`
	// Best are the nodes of rank 1: the scheduler takes one of them.
	Best []string `json:"best"`
	// Fitting and RuledOut count nodes.
	Fitting  int `json:"fitting"`
	RuledOut int `json:"ruledOut"`
	// Nodes are in the order of their ranks, then those that are ruled out; by
	// cost and name among equals.
	Nodes []ExplainRow `json:"nodes"`
}

// ExplainSchema names the fields of ExplainReport.
const ExplainSchema = "tollgate.dev/explain/v1"

// ExplainPod is the pod of a report.
type ExplainPod struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Node is the one that it is bound to; left out for a pending pod. The
	// report is computed as if the pod were not there.
	Node string `json:"node,omitempty"`
	// SchedulerName is that of its spec.
	SchedulerName string `json:"schedulerName"`
}

// ExplainRow is one node for the pod.
type ExplainRow struct {
	// Name of the node.
	Name string `json:"name"`
	// Fits says that no filter rules the node out.
	Fits bool `json:"fits"`
	// Rank is the place among the nodes that fit in the order in which the
	// scheduler prefers them, from 1; equal nodes share one. Left out for a
	// node that does not fit.
	Rank int `json:"rank,omitempty"`
	// Current says that the pod is bound to this node.
	Current bool `json:"current,omitempty"`
	// Plugin and Reason say which filter ruled the node out, the first that
	// did, and why.
	Plugin string `json:"plugin,omitempty"`
	Reason string `json:"reason,omitempty"`

	NodePrice `json:",inline"`
	// HourlyCostMicroDollars is what the pod is charged on the node per hour, in
	// millionths of a dollar: HourlyListCostMicroDollars, or 0 on a prepaid
	// node. It is null if the price is not known or the profile has no costs.
	HourlyCostMicroDollars *int64 `json:"hourlyCostMicroDollars"`
	// HourlyListCostMicroDollars is price x Share x AgeFactor.
	HourlyListCostMicroDollars *int64 `json:"hourlyListCostMicroDollars"`
	// Share is the part of the node that the pod is charged for, from 0 to 1,
	// and Resource what it is a part of; "" for the whole node.
	Share    float64 `json:"share"`
	Resource string  `json:"resource,omitempty"`
	// AgeFactor is the discount for nodes whose pods have run for long, from 0
	// to 1; 1 is none.
	AgeFactor float64 `json:"ageFactor"`
	// UnrequestedResource is why the pod is charged on a prepaid node: the node
	// has this extended resource, and the pod does not request it.
	UnrequestedResource string `json:"unrequestedResource,omitempty"`
	// TotalScore is the sum of Scores, the weighted scores of plugins.
	TotalScore int64         `json:"totalScore"`
	Scores     []PluginScore `json:"scores,omitempty"`

	// order is of costs: the lower the cheaper.
	order int64
}

// PluginScore is the weighted score that a plugin gives a node.
type PluginScore struct {
	Plugin string `json:"plugin"`
	Score  int64  `json:"score"`
}

// explainReport turns verdicts into a report. current is the node that the pod
// is bound to, "" if none.
func explainReport(pod *corev1.Pod, current, profile string, verdicts []placer.Verdict, now time.Time) *ExplainReport {
	r := &ExplainReport{
		Schema: ExplainSchema, Currency: Currency, Time: now.UTC(), Profile: profile, Best: []string{}, Nodes: []ExplainRow{},
		Pod: ExplainPod{Namespace: pod.Namespace, Name: pod.Name, Node: current, SchedulerName: pod.Spec.SchedulerName},
	}
	for i := range verdicts {
		r.Nodes = append(r.Nodes, explainRow(&verdicts[i], current))
	}
	slices.SortFunc(r.Nodes, func(a, b ExplainRow) int {
		return cmp.Or(-compareBool(a.Fits, b.Fits), cmp.Compare(b.TotalScore, a.TotalScore), cmp.Compare(a.order, b.order), cmp.Compare(a.Name, b.Name))
	})
	for i := range r.Nodes {
		n := &r.Nodes[i]
		if !n.Fits {
			r.RuledOut++
			continue
		}
		r.Fitting++
		n.Rank = i + 1
		if i > 0 && r.Nodes[i-1].TotalScore == n.TotalScore {
			n.Rank = r.Nodes[i-1].Rank
		}
		if n.Rank == 1 {
			r.Best = append(r.Best, n.Name)
		}
	}
	r.Outcome = r.outcome()
	return r
}

func explainRow(v *placer.Verdict, current string) ExplainRow {
	row := ExplainRow{
		Name: v.Node, Fits: v.Reason == "" && v.Plugin == "", Current: v.Node == current, Plugin: v.Plugin, Reason: v.Reason,
		NodePrice: nodePrice(v.Price), TotalScore: v.Total, order: maxOrder,
	}
	for _, s := range v.Scores {
		row.Scores = append(row.Scores, PluginScore{s.Name, s.Score})
	}
	slices.SortFunc(row.Scores, func(a, b PluginScore) int { return cmp.Compare(a.Plugin, b.Plugin) })
	if v.Price.Known() && v.Cost.AgeFactor > 0 {
		cost, list := microDollars(v.Cost.Dollars), microDollars(v.Cost.List)
		row.HourlyCostMicroDollars, row.HourlyListCostMicroDollars = &cost, &list
		row.Share, row.Resource, row.AgeFactor = v.Cost.Share, string(v.Cost.Resource), v.Cost.AgeFactor
		row.UnrequestedResource = string(v.Cost.Unrequested)
		row.order = v.Cost.Encode()
	}
	return row
}

// maxOrder is that of nodes without a cost: after all that have one.
const maxOrder = int64(^uint64(0) >> 1)

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}
