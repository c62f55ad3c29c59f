// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulation_test

import (
	"context"
	"math"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/simulator"
	"github.com/tollgate-dev/tollgate/pkg/simulator/direct"
	"github.com/tollgate-dev/tollgate/pkg/simulator/profiles"
)

// auditor asks a formula about each placement of the framework.
type auditor struct {
	simulator.Placer
	formula *direct.Placer // is told everything too
	choices int            // placements with a choice between unequal nodes
	worse   []string       // of them, where another had a lower cost
	untied  []string       // of all, where another of equal cost had a lower tie
}

func (a *auditor) AddNode(n *corev1.Node) error {
	if err := a.formula.AddNode(n); err != nil {
		return err
	}
	return a.Placer.AddNode(n)
}

func (a *auditor) RemoveNode(name string) error {
	if err := a.formula.RemoveNode(name); err != nil {
		return err
	}
	return a.Placer.RemoveNode(name)
}

func (a *auditor) AddPod(p *corev1.Pod) error {
	if err := a.formula.AddPod(p); err != nil {
		return err
	}
	return a.Placer.AddPod(p)
}

func (a *auditor) RemovePod(p *corev1.Pod) error {
	if err := a.formula.RemovePod(p); err != nil {
		return err
	}
	return a.Placer.RemovePod(p)
}

func (a *auditor) Place(ctx context.Context, pod *corev1.Pod) (string, error, error) {
	name, reason, err := a.Placer.Place(ctx, pod)
	lowest, highest := math.Inf(1), math.Inf(-1)
	var chosen direct.Candidate
	for c := range a.formula.Candidates(pod) {
		lowest, highest = min(lowest, c.Cost), max(highest, c.Cost)
		if c.Node.Object.Name == name {
			chosen = c
		}
	}
	if (chosen.Node == nil) != (name == "") || name == "" && !math.IsInf(lowest, 1) {
		a.worse = append(a.worse, pod.Name+" went to "+name+", where the formula sees no room, or the other way round")
		return name, reason, err
	}
	if name == "" {
		return name, reason, err
	}
	if highest > lowest {
		a.choices++
	}
	if chosen.Cost > lowest {
		a.worse = append(a.worse, pod.Name+" went to "+name)
	}
	for c := range a.formula.Candidates(pod) {
		if c.Cost == chosen.Cost && c.Tie < chosen.Tie {
			a.untied = append(a.untied, pod.Name+" went to "+name+", not to "+c.Node.Object.Name)
			break
		}
	}
	return name, reason, err
}

// The framework, with all its plugins, places as the formula says that the
// profile is described by, and so does the bill agree. Both hold for every
// single placement. The bills are not equal: of nodes that are equal to the
// profile the framework takes another than the formula does, and from there on
// the two runs differ.
func TestFrameworkPlacesByTheFormula(t *testing.T) {
	s := newBusySetting(t, plain, 1)
	for policy, tc := range map[string]struct {
		formula direct.Formula
		within  float64 // part of the bill
	}{
		profiles.MostAllocated: {mostAllocated, 0.03},
		profiles.DominantShare: {dominantShare, 0.01},
	} {
		t.Run(policy, func(t *testing.T) {
			var a *auditor
			framework := run(t, s, policy, options{wrap: func(p simulator.Placer, c clock.PassiveClock) simulator.Placer {
				a = &auditor{Placer: p, formula: direct.New(tc.formula, listPrice(s.Pools), c)}
				return a
			}})
			t.Logf("%d of %d placements had a choice; not the best: %d; of equals not the fullest: %d", a.choices, framework.Placements, len(a.worse), len(a.untied))
			if a.choices < framework.Placements/4 {
				t.Error("too few placements had a choice for this to say anything")
			}
			if len(a.worse) > 0 || len(a.untied) > 0 {
				t.Errorf("%d placements are not those of the formula: %v %v", len(a.worse)+len(a.untied), a.worse, a.untied)
			}
			formula := runPlacer(t, s, func(_ context.Context, c clock.PassiveClock) (simulator.Placer, error) {
				return direct.New(tc.formula, listPrice(s.Pools), c), nil
			})
			t.Logf("dollars: framework %.2f, formula %.2f", framework.Dollars, formula.Dollars)
			if math.Abs(framework.Dollars/formula.Dollars-1) > tc.within {
				t.Errorf("dollars: framework %v, formula %v; want them within %v", framework.Dollars, formula.Dollars, tc.within)
			}
		})
	}
}
