// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import "slices"

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
func (s *simulation) scaleUp() error {
	choose, err := scaleUpOf(s.autoscaler.ScaleUp)
	if err != nil {
		return err
	}
	s.giveUp()
	unhelped := s.unhelped()
	for len(unhelped) > 0 {
		options := s.options(unhelped)
		if len(options) == 0 {
			// Every pool that would do is at its maximum: it waits for room.
			unhelped = unhelped[1:]
			continue
		}
		o := choose(options, s)
		bought := &purchase{pool: o.pool}
		for range o.nodes {
			bought.nodes = append(bought.nodes, s.buy(o.pool))
		}
		for _, p := range o.pods {
			p.purchase = bought
		}
		unhelped = slices.DeleteFunc(unhelped, func(p *podState) bool { return p.purchase == bought })
	}
	return nil
}

// unhelped returns the pods that no booting node will hold.
func (s *simulation) unhelped() []*podState {
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
	return unhelped
}

// options are what can be bought so that the first pod that waits is helped,
// each with all pods that it would help. They are in order of the pools.
func (s *simulation) options(pods []*podState) []option {
	var options []option
	for _, i := range pods[0].pools {
		if pods[0].refuses(i) {
			continue
		}
		p := &s.pools[i]
		most := -1
		if p.MaxNodes > 0 {
			most = max(0, p.MaxNodes-p.live)
		}
		if o := estimate(p, i, pods, most); len(o.pods) > 0 && o.pods[0] == pods[0] {
			options = append(options, o)
		}
	}
	return options
}
