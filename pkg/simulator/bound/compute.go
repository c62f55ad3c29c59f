// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package bound

import (
	"context"
	"fmt"
	"time"

	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
)

// Options are what the bound may assume, and how hard to search. Every value
// gives a valid bound.
type Options struct {
	// NodePools holds the index of the pool of each of the workload's nodes.
	NodePools []int
	// MaxWait is the longest that a pod waits in all, after evictions included;
	// 0 if nothing is assumed. Limited and prepaid pools count only with it.
	MaxWait time.Duration
	// Boot and EmptyDelay are for how long a node is at least paid before its
	// first and after its last pod. They count only with MaxWait and without
	// Evictions.
	Boot, EmptyDelay time.Duration
	// Evictions says that pods can be interrupted, as consolidation does.
	Evictions bool
	// Windows is how many stretches of time may have duals of their own: 48.
	Windows int
	// Duals is how many duals there are to choose from: 12.
	Duals int
	// Steps is how long to search for each dual: 2000, less where there are many
	// classes of pods.
	Steps int
	// Progress is called before each step of the work; nil for never.
	Progress func(Progress)
}

// Progress is how far Compute is.
type Progress struct {
	// Done of Total steps are done; What comes next.
	Done, Total int
	What        string
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		field *int
		value int
	}{{&o.Windows, 48}, {&o.Duals, 12}, {&o.Steps, 2000}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	return o
}

// Compute finds a lower bound on the dollars of every scheduler, and proves it.
// It depends on nothing but its arguments, and stops early only if ctx ends. It
// leaves pods out that no pool admits.
func Compute(ctx context.Context, w *workload.Workload, pools []pool.Pool, options Options) (*Certificate, error) {
	c, err := describe(w, pools, options.NodePools)
	if err != nil {
		return nil, err
	}
	c.World = World{MaxWait: int64(options.MaxWait), Boot: int64(options.Boot), EmptyDelay: int64(options.EmptyDelay), Evictions: options.Evictions}
	if err := c.wellFormedData(); err != nil {
		return nil, fmt.Errorf("bounding cost: %w", err)
	}
	f := &finder{Certificate: c, options: options.withDefaults()}
	if err := f.find(ctx); err != nil {
		return nil, fmt.Errorf("bounding cost: %w", err)
	}
	return c, nil
}

// finder adds proofs to a certificate.
type finder struct {
	*Certificate
	options Options
	done    int
}

func (f *finder) find(ctx context.Context) error {
	fluid, err := f.constant(ctx, "fluid", newModel(f.Certificate, false), nil)
	if err != nil {
		return err
	}
	m := newModel(f.Certificate, true)
	best, err := f.constant(ctx, "dff", m, widen(fluid, m))
	if err != nil {
		return err
	}
	if f.World.MaxWait == 0 {
		return nil
	}
	return f.timely(ctx, m, best)
}

// constant adds the proof that assumes nothing: one dual for all time.
func (f *finder) constant(ctx context.Context, name string, m *model, start [][]float64) ([][]float64, error) {
	f.progress(name)
	p := &problem{model: m, demand: f.demand(), steps: f.steps(m)}
	worths, _, err := search(ctx, p, start)
	if err != nil {
		return nil, err
	}
	return worths, f.add(Proof{Name: name, Assumes: AssumesNothing, Duals: []Dual{m.dual(worths, true)}})
}

// add works out what a proof proves, and keeps it.
func (f *finder) add(p Proof) error {
	dollars, err := f.prove(&p)
	if err != nil {
		return fmt.Errorf("finding proof %q: %w", p.Name, err)
	}
	p.Dollars = decimal(dollars)
	f.Proofs = append(f.Proofs, p)
	return nil
}

// demand returns the pod-hours of each class.
func (f *finder) demand() []float64 {
	demand := make([]float64, len(f.Classes))
	for j, class := range f.Classes {
		for _, pod := range class.Pods {
			demand[j] += float64(pod[1]) / 3600e9
		}
	}
	return demand
}

// steps is fewer for large problems.
func (f *finder) steps(m *model) int {
	const budget = 1 << 30 // multiplications
	return max(100, min(f.options.Steps, budget/(len(m.row)+1)))
}

func (f *finder) progress(what string) {
	if f.options.Progress != nil {
		total := 2
		if f.World.MaxWait > 0 {
			total += f.options.Duals + 1
		}
		f.options.Progress(Progress{Done: f.done, Total: max(total, f.done+1), What: what})
	}
	f.done++
}

// widen puts worths of a model without functions into one with them.
func widen(worths [][]float64, m *model) [][]float64 {
	wide := make([][]float64, len(worths))
	for k := range worths {
		wide[k] = make([]float64, m.rows)
		for r, v := range worths[k] {
			wide[k][r*len(m.steps)] = v
		}
	}
	return wide
}
