// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package costscore

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	v1 "k8s.io/api/core/v1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	upstream "k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"

	"github.com/tollgate-dev/tollgate/pkg/costmodel"
	"github.com/tollgate-dev/tollgate/pkg/nodeindex"
)

// fit returns the NodeResourcesFit of a profile.
func fit(t testing.TB, c *cluster) fwk.ScorePlugin {
	t.Helper()
	for _, instance := range c.EnqueueExtensions() {
		if instance.Name() == upstream.NodeResourcesFit {
			return instance.(fwk.ScorePlugin)
		}
	}
	t.Fatal("no NodeResourcesFit")
	return nil
}

// nodeInfo returns a node with some pods, which may have more than there is.
func (r random) nodeInfo() *framework.NodeInfo {
	n := node("n", "", capacity(resources{"pods": "110"}))
	n.Status.Allocatable = v1.ResourceList{}
	if !r.chance(0.05) {
		n.Status.Allocatable[v1.ResourceCPU] = *resourceQuantity(v1.ResourceCPU, 1+r.Int64N(8000))
	}
	if !r.chance(0.05) {
		n.Status.Allocatable[v1.ResourceMemory] = *resourceQuantity(v1.ResourceMemory, 1+r.Int64N(32<<30))
	}
	var pods []*v1.Pod
	for range r.IntN(8) {
		p := pod("p").Obj()
		r.request(p)
		pods = append(pods, p)
	}
	info := framework.NewNodeInfo(pods...)
	info.SetNode(n)
	return info
}

// The packing score is the score of NodeResourcesFit to the last point, and does
// not exceed the bound that the index takes from nodes that are at least as full.
func TestPackingIsThatOfFit(t *testing.T) {
	ctx := context.Background()
	plugin := fit(t, newCluster(t, nil, nil))
	r := random{Rand: rand.New(rand.NewPCG(1, 1))}
	scores := map[int64]bool{}
	for range 20_000 {
		info, p := r.nodeInfo(), pod("p").Obj()
		r.request(p)
		want, status := plugin.Score(ctx, framework.NewCycleState(), p, info)
		if !status.IsSuccess() {
			t.Fatal(status.AsError())
		}
		packing := packingOf(p)
		got := packing.score(info)
		if got != want {
			t.Fatalf("got score %d, want %d: %v on %v with %v", got, want, p.Spec.Containers, info.GetAllocatable(), info.GetNonZeroRequested())
		}
		scores[got] = true
		sample := &nodeindex.Sample{Cost: costmodel.Node{Allocatable: toRequest(info.GetAllocatable())}}
		for _, fuller := range []float64{0, 1e-9, 0.3} {
			if most := packing.most(sample, packed(info)+fuller); most < got {
				t.Fatalf("got score %d above the bound %d: %v on %v with %v", got, most, p.Spec.Containers, info.GetAllocatable(), info.GetNonZeroRequested())
			}
		}
	}
	if len(scores) != 101 {
		t.Errorf("got %d different scores, want all", len(scores))
	}
}

// The bound is not lower than the score where sums of floats come out a little
// below a whole number.
func TestBoundOfWholePercentages(t *testing.T) {
	info, least := framework.NewNodeInfo(), fwk.MaxNodeScore
	for capacity := range int64(40) {
		info.Allocatable = &framework.Resource{MilliCPU: capacity, Memory: capacity}
		sample := &nodeindex.Sample{Cost: costmodel.Node{Allocatable: toRequest(info.GetAllocatable())}}
		for requested := range capacity {
			info.NonZeroRequested = &framework.Resource{MilliCPU: requested, Memory: requested}
			for more := range capacity {
				p := packing{milliCPU: more, memory: more}
				score, most := p.score(info), p.most(sample, packed(info))
				least = min(least, most-score)
				if most < score {
					t.Errorf("got score %d above the bound %d: %d and %d of %d", score, most, requested, more, capacity)
				}
			}
		}
	}
	if least > 0 {
		t.Errorf("the bound is never better than %d above the score", least)
	}
}

// fixedScorer is a Score plugin that is a function.
type fixedScorer func(*v1.Pod, fwk.NodeInfo) (int64, *fwk.Status)

func (fixedScorer) Name() string                         { return "Scorer" }
func (fixedScorer) ScoreExtensions() fwk.ScoreExtensions { return nil }

func (s fixedScorer) Score(_ context.Context, _ fwk.CycleState, p *v1.Pod, info fwk.NodeInfo) (int64, *fwk.Status) {
	return s(p, info)
}

// TestProfileFaults has the strategies of NodeResourcesFit.
func TestIsMostAllocated(t *testing.T) {
	exact := func(p *v1.Pod, info fwk.NodeInfo) int64 { return packingOf(p).score(info) }
	tests := map[string]struct {
		plugin fwk.ScorePlugin
		want   bool
	}{
		"NodeResourcesFit": {fit(t, newCluster(t, nil, nil)), true},
		"the formula":      {fixedScorer(func(p *v1.Pod, info fwk.NodeInfo) (int64, *fwk.Status) { return exact(p, info), nil }), true},
		"an error": {fixedScorer(func(p *v1.Pod, info fwk.NodeInfo) (int64, *fwk.Status) {
			return exact(p, info), fwk.AsStatus(errors.New("no"))
		}), false},
		"rounded up": {fixedScorer(func(p *v1.Pod, info fwk.NodeInfo) (int64, *fwk.Status) {
			a := info.GetAllocatable()
			requests := p.Spec.Containers[0].Resources.Requests
			c := requests.Cpu().MilliValue() * 100 / a.GetMilliCPU()
			m := requests.Memory().Value() * 100 / a.GetMemory()
			return (c + m + 1) / 2, nil
		}), false},
		"not rounded in between": {fixedScorer(func(p *v1.Pod, info fwk.NodeInfo) (int64, *fwk.Status) {
			a := info.GetAllocatable()
			requests := p.Spec.Containers[0].Resources.Requests
			return (requests.Cpu().MilliValue() + requests.Memory().Value()) * 100 / (a.GetMilliCPU() + a.GetMemory()), nil
		}), false},
		"a constant": {fixedScorer(func(*v1.Pod, fwk.NodeInfo) (int64, *fwk.Status) { return 50, nil }), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := isMostAllocated(t.Context(), tt.plugin); got != tt.want {
				t.Errorf("got %t", got)
			}
		})
	}
}
