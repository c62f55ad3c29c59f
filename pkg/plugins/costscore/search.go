// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	fwk "k8s.io/kube-scheduler/framework"

	"github.com/tollgate-dev/tollgate/pkg/nodeindex"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
)

// Reasons why all nodes are compared for a pod.
const (
	reasonConfigured     = "Configured"     // the arguments or the caller say so
	reasonProfile        = "Profile"        // see profileFacts
	reasonNominated      = "Nominated"      // the pod, or another one to the node that was found
	reasonVolumes        = "Volumes"        // whose storage capacity is scored
	reasonResourceClaims = "ResourceClaims" // with alternatives, which are scored
	reasonResources      = "Resources"      // that NodeResourcesFit scores too
	reasonNodeFields     = "NodeFields"     // required node affinity by fields
	reasonOtherFilter    = "OtherFilter"    // what a Filter plugin would say about the pod is not known
	reasonScore          = "Score"          // a plugin cannot say what the pod prefers
	reasonNoPrice        = "NoPrice"        // is known of any node that has room: other plugins decide
	reasonNoNode         = "NoNode"         // has room: people need to know why
	reasonDistrust       = "Distrust"       // see handed
	reasonGaveUp         = "GaveUp"         // too many nodes refused the pod
	reasonFailed         = "Failed"         // a Filter plugin
)

// mostRefused is how many nodes may refuse a pod, for other reasons than room and
// taints, before all nodes are compared, in parallel, instead. To be refused takes
// a microsecond, to be compared five.
const mostRefused = 5000

// mostTime is for how long nodes may refuse a pod with volumes or resource claims.
// To find out that a node does not have the devices of a claim may take seconds.
const mostTime = 5 * time.Millisecond

const fullSearchKey = "tollgate.dev/full-search"

type fullSearch struct{}

// Clone implements fwk.StateData.
func (f fullSearch) Clone() fwk.StateData { return f }

// CompareAll has the PreFilter of this cycle leave all nodes to Filter and Score,
// for those who want to know what each node costs.
func CompareAll(state fwk.CycleState) { state.Write(fullSearchKey, fullSearch{}) }

// search finds the node for a pod in the index. It returns "" and the reason if
// all nodes have to be compared.
func (pl *CostScore) search(ctx context.Context, state fwk.CycleState, pod *v1.Pod, l *limits, nodes []fwk.NodeInfo) (node, reason string) {
	if !pl.indexed {
		return "", reasonConfigured
	}
	pl.searching.Lock() // cycles come one after the other, so nobody waits for it
	defer pl.searching.Unlock()
	if _, err := state.Read(fullSearchKey); err == nil {
		return "", reasonConfigured
	}
	if !pl.handed.trusted(ctx, pl.activator, pl.clock.Now(), pod) {
		return "", reasonDistrust
	}
	pl.factsOnce.Do(func() { pl.facts.find(ctx, pl.handle) })
	if pl.facts.fault != "" {
		return "", reasonProfile
	}
	p, reason := pl.facts.placeable(ctx, state, pod, nodes)
	if reason != "" {
		return "", reason
	}
	pl.follower.follow(pl, nodes)
	if n := pl.follower.index.Classes(); n != pl.classes {
		pl.classes = n
		classes.WithLabelValues(pl.handle.ProfileName()).Set(float64(n))
	}

	q := pl.query(ctx, state, pod, p, l)
	each := len(p.preferences) > 0 || pl.lifetimes
	if !each {
		node, reason = pl.cheapest(p, q)
	}
	if each || q.preferNoSchedule {
		node, reason = pl.preferred(ctx, state, pod, p, q)
	}
	if node != "" {
		pl.handed.over(state, pod, node, p.slow)
	}
	return node, reason
}

// cheapest finds the node for a pod that nothing but its cost and packing decides
// about.
func (pl *CostScore) cheapest(p *placeable, q *query) (node, reason string) {
	found, complete := pl.follower.index.Cheapest(&q.Query)
	for found != "" && pl.follower.catchUp(pl, found) {
		q.refused, q.spent = 0, 0
		found, complete = pl.follower.index.Cheapest(&q.Query)
	}
	switch {
	case p.failed.Load():
		return "", reasonFailed
	case !complete:
		return "", reasonGaveUp
	case found == "":
		return "", reasonNoNode
	case !pl.nodes.price(pl.follower.info(found).Node()).Known():
		return "", reasonNoPrice
	case len(pl.handle.NominatedPodsForNode(found)) > 0:
		return "", reasonNominated
	}
	return found, ""
}

// query is a question to the index.
type query struct {
	nodeindex.Query
	*preScoreState
	packing packing // of the pod, if it counts
	// refused is how many nodes have been refused in this search, and spent how
	// long that took where it may take long.
	refused int
	spent   time.Duration
	// preferNoSchedule says that a node has a taint that the profile weighs. Such
	// nodes are left out unless each is set.
	preferNoSchedule bool
	// each says that all nodes are gone through, to be weighed against each other.
	// Filter plugins are asked about them later.
	each bool
}

func (pl *CostScore) query(ctx context.Context, state fwk.CycleState, pod *v1.Pod, p *placeable, l *limits) *query {
	s := pl.newPreScoreState(pod)
	q := &query{Query: nodeindex.Query{Need: p.need}, preScoreState: s}
	q.Admits = func(c *nodeindex.Class, sample *nodeindex.Sample) bool {
		if q.preferNoSchedule && !q.each {
			return false // nobody will look at what is found
		}
		taints := p.verdict(ctx, c, sample)
		switch {
		case taints == refused, l.reject(priceOf(c)) != "", p.fit != nil && !p.fitsEmpty(ctx, state, pod, c, sample):
			return false
		case taints == disliked && pl.facts.taints != nil:
			q.preferNoSchedule = true
			return q.each
		}
		return true
	}
	q.Cost = func(c *nodeindex.Class, sample *nodeindex.Sample, oldest int64) int64 {
		if !c.Known {
			return unknownCost
		}
		node := sample.Cost
		node.Age = pl.follower.age(oldest, s.now)
		cost := pl.strategy(s.request, node)
		return cost.Encode()
	}
	if pl.floor != nil {
		q.Floor = func(c *nodeindex.Class, sample *nodeindex.Sample, oldest int64) int64 {
			if !c.Known {
				return unknownCost
			}
			return pl.floor(&s.request, &sample.Cost, pl.follower.age(oldest, s.now))
		}
	}
	if p.asks() {
		q.Match = func(name string) nodeindex.Verdict { return pl.match(ctx, state, pod, p, q, name) }
	}
	if pl.facts.packs {
		q.packing = packingOf(pod)
		q.PackedMost = q.packing.most
		q.Packed = func(name string) int64 { return q.packing.score(pl.follower.info(name)) }
	}
	return q
}

// match says whether the pod may use a node that has room and whose taints it
// tolerates. With preferences the Filter plugins are asked later, side by side.
func (pl *CostScore) match(ctx context.Context, state fwk.CycleState, pod *v1.Pod, p *placeable, q *query, name string) nodeindex.Verdict {
	if q.preferNoSchedule && !q.each {
		return nodeindex.GiveUp // nobody will look at what is found
	}
	info := pl.follower.info(name)
	matches := p.matches(info.Node())
	if q.each && matches {
		return nodeindex.Matched
	}
	if matches {
		begin := pl.clock.Now()
		if p.passes(ctx, state, pod, info) {
			return nodeindex.Matched
		}
		if q.spent += pl.clock.Since(begin); p.slow && q.spent > pl.mostTime {
			return nodeindex.GiveUp
		}
	}
	if q.refused++; q.refused > pl.mostRefused && !q.each {
		return nodeindex.GiveUp
	}
	return nodeindex.Refused
}

// priceOf returns as much of the price of a class's nodes as limits look at.
func priceOf(c *nodeindex.Class) pricing.Price {
	price := pricing.Price{PerHour: c.Price, CapacityType: c.CapacityType, Source: pricing.SourceUnknown}
	if c.Known {
		price.Source = pricing.SourceEstimate // any that is known
	}
	return price
}

// only is the result of PreFilter that leaves one node.
func only(node string) *fwk.PreFilterResult {
	return &fwk.PreFilterResult{NodeNames: sets.New(node)}
}
