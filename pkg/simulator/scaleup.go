// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"fmt"
	"slices"
)

// maxNodesForOne is how many nodes are bought for a pod that the scheduler puts
// on none of them, before the pod is given up.
const maxNodesForOne = 3

// planScan plans the next look of the autoscaler, if pods wait.
func (s *simulation) planScan() {
	if len(s.waiting) == 0 || s.scanAt != 0 {
		return
	}
	s.scanAt = s.now + s.autoscaler.ScanInterval - s.now%s.autoscaler.ScanInterval
	s.queue.push(event{at: s.scanAt, kind: scan})
}

// scaleUp buys nodes for the pods that wait and that no node that is booting
// will hold.
func (s *simulation) scaleUp(context.Context) error {
	choose, err := scaleUpOf(s.autoscaler.ScaleUp)
	if err != nil {
		return err
	}
	var booting []*bin
	for _, n := range s.nodes {
		if !n.ready {
			booting = append(booting, &bin{free: clone(n.free), pods: n.freePods, object: n.object})
		}
	}
	var unhelped []*podState
	for _, p := range s.waiting {
		if !slices.ContainsFunc(booting, func(b *bin) bool { return b.put(p) }) {
			unhelped = append(unhelped, p)
		}
	}
	for len(unhelped) > 0 {
		options := s.options(unhelped)
		if len(options) == 0 {
			// Every pool that would do is at its maximum: they wait for room.
			first := unhelped[0]
			unhelped = slices.DeleteFunc(unhelped, func(p *podState) bool { return p == first })
			continue
		}
		o := choose(options, s)
		for range o.nodes {
			s.buy(o.pool)
		}
		for _, p := range o.pods {
			p.bought++
		}
		unhelped = slices.DeleteFunc(unhelped, func(p *podState) bool { return slices.Contains(o.pods, p) })
	}
	return s.giveUp()
}

// options are what can be bought so that the first pod that waits is helped,
// each with all pods that it would help. They are in order of the pools.
func (s *simulation) options(pods []*podState) []option {
	var options []option
	for _, i := range pods[0].pools {
		p := &s.pools[i]
		most := -1
		if p.MaxNodes > 0 {
			most = max(0, p.MaxNodes-p.live)
		}
		if o := estimate(p, i, pods, most); len(o.pods) > 0 && slices.Contains(o.pods, pods[0]) {
			options = append(options, o)
		}
	}
	return options
}

// giveUp drops the pods that nodes were bought for in vain.
func (s *simulation) giveUp() error {
	for _, p := range s.waiting {
		if p.bought <= maxNodesForOne {
			continue
		}
		s.result.UnschedulableCount++
		if len(s.result.Unschedulable) < 10 {
			s.result.Unschedulable = append(s.result.Unschedulable, fmt.Sprintf("%s/%s: %v", p.spec.Object.Namespace, p.spec.Object.Name, p.reason))
		}
	}
	s.waiting = slices.DeleteFunc(s.waiting, func(p *podState) bool { return p.bought > maxNodesForOne })
	return nil
}
