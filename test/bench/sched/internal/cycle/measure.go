// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cycle

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"runtime/pprof"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/test/perf/fleet"
	"github.com/tollgate-dev/tollgate/test/perf/policy"
)

// Options are how long it is measured.
type Options struct {
	// Budget is the time for the rounds of a cell, of all policies together.
	Budget time.Duration
	// MinRounds are measured however long they take.
	MinRounds int
}

// warmUp is how many rounds of each policy do not count.
const warmUp = 2

// Policy is a scheduler's configuration, in YAML.
type Policy struct {
	Name   string
	Config []byte
}

// Measured is what was measured of a policy. The i-th sample of each policy was taken in the same round.
type Measured struct {
	Policy  string
	Samples []Sample
	// Heap is what the scheduler holds in memory with the whole cluster, in bytes: its cache, its snapshot, its plugins, and the
	// objects themselves.
	Heap float64
	// Judged is set for cells of plain pods, if one of the policies is Tollgate's.
	Judged Judged
}

// Measure places pods on the same cluster with each policy in turn, round by round, and returns what it took in the order of
// the policies.
func Measure(ctx context.Context, cell Cell, policies []Policy, o Options) ([]Measured, error) {
	before := heap()
	f, err := cell.newFleet(time.Now())
	if err != nil {
		return nil, err
	}
	objects := heap() - before
	runners, out := make([]*runner, len(policies)), make([]Measured, len(policies))
	for i, p := range policies {
		before = heap()
		if runners[i], err = newRunner(ctx, cell, f, p.Name, p.Config); err != nil {
			return nil, fmt.Errorf("%s: %w", cell.Name(), err)
		}
		defer runners[i].cluster.Close()
		for range warmUp {
			if _, err := runners[i].round(ctx); err != nil {
				return nil, fmt.Errorf("%s: %w", cell.Name(), err)
			}
		}
		out[i] = Measured{Policy: p.Name, Heap: objects + heap() - before}
	}
	if err := rounds(ctx, runners, out, o); err != nil {
		return nil, fmt.Errorf("%s: %w", cell.Name(), err)
	}
	if err := checkPlaced(out); err != nil {
		return nil, fmt.Errorf("%s: %w", cell.Name(), err)
	}
	if err := judgeAll(ctx, cell, f, policies, runners, out); err != nil {
		return nil, fmt.Errorf("%s: %w", cell.Name(), err)
	}
	return out, nil
}

// rounds lets each policy place a batch in turn until the time is over.
func rounds(ctx context.Context, runners []*runner, out []Measured, o Options) (err error) {
	collect := betweenRounds()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	end := time.Now().Add(o.Budget)
	for round := 0; round < o.MinRounds || time.Now().Before(end); round++ {
		collect()
		for i := range runners {
			turn := (round + i) % len(runners)
			var sample Sample
			pprof.Do(ctx, pprof.Labels("policy", runners[turn].policy), func(ctx context.Context) { sample, err = runners[turn].round(ctx) })
			if err != nil {
				return err
			}
			out[turn].Samples = append(out[turn].Samples, sample)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// garbageLimit is how many bytes may be garbage before a round.
const garbageLimit = 512 << 20

// betweenRounds returns what collects garbage before a round. While pods are placed nothing is collected: the next policy would pay
// for what another one left. What each of them leaves is in the samples.
func betweenRounds() func() {
	live := heap()
	return func() {
		samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(samples)
		if float64(samples[0].Value.Uint64()) > live+garbageLimit {
			live = heap()
		}
	}
}

// unplacedPercent is how many pods may fit nowhere: on a small cluster no node may have room for a large one.
const unplacedPercent = 5

func checkPlaced(measured []Measured) error {
	for _, m := range measured {
		unplaced, all := 0, 0
		for _, s := range m.Samples {
			unplaced += s.Unplaced
			all += s.Placements
		}
		if 100*unplaced > unplacedPercent*all {
			return fmt.Errorf("policy %s: %d of %d pods fit on no node, so there is too little to measure", m.Policy, unplaced, all)
		}
	}
	return nil
}

// judgeAll judges placements of each policy.
func judgeAll(ctx context.Context, cell Cell, f *fleet.Fleet, policies []Policy, runners []*runner, out []Measured) error {
	own := slices.IndexFunc(policies, func(p Policy) bool { return p.Name == policy.Tollgate })
	if own < 0 || cell.Workload != fleet.Plain {
		return nil
	}
	j, stop, err := newJudge(ctx, f, policies[own].Config)
	if err != nil {
		return err
	}
	defer stop()
	for i, r := range runners {
		if out[i].Judged, err = r.judge(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

// heap returns the bytes of the heap that are in use.
func heap() float64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools keep goes with the second one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
