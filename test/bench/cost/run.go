// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tollgate-dev/tollgate/pkg/simulator"
	"github.com/tollgate-dev/tollgate/pkg/simulator/bound"
	"github.com/tollgate-dev/tollgate/pkg/simulator/experiment"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
)

// results are by cell, policy and seed.
type results map[string]map[string][]*outcome

// job is all policies of one cell with one seed: they share the workload and
// the bound.
type job struct {
	cell cell
	seed int
}

// run does what is not done yet, and returns everything.
func (p *plan) run(ctx context.Context, s *store, workers int) (results, error) {
	out := results{}
	for _, c := range p.cells {
		out[c.name()] = map[string][]*outcome{}
		for _, policy := range p.policies {
			out[c.name()][policy] = make([]*outcome, p.seeds)
		}
		if _, err := p.trace(c.trace); err != nil { // before several workers ask for it
			return nil, err
		}
	}
	total := len(p.cells) * p.seeds
	done := 0
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, workers))
	begin := time.Now()
	for _, c := range p.cells {
		for seed := 1; seed <= p.seeds; seed++ {
			group.Go(func() error {
				outcomes, err := p.runJob(ctx, s, job{c, seed})
				if err != nil {
					return fmt.Errorf("cell %s, seed %d: %w", c.name(), seed, err)
				}
				mu.Lock()
				defer mu.Unlock()
				for policy, o := range outcomes {
					out[c.name()][policy][seed-1] = o
				}
				done++
				elapsed := time.Since(begin)
				left := elapsed / time.Duration(done) * time.Duration(total-done)
				fmt.Fprintf(os.Stderr, "%d/%d  %s seed %d  %s, %s to go\n", done, total, c.name(), seed,
					elapsed.Round(time.Second), left.Round(time.Second))
				return nil
			})
		}
	}
	return out, group.Wait()
}

func (p *plan) runJob(ctx context.Context, s *store, j job) (map[string]*outcome, error) {
	// The workload and the pools are made only if something is left to do.
	setting := sync.OnceValues(func() (*experiment.Setting, error) {
		trace, err := p.trace(j.cell.trace)
		if err != nil {
			return nil, err
		}
		return experiment.InWorld(trace, j.cell.world, p.copies, uint64(j.seed))
	})
	outcomes := map[string]*outcome{}
	all := make([]*simulator.Result, 0, len(p.policies))
	for _, policy := range p.policies {
		o, err := once(s, p.key(j, policy), func() (*outcome, error) {
			in, err := setting()
			if err != nil {
				return nil, err
			}
			profile, err := profiles.Named(policy)
			if err != nil {
				return nil, err
			}
			begin := time.Now()
			result, err := in.Run(ctx, profile, nil)
			return &outcome{Result: result, Seconds: time.Since(begin).Seconds()}, err
		})
		if err != nil {
			return nil, err
		}
		outcomes[policy] = o
		all = append(all, o.Result)
	}
	// One bound for all: it allows for the longest wait of any of them.
	wait := experiment.LongestDelay(all...)
	limit, err := once(s, p.key(j, "bound-"+wait.String()), func() (*outcome, error) {
		in, err := setting()
		if err != nil {
			return nil, err
		}
		c, err := in.Bound(ctx, wait)
		if err != nil {
			return nil, err
		}
		return &outcome{Bound: c.Dollars(), Fluid: c.DollarsAssuming(bound.AssumesNothing)}, nil
	})
	if err != nil {
		return nil, err
	}
	// A bound that was kept may be from a run with other policies.
	for _, r := range all {
		if err := experiment.HoldsAt(limit.Bound, max(wait, time.Second), r); err != nil {
			return nil, err
		}
	}
	for _, o := range outcomes {
		o.Bound, o.Fluid = limit.Bound, limit.Fluid
	}
	return outcomes, nil
}

func (p *plan) key(j job, what string) string {
	return fmt.Sprintf("%s/%s/x%d/%d", j.cell.name(), what, p.copies, j.seed)
}

// once does what is not in the store yet.
func once(s *store, key string, do func() (*outcome, error)) (*outcome, error) {
	o, err := s.get(key)
	if err != nil || o != nil {
		return o, err
	}
	if o, err = do(); err != nil {
		return nil, err
	}
	return o, s.put(key, o)
}
