// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package bound

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	"github.com/tollgate-dev/tollgate/pkg/simulator/workload"
	_ "github.com/tollgate-dev/tollgate/test/seed"
)

// piece is a stretch of a pod's running. Pods that are evicted have several.
type piece struct {
	milli, mib, from, to int64 // minutes
}

// cluster is what brute force tries: a node for each set of pieces.
type cluster struct {
	pools  []pool.Pool
	boot   int64
	delay  int64
	nodes  [][]piece
	of     []int // pool by node
	best   float64
	cpu    []int64
	memory []int64
}

func (c *cluster) try(rest []piece) {
	if len(rest) == 0 {
		c.best = min(c.best, c.dollars())
		return
	}
	p := rest[0]
	for i := range c.nodes {
		c.nodes[i] = append(c.nodes[i], p)
		if c.fits(i, p) {
			c.try(rest[1:])
		}
		c.nodes[i] = c.nodes[i][:len(c.nodes[i])-1]
	}
	for k := range c.pools {
		c.nodes, c.of = append(c.nodes, []piece{p}), append(c.of, k)
		if i := len(c.nodes) - 1; c.fits(i, p) {
			c.try(rest[1:])
		}
		c.nodes, c.of = c.nodes[:len(c.nodes)-1], c.of[:len(c.of)-1]
	}
}

// fits looks at the instants at which a piece of the node begins.
func (c *cluster) fits(i int, last piece) bool {
	for _, at := range append([]piece{last}, c.nodes[i]...) {
		var cpu, memory int64
		for _, p := range c.nodes[i] {
			if p.from <= at.from && at.from < p.to {
				cpu += p.milli
				memory += p.mib
			}
		}
		if cpu > c.cpu[c.of[i]] || memory > c.memory[c.of[i]] {
			return false
		}
	}
	return true
}

// dollars counts live nodes minute by minute; nodes beyond MaxNodes are not to
// be had.
func (c *cluster) dollars() float64 {
	live := map[int]map[int64]int{}
	for i, pieces := range c.nodes {
		from, to := pieces[0].from, pieces[0].to
		for _, p := range pieces {
			from, to = min(from, p.from), max(to, p.to)
		}
		if live[c.of[i]] == nil {
			live[c.of[i]] = map[int64]int{}
		}
		for t := max(0, from-c.boot); t < to+c.delay; t++ {
			live[c.of[i]][t]++
		}
	}
	dollars := 0.0
	for k, byMinute := range live {
		for _, n := range byMinute {
			if c.pools[k].MaxNodes > 0 && n > c.pools[k].MaxNodes {
				return math.Inf(1)
			}
			dollars += c.pools[k].Price.Dollars() / 60 * float64(max(0, n-c.pools[k].Prepaid))
		}
	}
	return dollars
}

// optimum tries all placements and a few ways to wait, and with evictions all
// ways to split each pod in the middle and lose the wait there.
func optimum(w *workload.Workload, pools []pool.Pool, o Options) float64 {
	c := &cluster{pools: pools, boot: int64(o.Boot / time.Minute), delay: int64(o.EmptyDelay / time.Minute), best: math.Inf(1)}
	sunk := 0.0
	for i := range pools {
		a := pools[i].Allocatable()
		c.cpu, c.memory = append(c.cpu, a.MilliCPU), append(c.memory, a.Memory>>20)
		sunk += pools[i].Price.Dollars() * float64(pools[i].Prepaid) * w.Duration().Hours()
	}
	choices := 2
	if o.Evictions {
		choices = 3
	}
	wait := int64(o.MaxWait / time.Minute)
	total := 1
	for range w.Pods {
		total *= choices
	}
	for n := range total {
		var pieces []piece
		for i, choice := 0, n; i < len(w.Pods); i, choice = i+1, choice/choices {
			p := w.Pods[i]
			list := p.Object.Spec.Containers[0].Resources.Requests
			from, life := int64(p.Arrives/time.Minute), int64(p.Lifetime/time.Minute)
			one := piece{milli: list.Cpu().MilliValue(), mib: list.Memory().Value() >> 20}
			add := func(from, to int64) {
				one.from, one.to = from, to
				pieces = append(pieces, one)
			}
			switch choice % choices {
			case 0:
				add(from, from+life)
			case 1:
				add(from+wait, from+wait+life)
			case 2:
				add(from, from+life/2)
				add(from+life/2+wait, from+life+wait)
			}
		}
		c.try(pieces)
	}
	return c.best + sunk
}

func genPools(t *rapid.T) []pool.Pool {
	a := cores("a", rapid.SampledFrom([]int64{4, 8}).Draw(t, "coresA"), pricing.Dollar)
	b := cores("b", rapid.SampledFrom([]int64{4, 6, 16}).Draw(t, "coresB"), pricing.Money(rapid.Int64Range(1, 30).Draw(t, "price"))*pricing.Dollar/10)
	b.MaxNodes = rapid.IntRange(0, 2).Draw(t, "maxNodes")
	b.Prepaid = rapid.SampledFrom([]int{0, 0, 1}).Draw(t, "prepaid")
	return []pool.Pool{a, b}
}

func genWork(t *rapid.T, most int) *workload.Workload {
	var pods []workload.Pod
	for range rapid.IntRange(1, most).Draw(t, "pods") {
		minutes := func(from, to int64, name string) time.Duration {
			return time.Duration(rapid.Int64Range(from, to).Draw(t, name)) * time.Minute
		}
		pods = append(pods, run(rapid.Int64Range(0, 8).Draw(t, "cpu")*500, rapid.Int64Range(0, 8).Draw(t, "memory")<<11,
			minutes(0, 60, "arrives"), 2*minutes(1, 20, "life")))
	}
	return work(pods...)
}

// No schedule that brute force finds is cheaper than the bound.
func TestBoundIsBelowTheOptimum(t *testing.T) {
	for _, evictions := range []bool{false, true} {
		most := 4
		if evictions {
			most = 3
		}
		tight := 0
		rapid.Check(t, func(t *rapid.T) {
			w, pools := genWork(t, most), genPools(t)
			o := Options{MaxWait: time.Duration(rapid.Int64Range(1, 8).Draw(t, "wait")) * time.Minute, Evictions: evictions, Steps: 300, Windows: 6, Duals: 3}
			if !evictions {
				o.Boot = time.Duration(rapid.Int64Range(0, 3).Draw(t, "boot")) * time.Minute
				o.EmptyDelay = time.Duration(rapid.Int64Range(0, 10).Draw(t, "delay")) * time.Minute
			}
			best := optimum(w, pools, o)
			c := mustCompute(t, w, pools, o)
			if got, _ := mustVerify(t, c).Float64(); got > best+1e-9 {
				t.Fatalf("the bound is $%f, and $%f is possible: %+v", got, best, c.Proofs)
			} else if got > 0.9*best {
				tight++
			}
		})
		t.Logf("evictions %v: within a tenth of the optimum %d times", evictions, tight)
	}
}
