// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"

	v1 "k8s.io/api/core/v1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/nodeindex"
)

// scorer is another Score plugin of the profile.
type scorer struct {
	fwk.ScorePlugin
	pre    fwk.PreScorePlugin
	weight int64
}

// prefers reports whether the plugin scores the nodes of a pod differently, by
// its own words: PreScore in a state that is thrown away.
func (s *scorer) prefers(ctx context.Context, pod *v1.Pod, nodes []fwk.NodeInfo) bool {
	return !s.pre.PreScore(ctx, framework.NewCycleState(), pod, nodes[:1]).IsSkip()
}

// candidates are the nodes that a pod with preferences may use, with all that
// their total scores are made of. The slices are used again.
type candidates struct {
	infos  []fwk.NodeInfo
	nodes  []*nodeindex.Node
	kinds  []kind
	costs  []int64 // encoded
	ranks  []int64 // of the costs
	totals []int64
	scores fwk.NodeScoreList
}

// kind is the class of a node.
type kind struct {
	class  *nodeindex.Class
	sample *nodeindex.Sample
}

// preferred finds the node for a pod for which other plugins score nodes too, or
// whose costs differ within a class. What is said of a node then depends on all
// nodes that the pod may use, so none of these can be passed over. But the index
// has them without asking every Filter plugin about every node, and only those
// plugins are asked to score that have a preference. The totals are those that the
// framework would work out.
func (pl *CostScore) preferred(ctx context.Context, state fwk.CycleState, pod *v1.Pod, p *placeable, q *query) (node, reason string) {
	pl.follower.lookAtAll(pl)
	q.each = true
	c := &pl.candidates
	c.gather(pl, q)
	if len(p.filters) > 0 && !pl.filter(ctx, state, pod, p, c) {
		return "", reasonFailed
	}
	if len(c.nodes) == 0 {
		return "", reasonNoNode
	}
	if reason := pl.weigh(ctx, q, c); reason != "" {
		return "", reason
	}
	if q.preferNoSchedule {
		p.preferences = append(p.preferences, pl.facts.taints)
	}
	priced := slices.ContainsFunc(c.costs, func(cost int64) bool { return cost != unknownCost })
	if priced && q.lifetimeErr != nil {
		pl.problems.reportLifetime(pod, q.preScoreState)
	}
	if priced {
		c.addCosts(pl.facts.costWeight)
	}
	for _, s := range p.preferences {
		if !pl.addScores(ctx, pod, s, c) {
			return "", reasonScore
		}
	}
	return c.best(), ""
}

// gather collects the nodes that have room and the right labels and taints.
func (c *candidates) gather(pl *CostScore, q *query) {
	c.keep(0)
	pl.follower.index.Each(&q.Query, func(class *nodeindex.Class, sample *nodeindex.Sample, n *nodeindex.Node) {
		info := n.Ref.(*seen).info //nolint:forcetypeassert // put by the follower
		c.infos, c.nodes, c.kinds = append(c.infos, info), append(c.nodes, n), append(c.kinds, kind{class, sample})
	})
}

// keep leaves the first of the nodes. It forgets the others, as slices keep what
// they point to.
func (c *candidates) keep(count int) {
	clear(c.infos[count:])
	clear(c.nodes[count:])
	clear(c.kinds[count:])
	c.infos, c.nodes, c.kinds = c.infos[:count], c.nodes[:count], c.kinds[:count]
}

// filter leaves the nodes that pass all Filter plugins which have something to say
// about the pod. It reports false if one of them failed.
func (pl *CostScore) filter(ctx context.Context, state fwk.CycleState, pod *v1.Pod, p *placeable, c *candidates) bool {
	passes := make([]bool, len(c.infos))
	pl.handle.Parallelizer().Until(ctx, len(c.infos), func(i int) { passes[i] = p.passes(ctx, state, pod, c.infos[i]) }, Name)
	if p.failed.Load() || ctx.Err() != nil {
		return false
	}
	kept := 0
	for i := range passes {
		if passes[i] {
			c.infos[kept], c.nodes[kept], c.kinds[kept] = c.infos[i], c.nodes[i], c.kinds[i]
			kept++
		}
	}
	c.keep(kept)
	return true
}

// weigh works out what the pod costs on each node, and how full it makes it. It
// returns a reason if a pod is nominated to one of them, which Filter then counts in,
// or if the cycle was ended.
func (pl *CostScore) weigh(ctx context.Context, q *query, c *candidates) (reason string) {
	c.costs = append(c.costs[:0], make([]int64, len(c.nodes))...)
	c.totals = append(c.totals[:0], make([]int64, len(c.nodes))...)
	var nominated atomic.Bool
	pl.handle.Parallelizer().Until(ctx, len(c.nodes), func(i int) {
		info, n, k := c.infos[i], c.nodes[i], c.kinds[i]
		if len(pl.handle.NominatedPodsForNode(n.Name)) > 0 {
			nominated.Store(true)
		}
		if pl.lifetimes && k.class.Known {
			cost := pl.cost(q.preScoreState, pl.nodes.price(info.Node()), info)
			c.costs[i] = cost.Encode()
		} else {
			c.costs[i] = q.Cost(k.class, k.sample, n.Oldest)
		}
		if pl.facts.packs {
			c.totals[i] = q.packing.score(info) * pl.facts.fitWeight
		}
	}, Name)
	switch {
	case ctx.Err() != nil:
		return reasonFailed
	case nominated.Load():
		return reasonNominated
	}
	return ""
}

// addCosts adds what CostScore gives the nodes.
func (c *candidates) addCosts(weight int64) {
	c.ranks = append(c.ranks[:0], c.costs...)
	for i, rank := range costmodel.Rank(c.ranks) {
		c.totals[i] += rank * weight
	}
}

// addScores adds what another plugin gives the nodes. It reports false if that
// cannot be had: then the framework is to say why.
func (pl *CostScore) addScores(ctx context.Context, pod *v1.Pod, s *scorer, c *candidates) bool {
	state := framework.NewCycleState()
	switch status := s.pre.PreScore(ctx, state, pod, c.infos); {
	case status.IsSkip():
		return true
	case !status.IsSuccess():
		return false
	}
	c.scores = append(c.scores[:0], make(fwk.NodeScoreList, len(c.infos))...)
	var failed atomic.Bool
	pl.handle.Parallelizer().Until(ctx, len(c.infos), func(i int) {
		score, status := s.Score(ctx, state, pod, c.infos[i])
		if !status.IsSuccess() {
			failed.Store(true)
		}
		c.scores[i] = fwk.NodeScore{Name: c.nodes[i].Name, Score: score}
	}, Name)
	if failed.Load() || ctx.Err() != nil {
		return false
	}
	if e := s.ScoreExtensions(); e != nil && !e.NormalizeScore(ctx, state, pod, c.scores).IsSuccess() {
		return false
	}
	for i := range c.scores {
		if score := c.scores[i].Score; score < fwk.MinNodeScore || score > fwk.MaxNodeScore {
			return false
		}
		c.totals[i] += c.scores[i].Score * s.weight
	}
	return true
}

// best returns the node with the highest total: of these the cheapest, as many
// costs share a score where there are more of them than scores, then the oldest,
// then the first by name.
func (c *candidates) best() string {
	best := 0
	for i, n := range c.nodes {
		b := c.nodes[best]
		if cmp.Or(cmp.Compare(c.totals[best], c.totals[i]), cmp.Compare(c.costs[i], c.costs[best]),
			cmp.Compare(n.Created, b.Created), cmp.Compare(n.Name, b.Name)) < 0 {
			best = i
		}
	}
	return c.nodes[best].Name
}
