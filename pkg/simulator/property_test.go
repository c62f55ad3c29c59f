// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"
	"pgregory.net/rapid"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/pricing"
	"github.com/tollgate-dev/tollgate/pkg/simulator"
	"github.com/tollgate-dev/tollgate/pkg/simulator/pool"
	_ "github.com/tollgate-dev/tollgate/test/seed"
)

// randomConfig has pods of all sizes over an hour or two.
func randomConfig(seed uint64, pods int) *simulator.Config {
	random := rand.New(rand.NewPCG(seed, 1))
	w := newWorkload()
	at := int64(0)
	for i := range pods {
		at += random.Int64N(60)
		w.Pods = append(w.Pods, newPod(i, 1+random.Int64N(15), 1+random.Int64N(60), at, 1+random.Int64N(3000)))
	}
	spot := newPool("spot", 16, 64, 0.3)
	spot.CapacityType, spot.MaxNodes = pricing.CapacityTypeSpot, 2
	prepaid := newPool("prepaid", 32, 128, 1.7)
	prepaid.Prepaid = 1
	return &simulator.Config{
		Workload: w, Pools: []pool.Pool{newPool("small", 16, 64, 0.8), newPool("large", 64, 256, 3), spot, prepaid},
		NewPlacer: byPacking, Seed: seed,
		Autoscaler: simulator.Autoscaler{ScaleUp: simulator.RandomPool},
	}
}

// auditor checks what a simulation tells its placer.
type auditor struct {
	simulator.Placer
	t     *rapid.T
	clock clock.PassiveClock
	free  map[string]costmodel.Request
	began map[string]time.Time // by pod
	ran   map[string]time.Duration
}

func (a *auditor) AddNode(n *corev1.Node) error {
	free := costmodel.Request{}
	free.Add(costmodel.RequestOfList(n.Status.Allocatable))
	a.free[n.Name] = free
	return a.Placer.AddNode(n)
}

func (a *auditor) AddPod(p *corev1.Pod) error {
	r, free := costmodel.RequestOf(p), a.free[p.Spec.NodeName]
	if !pool.Fits(r, free) {
		a.t.Fatalf("pod %s does not fit on node %s any more", p.Name, p.Spec.NodeName)
	}
	free.MilliCPU -= r.MilliCPU
	free.Memory -= r.Memory
	a.free[p.Spec.NodeName] = free
	a.began[p.Name] = a.clock.Now()
	return a.Placer.AddPod(p)
}

func (a *auditor) RemovePod(p *corev1.Pod) error {
	free := a.free[p.Spec.NodeName]
	free.Add(costmodel.RequestOf(p))
	a.free[p.Spec.NodeName] = free
	a.ran[p.Name] += a.clock.Now().Sub(a.began[p.Name])
	return a.Placer.RemovePod(p)
}

// Whatever happens, no node holds more than it can, and every pod runs for its
// whole lifetime: else policies would be compared on different work.
func TestEveryPodRunsInFull(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		config := randomConfig(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(1, 80).Draw(t, "pods"))
		config.Autoscaler.Consolidation = rapid.Bool().Draw(t, "consolidation")
		config.Autoscaler.ScaleUp = rapid.SampledFrom(simulator.ScaleUps).Draw(t, "scale-up")
		a := &auditor{t: t, free: map[string]costmodel.Request{}, began: map[string]time.Time{}, ran: map[string]time.Duration{}}
		config.NewPlacer = func(ctx context.Context, c clock.PassiveClock) (simulator.Placer, error) {
			a.clock = c
			p, err := byPacking(ctx, c)
			a.Placer = p
			return a, err
		}
		r, err := simulator.Run(t.Context(), config)
		if err != nil {
			t.Fatalf("Run: %v", err)
		}
		if want := len(config.Workload.Pods) + r.Evictions; r.Placements != want {
			t.Errorf("%d placements, want %d", r.Placements, want)
		}
		total := time.Duration(0)
		for _, p := range config.Workload.Pods {
			if a.ran[p.Object.Name] != p.Lifetime {
				t.Errorf("pod %s ran for %v, want %v", p.Object.Name, a.ran[p.Object.Name], p.Lifetime)
			}
			total += p.Lifetime
		}
		hours := 0.0
		for _, h := range r.NodeHours {
			hours += h
		}
		if hours*64 < total.Hours() {
			t.Errorf("%v node-hours are too few for %v pod-hours", hours, total.Hours())
		}
	})
}
