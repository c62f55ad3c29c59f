// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
)

// progressEvery is after how many events Progress is called.
const progressEvery = 256

// Run simulates until the last pod has ended and the last node is gone. It
// returns an error for a configuration that cannot work, such as a pod that no
// pool admits, before anything happens.
func Run(ctx context.Context, config *Config) (*Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends what the placer started
	s := &simulation{
		config:     config,
		autoscaler: config.Autoscaler.WithDefaults(),
		clock:      clocktesting.NewFakePassiveClock(config.Workload.Start),
		random:     rand.New(rand.NewPCG(config.Seed, 0x70_6f_6f_6c)), //nolint:gosec // reproducible chance is what is wanted
		byName:     map[string]*nodeState{},
		names:      map[string]bool{},
	}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	var err error
	if s.placer, err = config.NewPlacer(ctx, s.clock); err != nil {
		return nil, err
	}
	if err := s.begin(); err != nil {
		return nil, err
	}
	for n := 0; !s.queue.empty(); n++ {
		if n%progressEvery == 0 {
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("simulating: %w", context.Cause(ctx))
			}
			if config.Progress != nil {
				config.Progress(Progress{Arrived: s.arrived, Pods: len(config.Workload.Pods), Nodes: len(s.nodes)})
			}
		}
		if err := s.step(ctx); err != nil {
			return nil, fmt.Errorf("simulating at %s: %w", s.now, err)
		}
	}
	return s.finish(), nil
}

// prepare checks the configuration.
func (s *simulation) prepare() error {
	if _, err := scaleUpOf(s.autoscaler.ScaleUp); err != nil {
		return err
	}
	w := s.config.Workload
	if len(s.config.NodePools) != len(w.Nodes) {
		return fmt.Errorf("simulating %s: there are %d nodes and pools for %d of them", w.Name, len(w.Nodes), len(s.config.NodePools))
	}
	for i := range s.config.Pools {
		p := &s.config.Pools[i]
		if p.Price < 0 { // 0 is a price: somebody else pays
			return fmt.Errorf("simulating %s: pool %s costs %s; want 0 or more", w.Name, p.Name, p.Price)
		}
		s.pools = append(s.pools, poolState{Pool: p, allocatable: p.Allocatable(), accelerator: p.HasAccelerator()})
	}
	for _, c := range s.config.PriceChanges {
		if c.Pool < 0 || c.Pool >= len(s.pools) || c.Price <= 0 || c.At < 0 {
			return fmt.Errorf("simulating %s: pool %d of %d is to cost %s/h from %s on; want the index of a pool, a price and a time above 0", w.Name, c.Pool, len(s.pools), c.Price, c.At)
		}
	}
	s.bill = newBill(s.config.Pools)
	return nil
}

// begin puts the nodes there, and everything that is known to happen.
func (s *simulation) begin() error {
	w := s.config.Workload
	for _, node := range w.Nodes {
		s.names[node.Name] = true
	}
	for i, node := range w.Nodes {
		if err := s.existing(node.DeepCopy(), s.config.NodePools[i]); err != nil {
			return err
		}
	}
	pods, err := s.podStates()
	if err != nil {
		return err
	}
	for _, p := range pods {
		if p.spec.Object.Spec.NodeName != "" {
			if err := s.alreadyBound(p); err != nil {
				return err
			}
			continue
		}
		s.queue.push(event{at: p.spec.Arrives, kind: podArrives, pod: p})
	}
	for _, n := range s.nodes {
		s.idleIfEmpty(n)
	}
	for i, c := range s.config.PriceChanges {
		s.queue.push(event{at: c.At, kind: priceChanges, i: i})
	}
	if s.autoscaler.Consolidation && len(pods) > 0 {
		s.queue.push(event{at: s.autoscaler.ConsolidationInterval, kind: consolidate})
	}
	s.bill.endAt = w.Duration()
	return nil
}

// step does everything that happens in the next instant.
func (s *simulation) step(ctx context.Context) error {
	s.advance(s.queue.next())
	for !s.queue.empty() && s.queue.next() == s.now && s.queue.events[0].kind < consolidate {
		if err := s.handle(ctx, s.queue.pop()); err != nil {
			return err
		}
	}
	if err := s.schedule(ctx); err != nil {
		return err
	}
	// What an autoscaler does comes after, and may make pods wait again.
	for !s.queue.empty() && s.queue.next() == s.now && s.queue.events[0].kind >= consolidate {
		if err := s.handle(ctx, s.queue.pop()); err != nil {
			return err
		}
		if err := s.schedule(ctx); err != nil {
			return err
		}
	}
	s.planScan()
	return nil
}

func (s *simulation) advance(to time.Duration) {
	s.now = to
	s.clock.SetTime(s.config.Workload.Start.Add(to))
}

func (s *simulation) handle(ctx context.Context, e event) error {
	switch e.kind {
	case podEnds:
		switch {
		case e.turn != e.pod.turn:
		case e.pod.mirror:
			return s.endMirror(e.pod)
		default:
			return s.end(e.pod)
		}
	case nodeReady:
		return s.makeReady(e.node)
	case priceChanges:
		return s.changePrice(s.config.PriceChanges[e.i])
	case podArrives:
		s.arrived++
		e.pod.since = s.now
		s.enqueue(e.pod)
		s.retry.nodes = append(s.retry.nodes, nil) // marks that somebody is new
	case consolidate:
		return s.consolidate()
	case nodeIdle:
		if e.turn == e.node.turn && !e.node.gone {
			return s.remove(e.node)
		}
	case scan:
		s.scanAt = 0
		return s.scaleUp()
	}
	return nil
}

// podStates reads the workload's pods, and checks that each fits somewhere.
func (s *simulation) podStates() ([]*podState, error) {
	w := s.config.Workload
	classes := newClasses(s.pools)
	pods := make([]*podState, len(w.Pods))
	var larger larger
	for i := range w.Pods {
		spec := &w.Pods[i]
		p := &podState{
			spec: spec, seq: i, object: spec.Object,
			request:   costmodel.RequestOf(spec.Object),
			remaining: spec.Lifetime,
			pinned:    len(w.Nodes) > 0 && len(spec.Object.OwnerReferences) == 0,
		}
		p.pools = classes.of(p)
		if hasConstraints(spec.Object) {
			s.constrained = true
		}
		if len(p.pools) == 0 && spec.Object.Spec.NodeName == "" && !s.someNodeAdmits(p) {
			larger.add(p, s.pools)
		}
		pods[i] = p
	}
	return pods, larger.err()
}

func (s *simulation) finish() *Result {
	r := &s.result
	r.NodesBought = s.counter
	r.WaitP50, r.WaitP99, r.WaitMax = quantiles(s.waits)
	s.bill.finish(s.now, s.config.Workload.Duration(), r)
	return r
}
