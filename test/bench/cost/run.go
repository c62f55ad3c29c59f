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
	outcomes := map[string]*outcome{}
	var setting *experiment.Setting
	var limit *experiment.Bound
	for _, policy := range p.policies {
		key := fmt.Sprintf("%s/%s/x%d/%d", j.cell.name(), policy, p.copies, j.seed)
		o, err := s.get(key)
		if err != nil {
			return nil, err
		}
		if o == nil {
			if setting == nil {
				trace, err := p.trace(j.cell.trace)
				if err != nil {
					return nil, err
				}
				if setting, err = experiment.InWorld(trace, j.cell.world, p.copies, uint64(j.seed)); err != nil {
					return nil, err
				}
				if limit, err = setting.Bound(ctx); err != nil {
					return nil, err
				}
			}
			profile, err := profiles.Named(policy)
			if err != nil {
				return nil, err
			}
			begin := time.Now()
			result, err := setting.Run(ctx, profile, nil)
			if err != nil {
				return nil, err
			}
			if err := limit.Check(result); err != nil {
				return nil, err
			}
			o = &outcome{Result: result, Bound: limit.Dollars, Fluid: limit.Fluid, Seconds: time.Since(begin).Seconds()}
			if err := s.put(key, o); err != nil {
				return nil, err
			}
		}
		outcomes[policy] = o
	}
	return outcomes, nil
}
