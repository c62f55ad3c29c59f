// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package bound

import (
	"context"
	"sort"
)

// timely adds the proofs that assume MaxWait: several duals, of which each
// window of time uses the best.
func (f *finder) timely(ctx context.Context, m *model, start [][]float64) error {
	edges := f.edges(max(f.options.Windows, f.options.Duals))
	demand := f.demandWithin(edges)
	parts := min(f.options.Duals, len(demand))
	menu := []Dual{m.dual(start, true)}
	steps := max(60, f.steps(m)/4)
	for i := range parts {
		f.progress("windows")
		from, to := i*len(demand)/parts, (i+1)*len(demand)/parts
		p := &problem{model: m, demand: make([]float64, m.classes), hours: float64(edges[to]-edges[from]) / 3600e9, steps: steps}
		for _, window := range demand[from:to] {
			for j, v := range window {
				p.demand[j] += v
			}
		}
		worths, _, err := search(ctx, p, start)
		if err != nil {
			return err
		}
		menu = append(menu, m.dual(worths, false))
	}
	f.progress("lifecycle")
	return f.choose(ctx, menu, edges, demand)
}

// edges splits the time up to end into windows of about equal work.
func (f *finder) edges(windows int) []int64 {
	var events []event
	for j, class := range f.Classes {
		for _, pod := range class.Pods {
			events = append(events, event{pod[0], j, 1}, event{pod[0] + pod[1], j, -1})
		}
	}
	sortEvents(events)
	total := 0.0
	for _, d := range f.demand() {
		total += d * 3600e9
	}
	edges, work, running := []int64{0}, 0.0, 0.0
	for i, e := range events {
		if i > 0 {
			length := float64(e.at - events[i-1].at)
			// A long stretch without events can hold several edges.
			for running > 0 && len(edges) < windows {
				missing := total*float64(len(edges))/float64(windows) - work
				if missing > running*length {
					break
				}
				at := events[i-1].at + int64(max(0, missing)/running)
				if at <= edges[len(edges)-1] || at >= f.end() {
					break
				}
				edges = append(edges, at)
			}
			work += running * length
		}
		running += float64(e.more)
	}
	return append(edges, f.end())
}

// demandWithin returns pod-hours by window and class, if no pod waits.
func (f *finder) demandWithin(edges []int64) [][]float64 {
	demand := make([][]float64, len(edges)-1)
	for i := range demand {
		demand[i] = make([]float64, len(f.Classes))
	}
	for j, class := range f.Classes {
		for _, pod := range class.Pods {
			from, to := pod[0], pod[0]+pod[1]
			i := sort.Search(len(edges), func(i int) bool { return edges[i] > from }) - 1
			for ; i < len(demand) && edges[i] < to; i++ {
				demand[i][j] += float64(min(to, edges[i+1])-max(from, edges[i])) / 3600e9
			}
		}
	}
	return demand
}

// choose adds the best proof of each kind that uses the duals of menu.
func (f *finder) choose(ctx context.Context, menu []Dual, edges []int64, demand [][]float64) error {
	plans, err := f.plans(menu, edges, demand)
	if err != nil {
		return err
	}
	kinds := []Proof{{Name: "windows", Assumes: AssumesMaxWait}}
	if !f.World.Evictions && f.World.Boot+f.World.EmptyDelay > 0 {
		kinds = append(kinds, Proof{Name: "lifecycle", Assumes: AssumesLifecycle})
	}
	for _, kind := range kinds {
		best := -1
		for _, plan := range plans {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			p := kind
			p.Duals = menu
			p.Windows = plan
			if err := f.add(p); err != nil {
				return err
			}
			last := len(f.Proofs) - 1
			if best >= 0 && f.Proofs[last].dollars() > f.Proofs[best].dollars() {
				f.Proofs[best] = f.Proofs[last]
			}
			if best < 0 {
				best = last
			} else {
				f.Proofs = f.Proofs[:last]
			}
		}
		f.Proofs[best].prune()
	}
	return nil
}

// plans returns ways to use the duals: each all the time, none at all, and in
// each window the one that says most there.
func (f *finder) plans(menu []Dual, edges []int64, demand [][]float64) ([][]Window, error) {
	values := make([][]float64, len(menu)) // dollars by dual and window
	whole := make([]float64, len(menu))
	for d := range menu {
		r, err := f.rates(menu[d], false)
		if err != nil {
			return nil, err
		}
		penalty, _ := r.penalty.Float64()
		values[d] = make([]float64, len(demand))
		for i, window := range demand {
			values[d][i] = -penalty * 1e-12 * float64(edges[i+1]-edges[i]) / 3600e9
			for j, hours := range window {
				rate, _ := r.pods[j].Float64()
				values[d][i] += rate * 1e-12 * hours
			}
			whole[d] += values[d][i]
		}
	}
	constant, each := 0, make([]Window, len(demand))
	for d := range menu {
		if whole[d] > whole[constant] {
			constant = d
		}
		for i := range each {
			each[i].From = edges[i]
			if d > 0 && values[d][i] > values[each[i].Dual][i] {
				each[i].Dual = d
			}
		}
	}
	return [][]Window{{{0, constant}}, {{0, -1}}, each}, nil
}

// prune drops the duals of no window, unless the nodes' lifecycle may use them.
func (p *Proof) prune() {
	if p.Assumes != AssumesMaxWait {
		return
	}
	index := make(map[int]int)
	var kept []Dual
	windows := make([]Window, len(p.Windows))
	for i, w := range p.Windows {
		at, ok := index[w.Dual]
		if w.Dual >= 0 && !ok {
			at = len(kept)
			index[w.Dual] = at
			kept = append(kept, p.Duals[w.Dual])
		}
		if w.Dual < 0 {
			at = -1
		}
		windows[i] = Window{From: w.From, Dual: at}
	}
	p.Duals, p.Windows = kept, windows
}
